import GtachModel

extension VersionManager {
  /// Finds what to install, update, keep and remove so that everything holds that is asked for and that what is
  /// installed needs: of what is asked for and what that needs the newest releases possible.
  ///
  /// - Parameter explainsFully: Whether the reason of an error derives it from beginning to end, however long that is.
  /// - Throws: `ErrorCode.dependencyConflict` where there is no such set, the reason being a derivation, a sentence a
  ///   line; and where none was found in as many steps as a search may take.
  public static func resolve(
    _ problem: ResolutionProblem, explainsFully: Bool = false
  ) throws(GtachError) -> InstallPlan {
    var search = PubGrub(problem)
    do throws(PubGrub.Failure) {
      return try plan(&search)
    } catch {
      throw report(error, of: problem, search, explainsFully: explainsFully)
    }
  }

  /// The same for whom no reason matters: nil where there is no plan. To explain that takes longer than to find it out.
  static func plan(for problem: ResolutionProblem) -> InstallPlan? {
    var search = PubGrub(problem)
    return try? plan(&search)
  }

  private static func plan(_ search: inout PubGrub) throws(PubGrub.Failure) -> InstallPlan {
    let solution = try search.solve()
    return PlanBuilder(solution: solution, pool: search.pool).plan(effort: search.effort)
  }

  /// What a failure means to people.
  static func report(
    _ failure: PubGrub.Failure, of problem: ResolutionProblem, _ search: PubGrub, explainsFully: Bool
  ) -> GtachError {
    let asked =
      problem.requirements.isEmpty
      ? "what is installed" : problem.requirements.map(\.description).joined(separator: ", ")
    switch failure {
    case .contradiction(let number):
      let derivation = Derivation(of: number, in: search.incompatibilities, pool: search.pool)
      let lines = explainsFully ? derivation.lines : brief(derivation.lines, of: problem, search.pool)
      return GtachError(
        .dependencyConflict, "no set of releases satisfies \(asked)", reason: lines.joined(separator: "\n"),
        advice: "ask for another version, or publish a release that goes with the others")
    case .givenUp:
      return GtachError(
        .dependencyConflict, "no set of releases that satisfies \(asked) was found",
        reason: "the search was given up after \(search.effort.steps) steps, as too many releases conflict",
        advice: "name the versions that you want, as in gtach resolve NAME@VERSION")
    }
  }

  /// The most lines that a person reads.
  static let briefLines = 8

  /// A derivation that a person can follow. Where the whole one is long, because many releases fail each for a reason
  /// of its own, it is why the newest of what is asked for fails; where even that is long, its end.
  private static func brief(
    _ lines: [String], of problem: ResolutionProblem, _ pool: CandidatePool
  ) -> [String] {
    guard lines.count > briefLines else { return lines }
    var narrowed = problem
    narrowed.isNarrowed = true
    narrowed.requirements = problem.requirements.map { newest(of: $0, in: pool) ?? $0 }
    var shorter = lines
    var end = "There are \(lines.count) steps to this; --verbose shows them all."
    var search = PubGrub(narrowed)
    do throws(PubGrub.Failure) {
      _ = try search.solve()
    } catch {
      guard case .contradiction(let number) = error else { return shorter.suffix(briefLines - 1) + [end] }
      let newest = Derivation(of: number, in: search.incompatibilities, pool: search.pool).lines
      if newest.count < lines.count {
        shorter = newest
        end = "Older releases fail as well, in \(lines.count) steps altogether; --verbose shows them all."
      }
    }
    return shorter.suffix(briefLines - 1) + [end]
  }

  /// The requirement for the newest release alone that meets it.
  private static func newest(of requirement: Requirement, in pool: CandidatePool) -> Requirement? {
    guard let package = pool.knownNumber(of: requirement.name) else { return nil }
    let meeting = pool.values(of: package, for: requirement).elements.map { pool.packages[package][$0] }
    return (meeting.last { $0.exclusion == nil }).map {
      Requirement(name: requirement.name, range: VersionRange.exactly($0.version))
    }
  }
}
