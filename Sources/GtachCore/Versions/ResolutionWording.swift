import GtachModel

/// Says in words what an incompatibility means.
struct ResolutionWording {
  let pool: CandidatePool

  /// Some releases of a package, and whether they are several.
  private struct Releases {
    let text: String
    let isPlural: Bool
    /// What is said instead where something is denied of all of them.
    var denied: String?
    func with(_ singular: String, _ plural: String) -> String { "\(text) \(isPlural ? plural : singular)" }
    var needs: String { with("needs", "need") }
  }

  /// A sentence without its full stop.
  func sentence(_ incompatibility: Incompatibility) -> String {
    switch incompatibility.cause {
    case .requirement(let requirement): asked(requirement)
    case .installed(let name):
      "\(name) \(pool.problem.installed[name].map { "\($0.version) " } ?? "")is installed"
    case .dependency(let package, let other, let range): needed(incompatibility, package, other, range)
    case .exclusion(let exclusion): excluded(incompatibility, exclusion)
    case .conflict: derived(incompatibility)
    }
  }

  // MARK: - What is given

  private func asked(_ requirement: Requirement) -> String {
    let package = pool.knownNumber(of: requirement.name)
    let meeting = package.map { package in
      pool.values(of: package, for: requirement).elements.map { pool.packages[package][$0].version }
    }
    if pool.problem.isNarrowed, let version = meeting?.first, meeting?.count == 1 {
      return "the newest \(requirement.name) that is asked for is \(version)"
    }
    let isMet = meeting?.isEmpty == false
    let by = pool.problem.isByHand ? "\(requirement) is asked for" : "the configuration asks for \(requirement)"
    return isMet ? by : by + ", and \(nothing(package, requirement.name))"
  }

  private func needed(
    _ incompatibility: Incompatibility, _ package: Int, _ other: Int, _ range: VersionRange
  ) -> String {
    guard let term = incompatibility.terms.first(where: { $0.package == package }),
      let name = pool.packages[other].name
    else { return derived(incompatibility) }
    let releases = releases(package, term.values)
    if package == other { return releases.needs + " \(name)@\(range), which it is not itself" }
    let isMet = !pool.values(of: other, in: range).isEmpty
    return releases.needs + " \(name)@\(range)" + (isMet ? "" : ", and \(nothing(other, name))")
  }

  /// That there is no release that would do, and what there is instead.
  private func nothing(_ package: Int?, _ name: PackageName) -> String {
    let versions = package.map { pool.packages[$0].candidates.map(\.version) } ?? []
    guard let first = versions.first, let last = versions.last else { return "no release of \(name) is listed" }
    return "no release meets that (there \(first == last ? "is \(first)" : "are \(first) to \(last)"))"
  }

  /// Why nothing of a range is in a plan, which has another version or none of the package.
  func lack(of name: PackageName, in range: VersionRange, present: SemanticVersion?) -> String {
    guard let package = pool.knownNumber(of: name) else { return "which is not in the plan" }
    let wanted = pool.values(of: package, in: range).elements.map { pool.packages[package][$0] }
    guard let newest = wanted.last else { return "and \(nothing(package, name))" }
    if let exclusion = newest.exclusion, wanted.allSatisfy({ $0.exclusion != nil }) {
      return "and \(reason(exclusion, of: "\(name) \(newest.version)", isPlural: false, name: name))"
    }
    return present.map { "and not \($0)" } ?? "which does not go with the rest"
  }

  private func excluded(_ incompatibility: Incompatibility, _ exclusion: Incompatibility.Exclusion) -> String {
    guard let term = incompatibility.terms.first, let name = pool.packages[term.package].name else {
      return derived(incompatibility)
    }
    let releases = releases(term.package, term.values)
    return reason(exclusion, of: releases.text, isPlural: releases.isPlural, name: name)
  }

  /// Why one version of a package is not allowed here.
  func reason(_ exclusion: Incompatibility.Exclusion, name: PackageName) -> String {
    reason(exclusion, of: "it", isPlural: false, name: name)
  }

  private func reason(
    _ exclusion: Incompatibility.Exclusion, of releases: String, isPlural: Bool, name: PackageName
  ) -> String {
    let installed = pool.problem.installed[name].map { "\($0.version)" } ?? "what is installed"
    switch exclusion {
    case .platform:
      let machine = ["\(pool.problem.machine)", pool.problem.model].compactMap { $0 }.joined(separator: ", ")
      return "\(releases) \(isPlural ? "do" : "does") not run on this machine (\(machine))"
    case .held: return "\(name) is held at \(installed)"
    case .refused: return "\(releases) failed here before"
    case .change(.downgrade): return "\(releases) would be a downgrade from \(installed)"
    case .change(let change):
      let advice = pool.problem.isByHand ? "must be asked for by name" : "autoUpdate does not allow"
      return "\(releases) would be a \(change.rawValue) change of \(installed), which \(advice)"
    }
  }

  // MARK: - What follows

  private func derived(_ incompatibility: Incompatibility) -> String {
    let terms = incompatibility.terms.filter { $0.package != CandidatePool.root.package }
    let present = terms.filter { !$0.values.contains(0) }.map { releases($0.package, $0.values) }
    let needed = terms.filter { $0.values.contains(0) }.map { releases($0.package, $0.values.complement).text }
      .joined(separator: " or ")
    switch (present.count, needed.isEmpty) {
    case (0, true): return "there is no plan"
    case (0, false): return "only \(needed) would do"
    case (1, true):
      return present[0].denied.map { "\($0) is possible" } ?? present[0].with("is", "are") + " impossible"
    case (1, false): return present[0].needs + " \(needed)"
    case (_, true):
      let others = present.dropFirst().map(\.text).joined(separator: " and ")
      return present[0].denied.map { "\($0) goes with \(others)" }
        ?? present[0].with("does", "do") + " not go with \(others)"
    case (_, false): return present.map(\.text).joined(separator: " together with ") + " need \(needed)"
    }
  }

  /// The most runs of versions that are listed one by one.
  private static let maximumRuns = 3

  private func releases(_ package: Int, _ values: CandidateSet) -> Releases {
    let candidates = pool.packages[package].candidates
    let name = pool.packages[package].name?.text ?? "this"
    let positions = values.elements.filter { $0 > 0 }.map { $0 - 1 }
    guard let first = positions.first, let last = positions.last else {
      return Releases(text: "no release of \(name)", isPlural: false)
    }
    if positions.count == 1 { return Releases(text: "\(name) \(candidates[first].version)", isPlural: false) }
    if positions.count == candidates.count {
      return Releases(text: "every release of \(name)", isPlural: false, denied: "no release of \(name)")
    }
    var runs: [ClosedRange<Int>] = []
    for position in positions {
      if let run = runs.last, run.upperBound + 1 == position {
        runs[runs.count - 1] = run.lowerBound...position
      } else {
        runs.append(position...position)
      }
    }
    guard runs.count <= Self.maximumRuns else {
      return Releases(
        text: "\(positions.count) releases of \(name) from \(candidates[first].version) to \(candidates[last].version)",
        isPlural: true)
    }
    let texts = runs.map { run -> String in
      let (low, high) = (candidates[run.lowerBound].version, candidates[run.upperBound].version)
      if run.count == 1 { return "\(low)" }
      if run.upperBound == candidates.count - 1 { return "\(low) and newer" }
      return run.lowerBound == 0 ? "\(high) and older" : "\(low) to \(high)"
    }
    return Releases(text: "\(name) " + texts.joined(separator: ", "), isPlural: true)
  }
}
