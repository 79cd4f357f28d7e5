import GtachModel

/// What an update wants of the manager of services, one thing after the other.
public enum ServiceOrder: Hashable, Sendable {
  /// Stop it, and come back when nothing of it runs.
  case stop(ServiceID)
  /// Have the unit files read again.
  case reload(ServiceManager)
  /// Start it, whatever it has gone through, and come back when it says that it runs.
  case start(ServiceID, timeoutSeconds: Int)
  /// Look that it is active for so long, and was not started again since it was.
  case watch(ServiceID, stableSeconds: Int)

  /// The service that it is about.
  var service: ServiceID? {
    switch self {
    case .stop(let id), .start(let id, _), .watch(let id, _): id
    case .reload: nil
    }
  }

  /// The service that is to run.
  var started: ServiceID? {
    switch self {
    case .start(let id, _), .watch(let id, _): id
    case .stop, .reload: nil
    }
  }
}

extension InstalledService {
  /// How long a service has to run before a release is committed whose author does not say, in seconds.
  public static let defaultStableSeconds = 10
  /// The longest that a service may be told to run before that, in seconds.
  public static let maximumStableSeconds = 3600
}

extension PackageDescription.Installation {
  /// How long the service has to run before the release is committed, in seconds.
  var stability: Int {
    min(max(1, stableSeconds ?? InstalledService.defaultStableSeconds), InstalledService.maximumStableSeconds)
  }

  /// How long a hook, or the start of the service, may take, in seconds.
  var patience: Int {
    min(max(1, timeoutSeconds ?? UpdateHook.defaultTimeoutSeconds), UpdateHook.maximumTimeoutSeconds)
  }
}

extension InstallState.Release {
  /// What has its service run, and what shows that it does; nothing where it has none.
  var serviceOrders: [ServiceOrder] {
    guard let id = service?.id, let install = manifest.description.install else { return [] }
    return [.start(id, timeoutSeconds: install.patience), .watch(id, stableSeconds: install.stability)]
  }
}

extension InstallOperations {
  /// Writes unit files under other names, so that it takes no time when they are needed. Their directory may be new,
  /// and so may be those above it.
  func draft(_ services: [InstalledService]) -> [FileOperation] {
    let drafts = services.flatMap { service -> [FileOperation] in
      [
        .makeDirectory(service.directory),
        .write(path: service.draft, bytes: Array(service.text.utf8), permissions: 0o644),
      ]
    }
    return drafts + Set(services.map(\.directory)).sorted().map { .syncFileSystem(of: $0) }
  }

  /// Has the machine know some services instead of others: their unit files, which were drafted, and the links that
  /// start them with it. What both have in common is replaced.
  func exchange(_ old: [InstalledService], for new: [InstalledService]) -> [FileOperation] {
    let (oldLinks, newLinks) = (links(old), links(new))
    var operations: [FileOperation] = []
    for service in old where !new.contains(where: { $0.path == service.path }) {
      operations += [.remove(service.path), .remove(service.draft)]
    }
    for service in new { operations.append(.rename(from: service.draft, to: service.path)) }
    let directories = Set(oldLinks.keys).union(newLinks.keys).sorted()
    for directory in directories {
      // Where the first installation of all is undone, it may not be there yet.
      operations.append(.makeDirectory(directory))
      let gone = Set((oldLinks[directory] ?? []).map(\.path)).subtracting((newLinks[directory] ?? []).map(\.path))
      operations += gone.sorted().map { .remove($0) }
      for link in newLinks[directory] ?? [] {
        operations += [.remove(link.path), .makeSymbolicLink(at: link.path, to: "../\(link.unit)")]
      }
      operations.append(.syncDirectory(directory))
    }
    return operations + Set((old + new).map(\.directory)).sorted().map { .syncDirectory($0) }
  }

  /// The links of services, by the directories that they are in.
  private func links(_ services: [InstalledService]) -> [String: [(path: String, unit: String)]] {
    var links: [String: [(path: String, unit: String)]] = [:]
    for service in services {
      for link in service.links {
        let directory = link.split(separator: "/").dropLast().reduce(service.directory) { "\($0)/\($1)" }
        links[directory, default: []].append(("\(service.directory)/\(link)", service.id.name))
      }
    }
    return links
  }
}
