import GtachModel

extension Rendering {
  private struct Check: Encodable {
    var text: String
    var valid: Bool
    var error: ErrorReport?
  }
  private struct Comparison: Encodable {
    var left: String
    var right: String
    var order: String
  }
  private struct Change: Encodable {
    var from: String
    var to: String
    var compatibility: Compatibility
  }
  private struct Satisfaction: Encodable {
    var version: String
    var range: String
    var comparators: String
    var satisfied: Bool
  }
  private struct Bump: Encodable {
    var version: String
    var next: String
  }

  /// What `gtach version` says: the answers need nothing but the question. A negative one ends with 1.
  public func answer(_ question: VersionQuestion) -> Output {
    switch question {
    case .check(let text): return check(text)
    case .compare(let left, let right):
      let order = left < right ? "<" : left > right ? ">" : "="
      if options.json {
        return document(Comparison(left: left.description, right: right.description, order: order))
      }
      return Output(standardOutput: "\(order)\n")
    case .compatibility(let from, let to):
      let compatibility = Compatibility(from: from, to: to)
      if options.json {
        return document(Change(from: from.description, to: to.description, compatibility: compatibility))
      }
      return Output(standardOutput: "\(compatibility.rawValue)\n")
    case .satisfies(let version, let range):
      let satisfied = range.contains(version)
      let exitCode: Int32 = satisfied ? 0 : 1
      if options.json {
        let answer = Satisfaction(
          version: version.description, range: range.text, comparators: range.normalized, satisfied: satisfied)
        return document(answer, exitCode: exitCode)
      }
      return Output(
        standardOutput: satisfied ? "yes\n" : "no\n", standardError: satisfied ? "" : whyNot(version, range),
        exitCode: exitCode)
    case .bump(let version, let part):
      let next = version.bumped(part)
      if options.json { return document(Bump(version: version.description, next: next.description)) }
      return Output(standardOutput: "\(next)\n")
    }
  }

  private func check(_ text: String) -> Output {
    do {
      let version = try SemanticVersion(text)
      if options.json { return document(Check(text: text, valid: true)) }
      return Output(standardOutput: "\(version)\n")
    } catch {
      if options.json { return document(Check(text: text, valid: false, error: ErrorReport(error)), exitCode: 1) }
      return Output(standardError: errorText(ErrorReport(error)), exitCode: 1)
    }
  }

  /// People are surprised by the rule on prereleases; by nothing else.
  private func whyNot(_ version: SemanticVersion, _ range: VersionRange) -> String {
    let isInside = range.comparatorSets.contains { $0.allSatisfy { $0.accepts(version) } }
    guard version.isPrerelease, isInside else { return "" }
    return hint(
      "a range accepts a prerelease only where it names one of \(version.major).\(version.minor).\(version.patch)")
  }
}
