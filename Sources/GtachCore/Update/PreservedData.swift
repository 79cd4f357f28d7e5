import GtachModel

/// What of a release outlives its updates (`install.preserve`): it lies in the package's own directory, and the release
/// has a link to it. The first release that has such a path brings what is there at first; none ever replaces it.
struct PreservedData {
  /// A path that is preserved.
  struct Path {
    /// The names that lead to it from the release's root.
    let names: [String]
    /// Whether it was written as a directory's.
    let isDirectory: Bool

    var text: String { names.joined(separator: "/") }
  }

  let release: ReleaseID
  /// In the order of their names; none below another one.
  let paths: [Path]
  private let layout: InstallLayout

  /// What a release preserves. Paths that lead out of it were refused before (`UpdateConditions`).
  init(_ release: InstallState.Release, layout: InstallLayout) {
    self.release = release.id
    self.layout = layout
    var paths: [Path] = []
    for text in (release.manifest.description.install?.preserve ?? []).sorted() {
      let isDirectory = text.hasSuffix("/")
      guard let names = ReleasePath.components(of: isDirectory ? text.dropLast() : text[...]), !names.isEmpty else {
        continue
      }
      paths.append(Path(names: names, isDirectory: isDirectory))
    }
    paths.sort { $0.names.lexicographicallyPrecedes($1.names) }
    // What is below another one is preserved with that.
    self.paths = paths.reduce(into: []) { kept, path in
      if kept.last.map({ path.names.starts(with: $0.names) }) != true { kept.append(path) }
    }
  }

  private func staged(_ path: Path) -> InspectedPlace { InspectedPlace(root: layout.stagingTree, names: path.names) }
  private func data(_ path: Path) -> InspectedPlace {
    InspectedPlace(root: layout.data(of: release.name), names: path.names)
  }

  /// What has to be looked at before anything is decided.
  var places: [InspectedPlace] { paths.flatMap { [staged($0), data($0)] } }

  /// What gives the staged release its links, and the package what it has not yet.
  struct Plan {
    /// The paths that are new in the package's directory.
    var seeded: [String] = []
    var operations: [FileOperation] = []
  }

  /// Decides, from what was seen at `places`.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid` where a link is in the way, or where the package's data are of another
  ///   kind than the release wants.
  func plan(_ seen: [InspectedPlace: PlaceContent]) throws(GtachError) -> Plan {
    var plan = Plan()
    for path in paths {
      let (staged, data) = (staged(path), data(path))
      let brought = seen[staged] ?? .nothing
      try check(brought, of: path)
      switch seen[data] ?? .nothing {
      case .nothing where brought == .nothing:
        // The application will make the file, and needs the directory.
        plan.operations.append(.makeDirectory(path.isDirectory ? data.path : data.parent))
        if path.isDirectory { plan.seeded.append(path.text) }
      case .nothing:
        plan.operations += [
          .makeDirectory(data.parent), .rename(from: staged.path, to: data.path), .syncDirectory(data.parent),
        ]
        plan.seeded.append(path.text)
      case .unreachable(let obstacle):
        throw fail(
          path, "\(obstacle) is in the way, and no directory",
          advice: "make it one; what is to lie on another disk may be a link itself: \(data.path)")
      case .file where path.isDirectory, .other where path.isDirectory:
        throw fail(path, "\(data.path) is no directory", advice: "move it away, or make a directory of it")
      case .directory, .file, .link, .other:
        if brought != .nothing { plan.operations.append(.remove(staged.path)) }
      }
      plan.operations += [
        .makeDirectory(staged.parent),
        .makeSymbolicLink(at: staged.path, to: layout.dataLink(release.name, path.names)),
      ]
    }
    return plan
  }

  private func check(_ brought: PlaceContent, of path: Path) throws(GtachError) {
    switch brought {
    case .unreachable(let obstacle):
      throw fail(path, "\(obstacle.dropFirst(layout.stagingTree.count + 1)) of the release is no directory")
    case .link(let target): throw fail(path, "in the release it is a link to \(target)")
    case .file where path.isDirectory: throw fail(path, "in the release it is no directory")
    case .nothing, .directory, .file, .other: return
    }
  }

  private func fail(_ path: Path, _ reason: String, advice: String? = nil) -> GtachError {
    GtachError(
      .descriptionInvalid, "\(release) cannot preserve \"\(path.text)\"", reason: reason,
      advice: advice ?? "install a release whose \"install.preserve\" names files and directories of its own")
  }
}

extension InstallOperations {
  /// Removes what a release brought that was never active and of which nothing ran; but not where the release that is
  /// active has its data, too.
  func removeSeeds(of member: UpdateJournal.Member) -> [FileOperation] {
    let inUse: [[String]] = (member.before.active?.manifest.description.install?.preserve ?? []).map { path in
      path.split(separator: "/").map(String.init).filter { $0 != "." }
    }
    return (member.seeded ?? []).filter { seed in
      let names = seed.split(separator: "/").map(String.init)
      return !inUse.contains { names.starts(with: $0) || $0.starts(with: names) }
    }.flatMap { path -> [FileOperation] in
      let place = InspectedPlace(
        root: layout.data(of: member.name), names: path.split(separator: "/").map(String.init))
      // The directory itself may have been lost with the power.
      return [.makeDirectory(place.parent), .remove(place.path), .syncDirectory(place.parent)]
    }
  }
}
