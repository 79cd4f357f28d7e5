import GtachModel
import Testing

@Suite("What an operator chose")
struct ReleaseChoicesTests {
  @Test("a release is removed, kept or neither, whichever was said last")
  func changes() throws {
    let release = try ReleaseID("app@1.0.0")
    var choices = ReleaseChoices()
    choices.keep(release)
    choices.remove(release)
    #expect(choices == ReleaseChoices(removed: [release]))
    choices.keep(release)
    #expect(choices == ReleaseChoices(kept: [release]))
    choices.remove(release)
    choices.restore(release)
    #expect(choices == ReleaseChoices())
    #expect(ReleaseChoices(removed: [release], kept: [release]).kept.isEmpty)
  }

  @Test("the file is read, and one that says something else is refused")
  func reading() throws {
    let text = #"{"kept": ["b@2.0.0"], "removed": ["app@1.0.0", "app@1.1.0-rc.1"]}"#
    let choices = try JSONReading.decode(ReleaseChoices.self, from: text.utf8)
    #expect(try choices.removed == [ReleaseID("app@1.0.0"), ReleaseID("app@1.1.0-rc.1")])
    #expect(try choices.kept == [ReleaseID("b@2.0.0")])
    #expect(try JSONReading.decode(ReleaseChoices.self, from: "{}".utf8) == ReleaseChoices())
    for wrong in [
      #"{"removed": ["app"]}"#, #"{"removed": "app@1.0.0"}"#, #"{"remove": []}"#, "[]", "", #"{"kept": [1]}"#,
    ] {
      #expect(throws: (any Error).self) { try JSONReading.decode(ReleaseChoices.self, from: wrong.utf8) }
    }
  }
}
