import GtachModel

/// Turns a solution into a plan that says of each package what happens to it and why.
struct PlanBuilder {
  private let pool: CandidatePool
  private let wording: ResolutionWording
  private let chosen: [PackageName: CandidatePool.Candidate]
  private let sequence: PlanSequence

  /// A builder for the value that each package was given.
  init(solution: [Int: Int], pool: CandidatePool) {
    self.pool = pool
    wording = ResolutionWording(pool: pool)
    var chosen: [PackageName: CandidatePool.Candidate] = [:]
    for (package, value) in solution where value > 0 {
      guard let name = pool.packages[package].name else { continue }
      chosen[name] = pool.packages[package][value]
    }
    self.chosen = chosen
    sequence = PlanSequence(
      of: chosen.mapValues { PlanSequence.Release(version: $0.version, dependencies: $0.dependencies) },
      beside: pool.problem.installed.mapValues {
        PlanSequence.Release(version: $0.version, dependencies: $0.dependencies)
      })
  }

  func plan(effort: InstallPlan.Effort) -> InstallPlan {
    let removed = pool.problem.installed.keys.filter { chosen[$0] == nil }.sorted()
    return InstallPlan(steps: sequence.order.compactMap(step) + removed.compactMap(removal), effort: effort)
  }

  private func step(_ name: PackageName) -> InstallPlan.Step? {
    guard let candidate = chosen[name] else { return nil }
    let installed = pool.problem.installed[name]
    let isNamed = pool.problem.isNamed(name)
    let action: InstallPlan.Action =
      installed.map { $0.version == candidate.version ? .keep : .update } ?? .install
    return InstallPlan.Step(
      action: action, name: name, version: candidate.version, platform: candidate.variant?.platform,
      installed: installed?.version,
      change: installed.map { VersionManager.compatibility(from: $0.version, to: candidate.version) },
      reasons: reasons(name, candidate, installed),
      newer: isNamed || action != .keep ? newer(name, candidate) : nil,
      obstacle: sequence.obstacles[name], set: sequence.sets[name],
      isDependency: !isNamed && installed?.isDependency ?? true)
  }

  private func removal(_ name: PackageName) -> InstallPlan.Step? {
    guard let installed = pool.problem.installed[name] else { return nil }
    return InstallPlan.Step(
      action: .remove, name: name, version: installed.version, installed: installed.version,
      reasons: ["nothing needs it any more"], isDependency: true)
  }

  // MARK: - Why

  private func reasons(
    _ name: PackageName, _ candidate: CandidatePool.Candidate, _ installed: ResolutionProblem.Installed?
  ) -> [String] {
    let asked = pool.problem.requirements.filter { $0.name == name }.map { requirement in
      let range = requirement.range.map { " as \($0)" } ?? ""
      return pool.problem.isByHand ? "asked for\(range)" : "the configuration asks for it\(range)"
    }
    let needed = dependents(of: name).map { "\($0.name) \($0.version) needs \($0.range)" }
    var reasons = asked + needed
    if let installed, asked.isEmpty {
      if installed.version != candidate.version {
        reasons += obstacles(to: installed.version, needing: installed.dependencies, of: name)
          .filter { !reasons.contains($0) }.map { "\(installed.version) cannot stay: \($0)" }
      } else if needed.isEmpty {
        reasons.append("installed, and nothing asks for another")
      }
    }
    return reasons
  }

  /// Whatever of the plan needs a package, and which versions of it.
  private func dependents(of name: PackageName) -> [(name: PackageName, version: SemanticVersion, range: VersionRange)]
  {
    chosen.sorted { $0.key < $1.key }.compactMap { other, candidate in
      candidate.dependencies[name].map { (other, candidate.version, $0) }
    }
  }

  /// What of the plan a version would not go with.
  private func obstacles(
    to version: SemanticVersion, needing dependencies: [PackageName: VersionRange], of name: PackageName
  ) -> [String] {
    let others = dependents(of: name).filter { $0.name != name && !$0.range.contains(version) }
      .map { "\($0.name) \($0.version) needs \($0.range)" }
    let own = dependencies.sorted { $0.key < $1.key }.compactMap { other, range -> String? in
      if other == name { return range.contains(version) ? nil : "it needs \(name)@\(range), which it is not itself" }
      let present = chosen[other]?.version
      if let present, range.contains(present) { return nil }
      return "it needs \(other)@\(range), \(wording.lack(of: other, in: range, present: present))"
    }
    return others + own
  }

  /// The newest version, where the plan has an older one, and what stands in its way.
  private func newer(_ name: PackageName, _ candidate: CandidatePool.Candidate) -> InstallPlan.Newer? {
    guard let package = pool.knownNumber(of: name),
      let newest = pool.packages[package].candidates.last(where: { !$0.version.isPrerelease }),
      newest.version > candidate.version
    else { return nil }
    let asked = pool.problem.requirements.filter { $0.name == name && $0.range?.contains(newest.version) == false }
      .compactMap {
        $0.range.map { range in pool.problem.isByHand ? "\(range) is asked for" : "the configuration asks for \(range)"
        }
      }
    let excluded = newest.exclusion.map { wording.reason($0, name: name) }
    let reasons =
      asked + [excluded].compactMap { $0 } + obstacles(to: newest.version, needing: newest.dependencies, of: name)
    return InstallPlan.Newer(
      version: newest.version, reason: reasons.first ?? "what it needs does not go with the rest")
  }
}
