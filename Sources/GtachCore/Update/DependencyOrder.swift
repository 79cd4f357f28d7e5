import GtachModel

extension InstallState.Release {
  /// The packages that it needs on a machine.
  func needs(on machine: Platform) -> [PackageName: VersionRange] {
    manifest.description.dependencies?.on(machine) ?? [:]
  }
}

/// The order in which releases of different packages begin to work.
enum DependencyOrder {
  /// Each release after those of the others that it needs, and otherwise as they come. In a circle somebody has to be
  /// first.
  static func sorted(_ releases: [InstallState.Release], on machine: Platform) -> [InstallState.Release] {
    var left = releases
    var sorted: [InstallState.Release] = []
    while !left.isEmpty {
      let names = Set(left.map(\.id.name))
      let free = left.firstIndex { release in
        release.needs(on: machine).keys.allSatisfy { $0 == release.id.name || !names.contains($0) }
      }
      sorted.append(left.remove(at: free ?? left.startIndex))
    }
    return sorted
  }

  /// Which of some releases need one of these packages, or one that does, and so on: as far as what they need fits.
  static func dependents(
    of changing: [PackageName: InstallState.Release], among releases: [InstallState.Release], on machine: Platform
  ) -> [InstallState.Release] {
    var present: [PackageName: InstallState.Release] = [:]
    for release in releases { present[release.id.name] = release }
    present.merge(changing) { $1 }
    var reached = Set(changing.keys)
    var found: [InstallState.Release] = []
    var left = releases.filter { changing[$0.id.name] == nil }
    while let next = left.firstIndex(where: { release in
      release.needs(on: machine).contains { name, range in
        reached.contains(name) && present[name].map { range.contains($0.id.version) } == true
      }
    }) {
      let release = left.remove(at: next)
      reached.insert(release.id.name)
      found.append(release)
    }
    return sorted(found, on: machine)
  }
}
