import GtachModel
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite("What an update may change")
struct UpdatePolicyTests {
  @Test func policiesAllowOrRefuseEachKind() {
    func permitted(_ policy: UpdatePolicy) -> [String] {
      Compatibility.allCases.filter { policy.permits($0) }.map(\.rawValue)
    }
    #expect(permitted(.automatic) == ["same", "patch", "minor"])
    #expect(permitted(.byHand) == ["same", "patch", "minor", "breaking"])
    #expect(permitted(UpdatePolicy([])) == ["same"])
    for change in Compatibility.allCases { #expect(UpdatePolicy([change]).permits(change)) }
  }

  @Test(arguments: [
    (#"[]"#, #"["same"]"#), (#"["minor","patch"]"#, #"["same","patch","minor"]"#),
    (#"["downgrade","same","breaking"]"#, #"["same","breaking","downgrade"]"#),
  ])
  func policiesAreArraysOfWords(text: String, written: String) throws {
    let policy = try JSONReading.decode(UpdatePolicy.self, from: Array(text.utf8))
    #expect(try String(decoding: JSONEncoder().encode(policy), as: UTF8.self) == written)
    #expect(try JSONReading.decode(UpdatePolicy.self, from: Array(written.utf8)) == policy)
  }

  @Test(arguments: [
    (#"["pach"]"#, "autoUpdate: \"pach\" is no kind of change; known are same, patch, minor, breaking, downgrade"),
    (#"["patch","Minor"]"#, "autoUpdate: \"Minor\" is no kind"), (#"["patch","patch"]"#, "\"patch\" is there twice"),
    (#"[1]"#, "autoUpdate"), (#""patch""#, "autoUpdate"), (#"{"patch":true}"#, "autoUpdate"),
    (#"[null]"#, "autoUpdate"),
  ])
  func aWrongWordIsAMistakeInTheConfiguration(text: String, reason: String) {
    #expect {
      try StrictJSON.decode(
        NodeConfiguration.self, from: Array(#"{"autoUpdate": \#(text)}"#.utf8), what: "config.json",
        code: .configurationInvalid)
    } throws: { error in
      guard let error = error as? GtachError else { return false }
      return error.code == .configurationInvalid && error.reason?.contains(reason) == true
    }
  }
}
