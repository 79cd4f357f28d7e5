import GtachModel

/// What a machine installs by itself: which packages, which versions of them, and which changes to what is installed.
public struct AutoInstallPolicy: Sendable {
  private let ranges: [PackageName: VersionRange]
  private let changes: UpdatePolicy
  private let machine: InstallMachine

  /// The policy that a configuration asks for.
  public init(_ configuration: NodeConfiguration, machine: InstallMachine) {
    ranges = configuration.autoInstall ?? [:]
    changes = configuration.autoUpdate ?? .automatic
    self.machine = machine
  }

  /// The variants to install now, in this order: of each package that the configuration names, the newest release that
  /// is here complete and may be installed.
  ///
  /// Never a change that the configuration does not allow, nor a release that failed here, nor anything of a package
  /// that is held, nor a release that this machine does not fit or whose dependencies neither what is installed nor what
  /// comes before it satisfies.
  ///
  /// - Parameters:
  ///   - complete: The variants that signed metadata lists and that are in the repository, complete.
  ///   - state: What is installed.
  public func next(complete: [ListedVariant], state: InstallState) -> [VariantID] {
    let candidates = Dictionary(
      grouping: complete.filter { isEligible($0, state) && isAllowed($0, state) }, by: \.variant.release.name
    ).mapValues { $0.sorted(by: isBetter) }
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

  /// What to fetch for this: of each package the newest listed release that may be installed by itself. Where there is
  /// none, what the range accepts, so that what is allowed by hand only is here when somebody wants it.
  public func fetches(listed: some Sequence<ListedVariant>, state: InstallState) -> [PackageName: VersionRange] {
    var newest: [PackageName: SemanticVersion] = [:]
    for listed in listed where isEligible(listed, state) && isAllowed(listed, state) {
      let release = listed.variant.release
      newest[release.name] = max(newest[release.name] ?? release.version, release.version)
    }
    return ranges.merging(newest.mapValues(VersionRange.exactly)) { $1 }
  }

  /// What is installed, for people, with the newest listed release of each package that only the kind of change keeps
  /// from being installed by itself.
  public func report(of state: InstallState, listed: some Sequence<ListedVariant>) -> [StatusReport.Installed] {
    var newest: [PackageName: ListedVariant] = [:]
    for listed in listed where isEligible(listed, state) {
      let release = listed.variant.release
      if let known = newest[release.name], known.variant.release.version >= release.version { continue }
      newest[release.name] = listed
    }
    return state.installed.map { installed in
      guard let newest = newest[installed.name], !isAllowed(newest, state) else { return installed }
      let version = newest.variant.release.version
      let change = VersionManager.compatibility(from: installed.version, to: version)
      // A release that is no newer is nothing to tell of.
      guard change != .same, change != .downgrade else { return installed }
      var installed = installed
      installed.withheld = StatusReport.Withheld(version: version, change: change)
      return installed
    }
  }

  // Whether nothing but what is installed now could speak against a release.
  private func isEligible(_ listed: ListedVariant, _ state: InstallState) -> Bool {
    let release = listed.variant.release
    guard let range = ranges[release.name], range.contains(release.version),
      listed.fits(machine.platform, model: machine.model)
    else { return false }
    guard let package = state.packages[release.name] else { return true }
    return !package.held
      && package.refuses(release.version, digest: listed.manifest.digest, circumstances: machine.circumstances) == nil
  }

  // The first installation is no change. A step back needs a reason beside the permission to make it: the active version
  // is outside of the range. So it leads into the range, from where every other step leads up: nothing goes to and fro.
  private func isAllowed(_ listed: ListedVariant, _ state: InstallState) -> Bool {
    let release = listed.variant.release
    guard let active = state.packages[release.name]?.active?.id.version else { return true }
    let change = VersionManager.compatibility(from: active, to: release.version)
    switch change {
    case .same: return false
    case .patch, .minor, .breaking: return changes.permits(change)
    case .downgrade: return changes.permits(change) && ranges[release.name]?.contains(active) == false
    }
  }

  // The newest version first, and of that the variant made for this machine.
  private func isBetter(_ left: ListedVariant, _ right: ListedVariant) -> Bool {
    let (left, right) = (left.variant, right.variant)
    if left.release.version != right.release.version { return left.release.version > right.release.version }
    let suits = (left.platform.suitability(for: machine.platform), right.platform.suitability(for: machine.platform))
    return (suits.0 ?? -1) > (suits.1 ?? -1)
  }

  private func isSatisfied(
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
