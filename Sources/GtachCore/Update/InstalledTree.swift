import GtachModel

/// A release as it has to be where it is installed: what its archive has, without permission to write, and gtach's
/// links in the places of what is preserved and of what its templates became.
public struct InstalledTree: Sendable {
  private let release: InstallState.Release
  private let layout: InstallLayout
  private var expected: [String: TreeEntry]

  /// The tree of a release.
  ///
  /// - Parameter archive: What its archive has, by path.
  public init(_ release: InstallState.Release, archive: [String: TreeEntry], layout: InstallLayout) {
    self.release = release
    self.layout = layout
    expected = archive.mapValues { entry in
      switch entry {
      case .directory(let permissions): .directory(permissions: permissions.map { $0 & 0o555 })
      case .file(let digest, let permissions): .file(digest, permissions: permissions & 0o555)
      case .link, .other: entry
      }
    }
    for path in PreservedData(release, layout: layout).paths {
      expected = expected.filter { !$0.key.hasPrefix(path.text + "/") }
      expected[path.text] = .link(to: layout.dataLink(release.id.name, path.names))
    }
    for path in (release.configuration ?? [:]).filter({ $0.value.isObsolete != true }).keys {
      let names = path.split(separator: "/").map(String.init)
      expected[path] = .link(to: layout.configurationLink(release.id, names))
    }
    // Not every directory has to be named in an archive.
    for path in expected.keys {
      var names = path.split(separator: "/").dropLast()
      while !names.isEmpty {
        let parent = names.joined(separator: "/")
        if expected[parent] == nil { expected[parent] = .directory(permissions: nil) }
        names.removeLast()
      }
    }
  }

  /// How what is installed differs from that, in the order of paths. What is in a directory that is missing or was
  /// added is not told of again.
  ///
  /// - Parameter found: What is there, by path.
  public func findings(in found: [String: TreeEntry]) -> [InstalledReport.Finding] {
    var findings: [InstalledReport.Finding] = []
    var told: Set<String> = []
    for path in Set(expected.keys).union(found.keys).sorted() {
      let parent = path.split(separator: "/").dropLast().joined(separator: "/")
      if told.contains(parent) {
        told.insert(path)
        continue
      }
      guard let problem = Self.problem(expected[path], found[path]) else { continue }
      if [.missing, .added, .replaced].contains(problem) { told.insert(path) }
      findings.append(.init(release: release.id.description, path: path, problem: problem))
    }
    return findings
  }

  private static func problem(_ expected: TreeEntry?, _ found: TreeEntry?) -> InstalledReport.Finding.Problem? {
    switch (expected, found) {
    case (nil, nil): return nil
    case (nil, _): return .added
    case (_, nil): return .missing
    case (.file(let digest, let permissions), .file(let foundDigest, let foundPermissions)):
      return digest != foundDigest ? .changed : permissions != foundPermissions ? .mode : nil
    case (.directory(let permissions), .directory(let foundPermissions)):
      return permissions == nil || permissions == foundPermissions ? nil : .mode
    case (.link(let target), .link(let foundTarget)): return target == foundTarget ? nil : .changed
    default: return .replaced
    }
  }

  /// Where the files of a release's configuration are.
  public static func configurationPlaces(
    of release: InstallState.Release, layout: InstallLayout
  ) -> [String: InspectedPlace] {
    (release.configuration ?? [:]).keys.reduce(into: [:]) { places, path in
      places[path] = InspectedPlace(
        root: layout.configuration(release.id), names: path.split(separator: "/").map(String.init),
        maximumBytes: ConfigurationTemplate.maximumRenderedBytes)
    }
  }

  /// The files of a release's configuration that are an operator's, in the order of paths.
  ///
  /// - Parameter seen: What is at `configurationPlaces`.
  public static func configured(
    _ release: InstallState.Release, layout: InstallLayout, seen: [InspectedPlace: PlaceContent],
    hashing: any Hashing
  ) -> [InstalledReport.Configured] {
    let prefix = InstallLayout(root: "").configuration(release.id).dropFirst()
    return configurationPlaces(of: release, layout: layout).sorted { $0.key < $1.key }.compactMap { path, place in
      let state: InstalledReport.Finding.Problem
      switch seen[place] ?? .nothing {
      case .file(let bytes, _):
        if hashing.digest(of: bytes) == release.configuration?[path]?.digest { return nil }
        state = .changed
      case .nothing: state = .missing
      case .directory, .link, .other, .unreachable: state = .replaced
      }
      return .init(release: release.id.description, path: "\(prefix)/\(path)", state: state)
    }
  }
}
