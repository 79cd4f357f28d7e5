import GtachModel

/// Which of the variants that signed metadata lists a node fetches.
///
/// A publisher keeps everything. Any other node wants, of what fits its machine, the newest releases of each name,
/// what it installs by itself, what it was asked for, and what those depend on. What was removed here does not come
/// back.
public enum WantPolicy {
  /// The variants to fetch, the most urgent first: what was asked for or is installed by itself with what it depends
  /// on, then the newest of each name, then the older ones.
  ///
  /// - Parameters:
  ///   - held: What is here, complete.
  ///   - model: The board's own name of itself.
  ///   - keepReleases: How many of the newest releases of each name are wanted.
  ///   - planned: What a plan needs of what is installed by itself or was asked for.
  ///   - requirements: What it was asked for.
  ///   - choices: What was removed here, and what is kept however old it is.
  public static func wanted(
    listed: [ListedVariant], held: Set<VariantID>, machine: Platform, model: String? = nil, isPublisher: Bool,
    keepReleases: Int, planned: [VariantID] = [], requirements: [Requirement] = [],
    choices: ReleaseChoices = ReleaseChoices()
  ) -> [VariantID] {
    let available = listed.filter { !choices.removed.contains($0.variant.release) }
    let fitting = fittingReleases(available, machine: machine, model: model)
    var wanted: [VariantID] = []
    var seen: Set<VariantID> = []
    func want(_ variant: VariantID) -> Bool {
      guard seen.insert(variant).inserted else { return false }
      wanted.append(variant)
      return true
    }
    /// Wants the newest that a range accepts, and what it depends on. Cycles end, as nothing is wanted twice.
    func wantNewest(_ roots: [Requirement]) {
      var pending = roots
      while !pending.isEmpty {
        let requirement = pending.removeFirst()
        let range = requirement.range ?? .any
        guard let choice = fitting[requirement.name]?.first(where: { range.contains($0.variant.release.version) })
        else { continue }
        if want(choice.variant) { pending += dependencies(of: choice, on: machine) }
      }
    }
    for variant in planned where !choices.removed.contains(variant.release) { _ = want(variant) }
    wantNewest(requirements)
    wantNewest(choices.kept.sorted().map { Requirement(name: $0.name, range: .exactly($0.version)) })
    let names = fitting.keys.sorted()
    for rank in 0..<max(0, keepReleases) {
      for name in names {
        guard let releases = fitting[name], releases.indices.contains(rank) else { continue }
        if want(releases[rank].variant) { wantNewest(dependencies(of: releases[rank], on: machine)) }
      }
    }
    if isPublisher {
      for variant in available.map(\.variant).sorted(by: >) { _ = want(variant) }
    }
    return wanted.filter { !held.contains($0) }
  }

  /// The releases of each name that fit the machine, newest first, each with the variant that suits it best.
  private static func fittingReleases(
    _ listed: [ListedVariant], machine: Platform, model: String?
  ) -> [PackageName: [ListedVariant]] {
    var best: [ReleaseID: ListedVariant] = [:]
    for candidate in listed where candidate.fits(machine, model: model) {
      let release = candidate.variant.release
      if let known = best[release],
        (known.variant.platform.suitability(for: machine) ?? -1)
          >= (candidate.variant.platform.suitability(for: machine) ?? -1)
      {
        continue
      }
      best[release] = candidate
    }
    return Dictionary(grouping: best.values) { $0.variant.release.name }
      .mapValues { $0.sorted { $0.variant > $1.variant } }
  }

  private static func dependencies(of listed: ListedVariant, on machine: Platform) -> [Requirement] {
    listed.dependencies.on(machine).sorted { $0.key < $1.key }.map { Requirement(name: $0.key, range: $0.value) }
  }
}
