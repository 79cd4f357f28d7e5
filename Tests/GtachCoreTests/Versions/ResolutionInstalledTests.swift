import GtachModel
import Testing

@testable import GtachCore

@Suite("Resolution beside what is installed")
struct ResolutionInstalledTests {
  private let shelf: Shelf

  init() throws {
    shelf = try Shelf([
      ("app 1.0.0", ["lib": "^1"]), ("app 1.1.0", ["lib": "^1"]), ("app 2.0.0", ["lib": "^2"]),
      ("tool 1.0.0", ["lib": "^1"]), ("tool 1.1.0", ["lib": "1 || 2"]), ("tool 1.2.0", ["lib": "1 || 2"]),
      ("lib 1.0.0", [:]), ("lib 1.1.0", [:]), ("lib 2.0.0", [:]),
    ])
  }

  @Test("What nobody asks for stays as it is, even where there is newer")
  func stays() throws {
    #expect(
      resolved(try shelf.problem("lib@^1", installed: ["tool 1.0.0", "lib 1.0.0"])) == ["^lib 1.1.0", "tool 1.0.0"])
    #expect(
      resolved(try shelf.problem("tool", installed: ["app 1.0.0", "lib 1.0.0", "tool 1.0.0"])) == [
        "^lib 1.1.0", "^tool 1.2.0", "app 1.0.0",
      ])
  }

  @Test("What nobody asks for is updated where it has to be, and says why")
  func updated() throws {
    let plan = try VersionManager.resolve(
      shelf.problem("app", installed: ["tool 1.0.0", "lib 1.0.0 dependency"]))
    #expect(plan.summary == ["^lib 2.0.0", "+app 2.0.0", "^tool 1.2.0"])
    #expect(plan.steps[0].reasons == ["app 2.0.0 needs ^2", "tool 1.2.0 needs 1 || 2"])
    #expect(plan.steps[0].change == .breaking)
    #expect(plan.steps[2].reasons == ["1.0.0 cannot stay: it needs lib@^1, and not 2.0.0"])
  }

  @Test("A breaking change must be asked for by name")
  func named() throws {
    var shelf = shelf
    try shelf.add("tool 2.0.0", ["lib": "^2"])
    let installed = ["app 1.0.0", "lib 1.0.0 dependency", "tool 1.0.0"]
    #expect(
      resolved(try shelf.problem("tool@2", installed: installed)) == [
        "Because tool 2.0.0 needs lib@^2 and app 1.1.0 and older need lib@^1, tool 2.0.0 does not go with app 1.1.0"
          + " and older.", "And because tool@2 is asked for, app 1.1.0 and older are impossible.",
        "And because app 2.0.0 would be a breaking change of 1.0.0, which must be asked for by name, and app 1.0.0 is"
          + " installed, there is no plan.",
      ])
    #expect(
      resolved(try shelf.problem("tool", "app", installed: installed)) == ["^lib 2.0.0", "^app 2.0.0", "^tool 2.0.0"])
  }

  @Test("What was here for others only goes when nothing needs it any more")
  func removed() throws {
    var shelf = shelf
    try shelf.add("app 3.0.0")
    #expect(
      resolved(try shelf.problem("app", installed: ["app 2.0.0", "lib 2.0.0 dependency"])) == [
        "^app 3.0.0", "-lib 2.0.0",
      ])
    #expect(
      resolved(try shelf.problem("app", installed: ["app 2.0.0", "lib 2.0.0"])) == ["^app 3.0.0", "lib 2.0.0"])
  }

  @Test("A held package stays, and others go around it")
  func held() throws {
    #expect(
      resolved(try shelf.problem("app", installed: ["lib 1.0.0 held", "app 1.0.0"])) == ["lib 1.0.0", "^app 1.1.0"])
    #expect(
      resolved(try shelf.problem("app@2", installed: ["lib 1.0.0 held", "app 1.0.0"])) == [
        "Because app 2.0.0 needs lib@^2 and app@2 is asked for, only lib 2.0.0 would do.",
        "And because lib is held at 1.0.0, there is no plan.",
      ])
    // Whoever names it ends the hold.
    #expect(resolved(try shelf.problem("lib", installed: ["lib 1.0.0 held"])) == ["^lib 2.0.0"])
  }

  @Test("Back to an earlier version only where the range that was typed says so")
  func downgrade() throws {
    #expect(resolved(try shelf.problem("app", "lib@^1", installed: ["lib 2.0.0"])) == ["^lib 1.1.0", "+app 1.1.0"])
    #expect(
      resolved(try shelf.problem("app@1", installed: ["lib 2.0.0"])) == [
        "Because app 1.1.0 and older need lib@^1 and app@1 is asked for, only lib 1.1.0 and older would do.",
        "And because lib 1.1.0 and older would be a downgrade from 2.0.0, there is no plan.",
      ])
  }

  @Test("An automatic update neither breaks nor goes back, unless it is told to")
  func automatic() throws {
    func automatic(_ policy: UpdatePolicy, _ asked: String, _ installed: String) throws -> [String] {
      resolved(try shelf.problem(asked, installed: [installed], policy: policy, isByHand: false))
    }
    #expect(try automatic(.automatic, "lib", "lib 1.0.0") == ["^lib 1.1.0"])
    #expect(try automatic(.byHand, "lib", "lib 1.0.0") == ["^lib 2.0.0"])
    #expect(try automatic(UpdatePolicy([]), "lib", "lib 1.0.0") == ["lib 1.0.0"])
    #expect(
      try automatic(.automatic, "lib@^2", "lib 1.0.0") == [
        "Because lib 2.0.0 would be a breaking change of 1.0.0, which autoUpdate does not allow, and"
          + " the configuration asks for lib@^2, there is no plan."
      ])
    #expect(try automatic(UpdatePolicy([.downgrade]), "lib@^1", "lib 2.0.0") == ["^lib 1.1.0"])
  }

  @Test("What failed here is passed over, unless it is asked for by name")
  func refused() throws {
    let again = try shelf.problem("tool", installed: ["lib 1.0.0"], refused: ["tool@1.2.0"])
    #expect(resolved(again) == ["^lib 1.1.0", "+tool 1.2.0"])
    var automatic = again
    automatic.isByHand = false
    automatic.policy = .automatic
    #expect(resolved(automatic) == ["^lib 1.1.0", "+tool 1.1.0"])
  }

  @Test("A release that is installed and no longer listed may stay, but not come")
  func withdrawn() throws {
    #expect(resolved(try shelf.problem("lib", installed: ["old 1.0.0"])) == ["+lib 2.0.0", "old 1.0.0"])
    #expect(resolved(try shelf.problem("old", installed: ["old 1.0.0"])) == ["old 1.0.0"])
  }
}
