import GtachModel
import Testing

@Suite("What kind of change an update is")
struct CompatibilityTests {
  @Test(arguments: [
    ("1.4.0", "1.4.0", "same"), ("1.4.0+a", "1.4.0+b", "same"), ("1.4.0-rc.1", "1.4.0-rc.1+b", "same"),
    ("0.0.0", "0.0.0", "same"),
    ("1.4.0", "1.4.1", "patch"), ("1.4.0+z", "1.4.1+a", "patch"), ("1.4.0", "1.4.1-rc.1", "patch"),
    ("1.4.0", "1.5.0", "minor"), ("1.4.9", "1.5.0-rc.1", "minor"), ("1.0.0", "1.100000000000000000000.0", "minor"),
    ("1.4.0", "2.0.0", "breaking"), ("1.4.0", "2.0.0-rc.1", "breaking"), ("9.9.9", "10.0.0", "breaking"),
    ("99999999999999999999.1.0", "100000000000000000000.0.0", "breaking"),
    // Prereleases of the same three numbers.
    ("2.0.0-rc.1", "2.0.0-rc.2", "patch"), ("2.0.0-rc.1", "2.0.0", "patch"), ("0.3.0-rc.1", "0.3.0", "patch"),
    ("0.0.3-rc.1", "0.0.3", "patch"), ("0.0.0-0", "0.0.0", "patch"), ("2.0.0-rc.1", "2.1.0", "minor"),
    // Before 1.0.0.
    ("0.2.3", "0.2.4", "patch"), ("0.2.3", "0.3.0", "breaking"), ("0.2.3", "0.3.0-rc.1", "breaking"),
    ("0.2.3", "1.0.0", "breaking"), ("0.0.3", "0.0.4", "breaking"), ("0.0.3", "0.1.0", "breaking"),
    ("0.0.3", "1.0.0", "breaking"), ("0.0.0", "0.0.1", "breaking"), ("0.0.0", "0.1.0", "breaking"),
    ("0.0.0", "1.0.0", "breaking"), ("0.0.3-rc.1", "0.0.4", "breaking"),
    // Back.
    ("1.4.0", "1.3.9", "downgrade"), ("2.0.0", "1.9.9", "downgrade"), ("1.4.0", "1.4.0-rc.1", "downgrade"),
    ("1.4.0-rc.2", "1.4.0-rc.1", "downgrade"), ("0.1.0", "0.0.9", "downgrade"), ("1.0.0", "0.9.0", "downgrade"),
    ("1.10.0", "1.9.0", "downgrade"), ("0.0.0", "0.0.0-0", "downgrade"),
  ])
  func kind(from installed: String, to target: String, word: String) throws {
    #expect(try Compatibility(from: SemanticVersion(installed), to: SemanticVersion(target)).rawValue == word)
  }

  @Test("between releases it agrees with the caret, of which the tests know that it is npm's")
  func agreesWithTheCaret() throws {
    var versions: [SemanticVersion] = []
    for major in 0...2 {
      for minor in 0...3 {
        for patch in 0...3 {
          for end in ["", "-rc.1", "-rc.2"] { versions.append(try SemanticVersion("\(major).\(minor).\(patch)\(end)")) }
        }
      }
    }
    for installed in versions {
      let caret = try VersionRange("^\(installed)")
      // A range speaks of prereleases only where it names one of the same numbers.
      for target in versions where !target.isPrerelease || target.hasSameNumbers(as: installed) {
        let change = Compatibility(from: installed, to: target)
        #expect([.same, .patch, .minor].contains(change) == caret.contains(target), "\(installed) to \(target)")
        #expect((change == .downgrade) == (target < installed), "\(installed) to \(target)")
      }
    }
  }
}
