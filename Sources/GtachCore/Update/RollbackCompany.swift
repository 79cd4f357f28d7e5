import GtachModel

/// What goes back with a package that an operator wants back, because it does not work without, or they do not without
/// it: what was updated as a set goes back as one.
struct RollbackCompany {
  /// That a release which is active does not find what it needs.
  private struct Break: Hashable {
    let dependent: ReleaseID
    let needed: PackageName
  }

  private let state: InstallState
  private let machine: Platform
  /// What is broken already is no reason to refuse anything.
  private let before: Set<Break>

  /// How many choices are tried. There are as many kept releases as `keepInstalled` says, of the few packages that
  /// depend on each other.
  private static let maximumChoices = 10_000

  init(_ state: InstallState, on machine: Platform) {
    self.state = state
    self.machine = machine
    before = Set(Self.breaks(state.active, machine))
  }

  /// The releases that are to be active: the one that is asked for, and others that are kept here, each after those
  /// that it needs. As few as a search finds that prefers the newest of what is kept.
  ///
  /// - Throws: `ErrorCode.dependencyConflict` where what is kept does not go together.
  func releases(with release: InstallState.Release) throws(GtachError) -> [InstallState.Release] {
    var choices = Self.maximumChoices
    guard let chosen = search([release.id.name: release], &choices) else { throw conflict(release) }
    return DependencyOrder.sorted(chosen.sorted { $0.key < $1.key }.map(\.value), on: machine)
  }

  private static func breaks(_ active: [PackageName: InstallState.Release], _ machine: Platform) -> [Break] {
    active.values.sorted { $0.id < $1.id }.flatMap { dependent in
      dependent.needs(on: machine).sorted { $0.key < $1.key }.compactMap { needed, range in
        let isThere = active[needed].map { range.contains($0.id.version) } ?? false
        return isThere ? nil : Break(dependent: dependent.id, needed: needed)
      }
    }
  }

  private func newBreaks(_ chosen: [PackageName: InstallState.Release]) -> [Break] {
    Self.breaks(state.active.merging(chosen) { _, next in next }, machine).filter { !before.contains($0) }
  }

  private func search(
    _ chosen: [PackageName: InstallState.Release], _ choices: inout Int
  ) -> [PackageName: InstallState.Release]? {
    guard let first = newBreaks(chosen).first else { return chosen }
    for name in [first.needed, first.dependent.name] where chosen[name] == nil {
      let package = state.packages[name]
      for candidate in package?.kept ?? [] where candidate.id != package?.active?.id {
        choices -= 1
        guard choices > 0 else { return nil }
        var next = chosen
        next[name] = candidate
        if newBreaks(next).contains(first) { continue }
        if let found = search(next, &choices) { return found }
      }
    }
    return nil
  }

  private func conflict(_ release: InstallState.Release) -> GtachError {
    let active = state.active.merging([release.id.name: release]) { _, next in next }
    let reasons = newBreaks([release.id.name: release]).map { broken in
      let range = active[broken.dependent.name].flatMap { $0.needs(on: machine)[broken.needed] }
      let there = active[broken.needed].map { "\($0.id) would be active" } ?? "\(broken.needed) is not installed"
      let kept = state.packages[broken.needed]?.kept.map(\.id.version.description).joined(separator: ", ") ?? "none"
      return
        "\(broken.dependent) needs \(broken.needed)@\(range?.description ?? "*"), and \(there); kept of it: \(kept)"
    }
    return GtachError(
      .dependencyConflict, "\(release.id.name) cannot go back to \(release.id.version)",
      reason: reasons.joined(separator: "; "),
      advice: "to have all fetched that goes with it: gtach install \(release.id)")
  }
}
