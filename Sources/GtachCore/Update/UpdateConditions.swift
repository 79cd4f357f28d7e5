import GtachModel

/// What an update needs to know of the machine that it runs on.
public struct InstallMachine: Hashable, Sendable {
  /// The machine's platform.
  public var platform: Platform
  /// The board's own name of itself; nil where it has none.
  public var model: String?
  /// Whether a self-test on simulated GPIO lines may commit an update.
  public var allowMock: Bool
  /// The part of the configuration that decides about self-tests, in any words: where it changes, a release that
  /// failed under another may be tried again.
  public var circumstances: String
  /// How many releases of a package stay beside the active one.
  public var keepInstalled: Int
  /// Its own values of the variables in configuration templates; nil for none.
  public var variables: TemplateVariables<PackageName>?
  /// Whether the services of releases are installed, and where.
  public var services: ServiceSupport

  /// A machine from its fields.
  public init(
    platform: Platform, model: String?, allowMock: Bool, circumstances: String = "", keepInstalled: Int = 1,
    variables: TemplateVariables<PackageName>? = nil, services: ServiceSupport = .off
  ) {
    self.variables = variables
    self.platform = platform
    self.model = model
    self.allowMock = allowMock
    self.keepInstalled = keepInstalled
    self.services = services
    self.circumstances = (allowMock ? "mock allowed;" : "") + circumstances
  }
}

/// What must hold before anything of a release is written.
enum UpdateConditions {
  /// The bytes that stay free beside the release: room for the journal, and for what the packages write.
  static let reserveBytes: Int64 = 8 << 20

  /// What does not hold; empty where the update may begin.
  ///
  /// - Parameter freeBytes: The free space of the file system.
  static func violations(
    of members: [UpdateJournal.Member], state: InstallState, machine: InstallMachine, freeBytes: Int64
  ) -> [ErrorReport] {
    var errors: [GtachError] = []
    for member in members { errors += violations(of: member, machine: machine) }
    errors += dependencies(members.map(\.release), state, on: machine.platform)
    errors += services(members.map(\.release), state, machine)
    let staged = members.filter { !$0.wasKept }.map(\.release)
    let needed = staged.reduce(Int64(0)) { sum, release in
      let (next, overflow) = sum.addingReportingOverflow(Int64(clamping: release.manifest.archive.size))
      return overflow ? .max : next
    }
    if !staged.isEmpty, freeBytes < reserveBytes || freeBytes - reserveBytes < needed {
      errors.append(
        GtachError(
          .diskFull, "there is no room for \(staged.map(\.id.description).joined(separator: ", "))",
          reason: "\(needed) bytes are needed and \(reserveBytes) more; \(freeBytes) are free",
          advice: "free some space and try again"))
    }
    return errors.map(ErrorReport.init)
  }

  private static func violations(of member: UpdateJournal.Member, machine: InstallMachine) -> [GtachError] {
    let (release, package) = (member.release, member.before)
    let description = release.manifest.description
    var errors = paths(description)
    if let refusal = package.refuses(
      description.version, digest: release.digest, circumstances: machine.circumstances), !member.byOperator
    {
      errors.append(
        GtachError(
          .releaseRefused, "\(release.id) failed on this machine before",
          reason: refusal.errors.first.map { [$0.message, $0.reason].compactMap { $0 }.joined(separator: ": ") },
          advice: "to try it again: gtach install \(release.id.name)@\(release.id.version)"))
    }
    if package.held, !member.byOperator, let active = package.active {
      errors.append(
        GtachError(
          .releaseRefused, "\(active.id.name) is held at \(active.id.version) by a rollback by hand",
          advice: "to end the hold: gtach install \(active.id.name)"))
    }
    errors += platform(release.manifest, machine)
    errors += collisions(release.id, package)
    return errors
  }

  private static func platform(_ manifest: Manifest, _ machine: InstallMachine) -> [GtachError] {
    guard manifest.platform.suitability(for: machine.platform) != nil else {
      return [
        GtachError(
          .platformUnsupported, "\(manifest.variant) does not run on this machine",
          reason: "this machine is \(machine.platform)")
      ]
    }
    let platforms = manifest.description.platforms ?? []
    guard !platforms.isEmpty, !platforms.contains(where: { $0.accepts(machine.platform, model: machine.model) })
    else { return [] }
    let wanted = platforms.map(summary).joined(separator: ", or ")
    return [
      GtachError(
        .platformUnsupported, "\(manifest.variant.release) is not meant for this machine",
        reason: "it wants \(wanted); this is \(machine.platform), \(machine.model.map { "\"\($0)\"" } ?? "no model")")
    ]
  }

  // A machine that is wanted, for people: `linux arm64 "Raspberry Pi Zero 2*"`.
  private static func summary(_ wanted: PackageDescription.Requirement) -> String {
    let words = [wanted.os, wanted.arch, wanted.model.map { "\"\($0)\"" }].compactMap { $0 }
    return words.isEmpty ? "any machine" : words.joined(separator: " ")
  }

  // Both ways: what the releases need, and what those that are installed need of them and have. What is broken already,
  // after a rollback by hand perhaps, is broken with or without them.
  private static func dependencies(
    _ releases: [InstallState.Release], _ state: InstallState, on machine: Platform
  ) -> [GtachError] {
    var active = state.active
    for release in releases { active[release.id.name] = release }
    var errors: [GtachError] = []
    for release in releases {
      for (name, range) in release.needs(on: machine).sorted(by: { $0.key < $1.key }) {
        let installed = active[name]?.id.version
        if let installed, range.contains(installed) { continue }
        errors.append(
          GtachError(
            .dependencyMissing, "\(release.id) needs \(name)@\(range)",
            reason: installed.map { "\(name) \($0) is installed" } ?? "\(name) is not installed",
            advice: "install it first: gtach install \(name)@\(range)"))
      }
    }
    let changing = Set(releases.map(\.id.name))
    for release in releases {
      guard let before = state.active[release.id.name]?.id.version else { continue }
      for (name, dependent) in active.sorted(by: { $0.key < $1.key }) where !changing.contains(name) {
        guard let range = dependent.needs(on: machine)[release.id.name], range.contains(before),
          !range.contains(release.id.version)
        else { continue }
        errors.append(
          GtachError(
            .dependencyMissing, "\(dependent.id), which is installed, does not work with \(release.id)",
            reason: "it needs \(release.id.name)@\(range)", advice: "update \(name) first"))
      }
    }
    return errors
  }

  // A version is part of a path, and a file system may not tell `1.0.0-RC` from `1.0.0-rc`.
  private static func collisions(_ id: ReleaseID, _ package: InstallState.Package) -> [GtachError] {
    let text = id.version.description
    if text.utf8.count > InstallLayout.maximumVersionBytes {
      return [
        GtachError(
          .versionInvalid, "the version of \(id.name) is too long to be a directory",
          reason: "it has \(text.utf8.count) bytes, and \(InstallLayout.maximumVersionBytes) are allowed")
      ]
    }
    for kept in package.kept.map(\.id.version) where kept != id.version {
      guard kept.description.lowercased() == text.lowercased() else { continue }
      return [GtachError(.releaseExists, "\(id) differs only in case from \(kept), which is kept here")]
    }
    return []
  }

  // What only the machine knows of a service is looked at when the release is there.
  private static func services(
    _ releases: [InstallState.Release], _ state: InstallState, _ machine: InstallMachine
  ) -> [GtachError] {
    let withService = releases.filter { $0.manifest.description.install?.service != nil }
    guard !withService.isEmpty else { return [] }
    var errors: [GtachError] = []
    switch machine.services {
    case .off: return errors
    case .missing(let reason):
      let names = withService.map(\.id.description).joined(separator: ", ")
      errors.append(
        GtachError(
          .serviceUnavailable, "the service of \(names) cannot be installed", reason: reason,
          advice: "to install it without: --no-service, or \"services\": false in config.json"))
    case .available(let manager, _):
      var active = state.active
      for release in releases { active[release.id.name] = release }
      for release in withService {
        guard let id = release.serviceID(manager) else { continue }
        let others = active.values.filter { $0.id.name != release.id.name }
        for other in others.sorted(by: { $0.id < $1.id })
        where other.service?.id == id || (releases.contains(other) && other.serviceID(manager) == id) {
          errors.append(
            GtachError(.serviceForeign, "\(id.name) of \(release.id) is the name of the service of \(other.id) as well")
          )
        }
      }
    }
    return errors
  }

  // Hooks are programs of the release: a path that leads out of it is not.
  private static func paths(_ description: PackageDescription) -> [GtachError] {
    let hooks = [description.install?.preInstall, description.install?.postInstall].compactMap { $0 }
    let flaw = description.install?.flawInPaths.map { reason in
      GtachError(.descriptionInvalid, "the description of \(description.name) has a wrong path", reason: reason)
    }
    return (flaw.map { [$0] } ?? [])
      + hooks.filter { !isInside($0) }.map { hook in
        GtachError(
          .descriptionInvalid, "the hook \"\(hook)\" of \(description.name) is not a path inside the release",
          advice: "write it relative to the root of the package, without \"..\"")
      }
  }

  private static func isInside(_ path: String) -> Bool {
    !path.isEmpty && !path.utf8.contains(0)
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty && $0 != ".." }
  }
}
