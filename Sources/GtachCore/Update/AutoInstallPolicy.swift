import GtachModel

/// What a machine installs by itself.
public enum AutoInstallPolicy {
  /// The variants to install now, in this order: of each package that the configuration names, the newest release that
  /// is here complete and may be installed.
  ///
  /// Never a downgrade, nor a release that failed here, nor anything of a package that is held, nor a release that
  /// this machine does not fit or whose dependencies neither what is installed nor what comes before it satisfies.
  ///
  /// - Parameters:
  ///   - complete: The variants that signed metadata lists and that are in the repository, complete.
  ///   - state: What is installed.
  ///   - autoInstall: The packages that the machine installs by itself, and which versions of them.
  ///   - machine: The machine.
  public static func next(
    complete: [ListedVariant], state: InstallState, autoInstall: [PackageName: VersionRange], machine: InstallMachine
  ) -> [VariantID] {
    let candidates = Dictionary(
      grouping: complete.filter { isCandidate($0, state, autoInstall, machine) }, by: \.variant.release.name
    ).mapValues { $0.sorted { isBetter($0, $1, machine) } }
    var versions = state.active.mapValues(\.id.version)
    var needs = state.active.mapValues { $0.manifest.description.dependencies ?? [:] }
    var remaining = candidates.keys.sorted()
    var chosen: [VariantID] = []
    // A round chooses what is possible now; what it chose may make more possible in the next.
    while true {
      let possible = remaining.compactMap { name -> (rank: Int, listed: ListedVariant)? in
        guard let listed = candidates[name],
          let rank = listed.firstIndex(where: { isSatisfied($0, versions, needs) })
        else { return nil }
        return (rank, listed[rank])
      }
      // One that gets its newest release goes before one that would have to settle for less, which may then get its.
      let found = possible.min { $0.rank < $1.rank }
      guard let found else { return chosen }
      let release = found.listed.variant.release
      chosen.append(found.listed.variant)
      versions[release.name] = release.version
      needs[release.name] = found.listed.dependencies
      remaining.removeAll { $0 == release.name }
    }
  }

  private static func isCandidate(
    _ listed: ListedVariant, _ state: InstallState, _ autoInstall: [PackageName: VersionRange],
    _ machine: InstallMachine
  ) -> Bool {
    let release = listed.variant.release
    guard let range = autoInstall[release.name], range.contains(release.version),
      listed.fits(machine.platform, model: machine.model)
    else { return false }
    guard let package = state.packages[release.name] else { return true }
    if package.held { return false }
    if let active = package.active, release.version <= active.id.version { return false }
    return package.refuses(
      release.version, digest: listed.manifest.digest, circumstances: machine.circumstances) == nil
  }

  // The newest version first, and of that the variant made for this machine.
  private static func isBetter(_ left: ListedVariant, _ right: ListedVariant, _ machine: InstallMachine) -> Bool {
    let (left, right) = (left.variant, right.variant)
    if left.release.version != right.release.version { return left.release.version > right.release.version }
    let suits = (left.platform.suitability(for: machine.platform), right.platform.suitability(for: machine.platform))
    return (suits.0 ?? -1) > (suits.1 ?? -1)
  }

  private static func isSatisfied(
    _ listed: ListedVariant, _ versions: [PackageName: SemanticVersion],
    _ needs: [PackageName: [PackageName: VersionRange]]
  ) -> Bool {
    let release = listed.variant.release
    var versions = versions
    versions[release.name] = release.version
    return listed.dependencies.allSatisfy { name, range in versions[name].map(range.contains) ?? false }
      && needs.allSatisfy { name, ranges in
        name == release.name || ranges[release.name]?.contains(release.version) ?? true
      }
  }
}
