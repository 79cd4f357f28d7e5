import GtachModel

/// Versions of Python's packages (PEP 440) as SemVer, where the order stays what it is.
///
/// | PEP 440 | SemVer |
/// | --- | --- |
/// | `1`, `1.2`, `1.2.3.0` | `1.0.0`, `1.2.0`, `1.2.3` |
/// | `1.2a1`, `1.2b1`, `1.2rc1` | `1.2.0-a.1`, `1.2.0-b.1`, `1.2.0-rc.1` |
/// | `1.2.dev3` | `1.2.0-0.dev.3`: a number, so it sorts before `a` |
/// | `1.2+deb.1` | `1.2.0+deb.1` |
///
/// An epoch, a post-release, four numbers and a development version of a prerelease have no equal: there somebody has
/// to say what the release is called.
public enum PythonVersion {
  /// The SemVer of a version.
  ///
  /// - Throws: `ErrorCode.versionInvalid` where it has none.
  public static func semantic(_ text: String) throws(GtachError) -> SemanticVersion {
    func fail(_ reason: String) -> GtachError {
      GtachError(
        .versionInvalid, "the wheel's version \"\(text)\" has no equal in SemVer", reason: reason,
        advice: "give one with --version")
    }
    let parts = text.lowercased().split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    var rest = parts[0]
    guard !rest.contains("!") else { throw fail("it has an epoch") }
    guard !rest.contains("post") else { throw fail("it is a post-release") }
    var numbers: [Substring] = []
    while let first = rest.first, first.isASCII, first.isNumber {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      numbers.append(withoutZeros(digits))
      rest = rest.dropFirst(digits.count)
      guard rest.first == ".", let next = rest.dropFirst().first, next.isASCII, next.isNumber else { break }
      rest = rest.dropFirst()
    }
    guard !numbers.isEmpty else { throw fail("it does not begin with a number") }
    guard numbers.dropFirst(3).allSatisfy({ $0 == "0" }) else { throw fail("it has more than three numbers") }
    let release = (numbers + ["0", "0"]).prefix(3).joined(separator: ".")
    guard let prerelease = prerelease(rest) else { throw fail("\"\(rest)\" is neither aN, bN, rcN nor .devN") }
    do throws(GtachError) {
      return try SemanticVersion(release + prerelease + (parts.count > 1 ? "+\(parts[1])" : ""))
    } catch {
      throw fail(error.reason ?? error.message)
    }
  }

  /// What follows the numbers, as SemVer writes it; nil where that has no equal.
  private static func prerelease(_ text: Substring) -> String? {
    if text.isEmpty { return "" }
    for (word, prefix) in [("a", "-a."), ("b", "-b."), ("rc", "-rc."), (".dev", "-0.dev.")] where text.hasPrefix(word) {
      let digits = text.dropFirst(word.count)
      guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
      return prefix + withoutZeros(digits)
    }
    return nil
  }

  private static func withoutZeros(_ digits: Substring) -> Substring {
    let rest = digits.drop { $0 == "0" }
    return rest.isEmpty ? "0" : rest
  }
}
