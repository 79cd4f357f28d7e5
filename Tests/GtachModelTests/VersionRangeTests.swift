import GtachModel
import Testing

/// What npm's documentation of the range language says, form by form. The same parser was compared with node-semver's
/// on a million random ranges: they differ only in what `VersionRange` names.
@Suite struct VersionRangeTests {
  @Test(arguments: [
    // Every version.
    ("", "*"), ("*", "*"), ("x", "*"), ("X.x.*", "*"), ("  \t ", "*"), ("||", "*"), ("=*", "*"), (">=*", "*"),
    ("<=x", "*"), ("^x", "*"), ("~*", "*"), ("* || 1", "*"), ("1 ||", "*"), (">=0.0.0", "*"), ("x - *", "*"),
    ("v*", "*"), ("* *", "*"),
    // One version.
    ("1.2.3", "1.2.3"), ("=1.2.3", "1.2.3"), ("v1.2.3", "1.2.3"), ("= v1.2.3", "1.2.3"), (" 1.2.3 ", "1.2.3"),
    ("1.2.3-rc.1+build.5", "1.2.3-rc.1"), ("1.2.3+0099", "1.2.3"),
    // Sides of a version.
    ("<1.2.3", "<1.2.3"), ("<=1.2.3", "<=1.2.3"), (">1.2.3", ">1.2.3"), (">=1.2.3", ">=1.2.3"),
    (">=\t1.2.3-0", ">=1.2.3-0"), (">  1.2.3", ">1.2.3"),
    // Sides of a version of which the end is missing.
    ("<1", "<1.0.0-0"), ("<1.2", "<1.2.0-0"), ("<1.2.x", "<1.2.0-0"), ("<=1", "<2.0.0-0"), ("<=1.2", "<1.3.0-0"),
    (">1", ">=2.0.0"), (">1.2", ">=1.3.0"), (">1.x.x", ">=2.0.0"), (">=1", ">=1.0.0"), (">=1.2.*", ">=1.2.0"),
    // No version.
    ("<*", "<0.0.0-0"), (">x", "<0.0.0-0"), ("<0.0.0-0", "<0.0.0-0"), ("1.2.3 >*", "<0.0.0-0"),
    (">* || <x", "<0.0.0-0"), (">* || 1.2.3", "1.2.3"),
    // Whatever the missing end may be.
    ("1", ">=1.0.0 <2.0.0-0"), ("0", "<1.0.0-0"), ("1.x", ">=1.0.0 <2.0.0-0"), ("1.2", ">=1.2.0 <1.3.0-0"),
    ("=1.2", ">=1.2.0 <1.3.0-0"), ("1.2.X", ">=1.2.0 <1.3.0-0"), ("v1.2.*", ">=1.2.0 <1.3.0-0"),
    ("1.2+build", ">=1.2.0 <1.3.0-0"), ("1.2.x-rc.1", ">=1.2.0 <1.3.0-0"),
    // Tilde.
    ("~1", ">=1.0.0 <2.0.0-0"), ("~1.2", ">=1.2.0 <1.3.0-0"), ("~1.2.3", ">=1.2.3 <1.3.0-0"),
    ("~1.2.3-beta.2", ">=1.2.3-beta.2 <1.3.0-0"), ("~0.2.3", ">=0.2.3 <0.3.0-0"), ("~0.0.1", ">=0.0.1 <0.1.0-0"),
    ("~>1.2.3", ">=1.2.3 <1.3.0-0"), ("~> 1.2", ">=1.2.0 <1.3.0-0"), ("~ v1.2.3", ">=1.2.3 <1.3.0-0"),
    // Caret.
    ("^1.2.3", ">=1.2.3 <2.0.0-0"), ("^0.2.3", ">=0.2.3 <0.3.0-0"), ("^0.0.3", ">=0.0.3 <0.0.4-0"),
    ("^1.2.3-beta.2", ">=1.2.3-beta.2 <2.0.0-0"), ("^0.0.3-beta", ">=0.0.3-beta <0.0.4-0"),
    ("^1.2.x", ">=1.2.0 <2.0.0-0"), ("^0.1", ">=0.1.0 <0.2.0-0"), ("^ 1", ">=1.0.0 <2.0.0-0"),
    ("^1.x.9", ">=1.0.0 <2.0.0-0"), ("^v2.0.0+b", ">=2.0.0 <3.0.0-0"),
    // From - to.
    ("1.2.3 - 2.3.4", ">=1.2.3 <=2.3.4"), ("1.2 - 2.3.4", ">=1.2.0 <=2.3.4"), ("1.2.3 - 2.3", ">=1.2.3 <2.4.0-0"),
    ("1.2.3 - 2", ">=1.2.3 <3.0.0-0"), ("* - 2.0.0", "<=2.0.0"), ("1.0.0  -\t*", ">=1.0.0"),
    ("1.2.3-a - 2.0.0-b+c", ">=1.2.3-a <=2.0.0-b"),
    // And, or.
    (">=1.2.7 <1.3.0", ">=1.2.7 <1.3.0"), ("1.2.7 || >=1.2.9 <2.0.0", "1.2.7||>=1.2.9 <2.0.0"),
    ("^1.2 ^1", ">=1.2.0 <2.0.0-0 >=1.0.0"), ("1.x||2.x", ">=1.0.0 <2.0.0-0||>=2.0.0 <3.0.0-0"),
    (">1.0.0 * >1.0.0", ">1.0.0"), ("1.0.0 || 1 - 2 || ~3", "1.0.0||>=1.0.0 <3.0.0-0||>=3.0.0 <4.0.0-0"),
    // Numbers beyond 64 bits.
    ("^99999999999999999999.1", ">=99999999999999999999.1.0 <100000000000000000000.0.0-0"),
  ])
  func means(text: String, normalized: String) throws {
    let range = try VersionRange(text)
    #expect(range.normalized == normalized)
    #expect(range.text == text)
    #expect(try VersionRange(range.normalized) == range)
  }

  @Test(arguments: [
    ("*", "0.0.0 1.2.3 99.0.0", "1.2.3-rc.1 0.0.0-0"),
    ("^1.2.3", "1.2.3 1.2.4 1.99.0 1.2.3+b", "1.2.2 2.0.0 2.0.0-rc.1 1.2.3-rc.1 1.3.0-rc.1 1.1.0-alpha"),
    ("^0.2.0", "0.2.0 0.2.99", "0.1.9 0.3.0 0.9.0 1.0.0 0.3.0-0"),
    ("^0.0.2", "0.0.2", "0.0.1 0.0.3 0.0.3-0"),
    ("~1.2", "1.2.0 1.2.9", "1.1.9 1.3.0 1.3.0-0 1.2.0-rc.1 1.2.5-rc.1"),
    (">1.2", "1.3.0 2.0.0", "1.2.0 1.2.9 1.3.0-rc.1"),
    ("<1.2", "1.1.9 0.0.0", "1.2.0 1.2.0-rc.1 1.1.0-rc.1"),
    ("<=1.2", "1.2.9 0.0.0", "1.3.0 1.3.0-0"),
    (">1.2.3-alpha.3", "1.2.3 1.2.3-alpha.7 1.2.3-beta 3.4.5", "1.2.3-alpha.3 1.2.3-alpha.2 3.4.5-alpha.9"),
    ("~1.2.3-rc.1 ", "1.2.3-rc.1 1.2.3-rc.2 1.2.3 1.2.9", "1.2.3-beta 1.2.4-rc.1 1.3.0 1.3.0-rc.1"),
    (">=1.0.0-rc.1 <2.0.0-rc.1", "1.0.0-rc.2 1.9.9 2.0.0-beta", "2.0.0-rc.1 2.0.0 1.5.0-rc.1"),
    ("1.2.3-rc.1 || 2", "1.2.3-rc.1 2.0.0", "1.2.3 1.2.3-rc.2 2.0.0-rc.1"),
    // A prerelease must be named in the alternative that accepts it, not in another.
    (">=2.0.0 || 3.0.0-rc.1", "3.0.0-rc.1 3.0.0", "3.0.0-rc.2"),
    ("<2.0.0 || >2.0.0", "1.9.9 2.0.1", "2.0.0"),
    ("1 - 2", "1.0.0 2.9.9", "0.9.9 3.0.0 3.0.0-0 1.0.0-rc.1 2.0.0-rc.1"),
    (">*", "", "0.0.0 1.0.0 0.0.0-0"),
    ("=1.2.3+left", "1.2.3 1.2.3+right", "1.2.4 1.2.3-0"),
  ])
  func accepts(text: String, inside: String, outside: String) throws {
    let range = try VersionRange(text)
    for version in inside.split(separator: " ") { #expect(try range.contains(SemanticVersion(String(version)))) }
    for version in outside.split(separator: " ") { #expect(try !range.contains(SemanticVersion(String(version)))) }
  }

  @Test(arguments: [
    ("!=1.2.3", 1), (">=1 !=1.2.3", 5), (">=1,<2", 4), ("1 && 2", 3), ("1 | 2", 3), ("1 || | 2", 6), ("==1.2.3", 2),
    ("~=1.2", 2), ("^^1", 2), ("~^1", 2), ("= =1", 3), (">>1", 2), ("> =1", 3), ("=>1", 2), ("vv1", 2), ("v", 2),
    ("v 1.2", 2), (">", 1), ("^ ", 1), ("1 >= || 2", 3), ("1.x.5", 5), ("x.1", 3), ("<*.1.2", 4), ("1.", 3),
    ("1..2", 3), (".1", 1), ("1.2.3.4", 6), ("01.2.3", 1), ("1.2.03", 5), ("^1.02", 4), ("1.2.3-", 7),
    ("1.2.3-rc.", 10),
    ("1.2.3-01", 7), ("1.2.3-rc.01", 10), ("1.2.3+", 7), ("1+a+b", 4), ("1.2.3-é", 7), ("1.2-rc.1", 4),
    ("1.2.3 -2.0.0", 8), ("1.2.3- 2.0.0", 7), ("1.2.3-2.0.0 -", 14), ("1 -", 4), ("1 - ", 3), ("1 - 2 - 3", 7),
    ("1 - 2 3", 7), (">1 - 2", 4), ("1 2 - 3", 5), ("1 - <2", 5), ("- 2", 1), ("1.2.3<2", 6), ("*1", 2), ("1.2*", 4),
    ("latest", 1), ("1.2.3rc1", 6), ("١.2", 1), ("1.2.3\u{a0}", 6), ("1.2\u{0}", 4), ("\u{1F680}", 1), ("(1)", 1),
  ])
  func refusesAndPointsAtTheCharacter(text: String, position: Int) {
    #expect {
      try VersionRange(text)
    } throws: { error in
      guard let error = error as? GtachError, let reason = error.reason else { return false }
      return error.code == .rangeInvalid && reason.hasSuffix(", at character \(position)") && error.advice != nil
    }
  }

  @Test func equalMeaningsAreEqual() throws {
    #expect(try VersionRange("^1.2") == VersionRange(" >=1.2.0   <2.0.0-0 "))
    #expect(try VersionRange("^1.2").hashValue == VersionRange(">=1.2.0 <2.0.0-0").hashValue)
    #expect(try VersionRange("^1.2") != VersionRange("~1.2"))
    #expect(try VersionRange("") == .any)
    #expect(VersionRange.any.normalized == "*")
    for text in ["1.2.3", "0.0.0-0", "2.0.0-rc.1+build.5"] {
      let exact = try VersionRange.exactly(SemanticVersion(text))
      #expect(try exact == VersionRange(text) && exact == VersionRange(exact.text))
    }
  }

  @Test func aLongRangeIsReadInLinearTime() throws {
    let alternatives = (0..<2_000).map { ">=\($0).0.0  <\($0).5.0" }.joined(separator: " || ")
    let range = try VersionRange(alternatives)
    #expect(range.comparatorSets.count == 2_000)
    #expect(try range.contains(SemanticVersion("1999.4.9")))
    #expect(try !range.contains(SemanticVersion("1999.5.0")))
    _ = try VersionRange(String(repeating: " ", count: 100_000))
  }

  @Test("People read ranges with one blank where there are several, and never nothing")
  func description() throws {
    #expect(try VersionRange("  >=1   <2 ||  7 ").description == ">=1 <2 || 7")
    #expect(try VersionRange("").description == "*")
    #expect(try Requirement("app@ ").description == "app@*")
    #expect(try Requirement("app").description == "app")
  }
}
