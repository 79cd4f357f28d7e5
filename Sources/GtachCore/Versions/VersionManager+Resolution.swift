import GtachModel

extension VersionManager {
  /// Finds what to install, update, keep and remove so that everything holds that is asked for and that what is
  /// installed needs: of what is asked for and what that needs the newest releases possible.
  ///
  /// - Parameter explainsFully: Whether the reason of an error derives it from beginning to end, however long that is.
  /// - Throws: `ErrorCode.dependencyConflict` where there is no such set; the reason is a derivation, a sentence a line.
  public static func resolve(
    _ problem: ResolutionProblem, explainsFully: Bool = false
  ) throws(GtachError) -> InstallPlan {
    var search = PubGrub(problem)
    let solution: [Int: Int]
    do throws(PubGrub.Contradiction) {
      solution = try search.solve()
    } catch {
      let derivation = Derivation(of: error.incompatibility, in: search.incompatibilities, pool: search.pool)
      let lines = explainsFully ? derivation.lines : brief(derivation.lines, of: problem, search.pool)
      let asked = problem.requirements.map { requirement in
        requirement.range.map { "\(requirement.name)@\($0)" } ?? "\(requirement.name)"
      }
      throw GtachError(
        .dependencyConflict,
        "no set of releases satisfies \(asked.isEmpty ? "what is installed" : asked.joined(separator: ", "))",
        reason: lines.joined(separator: "\n"),
        advice: "ask for another version, or publish a release that goes with the others")
    }
    return PlanBuilder(solution: solution, pool: search.pool).plan(effort: search.effort)
  }

  /// The most lines that a person reads.
  static let briefLines = 8

  /// A derivation that a person can follow. Where the whole one is long, because many releases fail each for a reason of
  /// its own, it is why the newest of what is asked for fails; where even that is long, its end.
  private static func brief(
    _ lines: [String], of problem: ResolutionProblem, _ pool: CandidatePool
  ) -> [String] {
    guard lines.count > briefLines else { return lines }
    var narrowed = problem
    narrowed.requirements = problem.requirements.map { newest(of: $0, in: pool) ?? $0 }
    var shorter = lines
    var end = "There are \(lines.count) steps to this; --verbose shows them all."
    var search = PubGrub(narrowed)
    do throws(PubGrub.Contradiction) {
      _ = try search.solve()
    } catch {
      let newest = Derivation(of: error.incompatibility, in: search.incompatibilities, pool: search.pool).lines
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
