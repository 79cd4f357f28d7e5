import GtachModel
import Testing

/// The lists of valid and invalid versions that semver.org links to from its FAQ, and the order of rule 11.
@Suite struct SemanticVersionTests {
  @Test(arguments: [
    "0.0.4", "1.2.3", "10.20.30", "1.1.2-prerelease+meta", "1.1.2+meta", "1.1.2+meta-valid", "1.0.0-alpha",
    "1.0.0-beta", "1.0.0-alpha.beta", "1.0.0-alpha.beta.1", "1.0.0-alpha.1", "1.0.0-alpha0.valid",
    "1.0.0-alpha.0valid", "1.0.0-alpha-a.b-c-somethinglong+build.1-aef.1-its-okay", "1.0.0-rc.1+build.1",
    "2.0.0-rc.1+build.123", "1.2.3-beta", "10.2.3-DEV-SNAPSHOT", "1.2.3-SNAPSHOT-123", "1.0.0", "2.0.0", "1.1.7",
    "2.0.0+build.1848", "2.0.1-alpha.1227", "1.0.0-alpha+beta", "1.2.3----RC-SNAPSHOT.12.9.1--.12+788",
    "1.2.3----R-S.12.9.1--.12+meta", "1.2.3----RC-SNAPSHOT.12.9.1--.12", "1.0.0+0.build.1-rc.10000aaa-kk-0.1",
    "99999999999999999999999.999999999999999999.99999999999999999", "1.0.0-0A.is.legal",
  ])
  func acceptsAndWritesBackWhatIsValid(text: String) throws {
    #expect(try SemanticVersion(text).description == text)
  }

  @Test(arguments: [
    "1", "1.2", "1.2.3-0123", "1.2.3-0123.0123", "1.1.2+.123", "+invalid", "-invalid", "-invalid+invalid",
    "-invalid.01", "alpha", "alpha.beta", "alpha.beta.1", "alpha.1", "alpha+beta", "alpha_beta", "alpha.", "alpha..",
    "beta", "1.0.0-alpha_beta", "-alpha.", "1.0.0-alpha..", "1.0.0-alpha..1", "1.0.0-alpha...1", "1.0.0-alpha....1",
    "1.0.0-alpha.....1", "1.0.0-alpha......1", "1.0.0-alpha.......1", "01.1.1", "1.01.1", "1.1.01", "1.2.3.DEV",
    "1.2-SNAPSHOT", "1.2.31.2.3----RC-SNAPSHOT.12.09.1--..12+788", "1.2-RC-SNAPSHOT", "-1.0.3-gamma+b7718",
    "+justmeta", "9.8.7+meta+meta", "9.8.7-whatever+meta+meta",
    "99999999999999999999999.999999999999999999.99999999999999999----RC-SNAPSHOT.12.09.1------------..12",
    // Beyond that list: what people type, and what looks like digits or dots without being ASCII.
    "", " ", "v1.2.3", "=1.2.3", " 1.2.3", "1.2.3 ", "1.2.3\n", "1.2.3-", "1.2.3+", "1.2.3-+b", "1..3", "1.2.x",
    "1,2,3",
    "1.2.-3", "１.2.3", "1.2.٣", "1.2\u{301}.3", "1.2.3-é", "1.2.3-a\u{0}b", "1.2.3/../../etc",
  ])
  func refusesWhatIsNot(text: String) {
    #expect { try SemanticVersion(text) } throws: { ($0 as? GtachError)?.code == .versionInvalid }
  }

  @Test(arguments: [
    ("1.2", "three numbers"), ("v1.2.3", "\"v1\""), ("1.02.3", "02 has a leading zero"), ("1.2.", "\"\""),
    ("1.2.3-rc.01", "01 has a leading zero"), ("1.2.3-rc_1", "\"rc_1\""),
  ])
  func saysWhichPartIsWrong(text: String, reason: String) {
    #expect { try SemanticVersion(text) } throws: { ($0 as? GtachError)?.reason?.contains(reason) == true }
  }

  @Test func ordersAsRule11Says() throws {
    let ascending = try [
      "0.0.0-0", "0.0.0", "0.9.9", "0.10.0", "1.0.0-0", "1.0.0-2", "1.0.0-10", "1.0.0-99999999999999999999",
      "1.0.0-100000000000000000000", "1.0.0--", "1.0.0-10a", "1.0.0-A", "1.0.0-alpha", "1.0.0-alpha.1",
      "1.0.0-alpha.1.0", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0",
      "1.0.1", "1.1.0", "2.0.0", "10.0.0", "99999999999999999999.0.0", "100000000000000000000.0.0",
    ].map { try SemanticVersion($0) }
    for (left, lower) in ascending.enumerated() {
      for (right, higher) in ascending.enumerated() {
        #expect((lower < higher) == (left < right), "\(lower) < \(higher)")
        #expect((lower == higher) == (left == right), "\(lower) == \(higher)")
      }
    }
    #expect(ascending.shuffled().sorted() == ascending)
  }

  @Test func buildMetadataIsKeptButNeverCounts() throws {
    let (left, right) = try (SemanticVersion("1.2.3+left"), SemanticVersion("1.2.3+right.1"))
    #expect(left == right)
    #expect(left.hashValue == right.hashValue)
    #expect(!(left < right) && !(right < left))
    #expect(left.build == ["left"])
    #expect(right.description == "1.2.3+right.1")
  }

  @Test(arguments: [
    // As `npm version` counts.
    ("1.2.3", "2.0.0", "1.3.0", "1.2.4", "1.2.4-0"),
    ("0.0.0", "1.0.0", "0.1.0", "0.0.1", "0.0.1-0"),
    ("9.9.9", "10.0.0", "9.10.0", "9.9.10", "9.9.10-0"),
    ("2.0.0-rc.1", "2.0.0", "2.0.0", "2.0.0", "2.0.0-rc.2"),
    ("2.1.0-rc", "3.0.0", "2.1.0", "2.1.0", "2.1.0-rc.0"),
    ("2.1.1-rc.9.x", "3.0.0", "2.2.0", "2.1.1", "2.1.1-rc.10.x"),
    ("1.2.3-4+build.5", "2.0.0", "1.3.0", "1.2.3", "1.2.3-5"),
    ("1.2.999999999999999999999", "2.0.0", "1.3.0", "1.2.1000000000000000000000", "1.2.1000000000000000000000-0"),
  ])
  func bumps(version: String, major: String, minor: String, patch: String, prerelease: String) throws {
    let version = try SemanticVersion(version)
    #expect(version.bumped(.major).description == major)
    #expect(version.bumped(.minor).description == minor)
    #expect(version.bumped(.patch).description == patch)
    #expect(version.bumped(.prerelease).description == prerelease)
    for part in SemanticVersion.Part.allCases { #expect(version < version.bumped(part)) }
  }
}
