import GtachModel
import Testing

@testable import GtachCore

@Suite("In which order a plan is carried out")
struct PlanSequenceTests {
  private func plan(_ shelf: Shelf, _ asked: String, installed: [String]) throws -> InstallPlan {
    try VersionManager.resolve(shelf.problem(asked, installed: installed))
  }

  /// The names of each set, in their order.
  private func sets(_ plan: InstallPlan) -> [[String]] { plan.sets.map { $0.map(\.name.text) } }

  @Test("An app and a lib that change together take over at once")
  func dependent() throws {
    let shelf = try Shelf([
      ("app 1.0.0", ["lib": "^1"]), ("app 1.1.0", ["lib": ">=1 <3"]), ("lib 1.0.0", [:]), ("lib 2.0.0", [:]),
    ])
    let plan = try plan(shelf, "app", installed: ["app 1.0.0", "lib 1.0.0 dependency"])
    #expect(plan.summary == ["^lib 2.0.0", "^app 1.1.0"])
    #expect(sets(plan) == [["lib", "app"]])
    #expect(plan.obstructed.isEmpty)
  }

  @Test("So do an app that no longer needs a lib and the lib that the old app needs as it was")
  func neededBefore() throws {
    let shelf = try Shelf([
      ("app 1.0.0", ["lib": "^1"]), ("app 2.0.0", [:]), ("lib 1.0.0", [:]), ("lib 2.0.0", [:]),
      ("tool 1.0.0", ["lib": "^2", "app": "^2"]),
    ])
    let plan = try plan(shelf, "tool", installed: ["app 1.0.0 dependency", "lib 1.0.0 dependency"])
    #expect(sets(plan) == [["app", "lib", "tool"]])
    #expect(plan.obstructed.isEmpty)
  }

  @Test("Releases that only go with one another take over at once")
  func together() throws {
    let shelf = try Shelf([
      ("app 1.0.0", ["lib": "^1"]), ("app 2.0.0", ["lib": "^2"]), ("lib 1.0.0", [:]), ("lib 2.0.0", [:]),
      ("tool 1.0.0", ["app": "*"]),
    ])
    let plan = try plan(shelf, "app", installed: ["app 1.0.0", "lib 1.0.0 dependency", "tool 1.0.0"])
    #expect(plan.summary == ["^lib 2.0.0", "^app 2.0.0", "tool 1.0.0"])
    #expect(sets(plan) == [["lib", "app"]])
    #expect(plan.obstructed.isEmpty)
  }

  @Test("So do those that need each other")
  func circle() throws {
    let shelf = try Shelf([("a 1.0.0", ["b": "^1"]), ("b 1.0.0", ["a": "^1"]), ("c 1.0.0", [:])])
    let plan = try plan(shelf, "a", installed: [])
    #expect(sets(plan) == [["b", "a"]])
    #expect(plan.obstructed.isEmpty)
  }

  @Test("What is broken already keeps nothing from taking over")
  func broken() throws {
    let shelf = try Shelf([("tool 1.0.0", ["lib": "^1"]), ("lib 2.0.0", [:]), ("lib 2.1.0", [:])])
    let plan = try plan(shelf, "lib", installed: ["tool 1.0.0", "lib 2.0.0"])
    #expect(plan.summary == ["^lib 2.1.0", "tool 1.0.0"])
    #expect(plan.obstructed.isEmpty)
  }

  @Test("What the plan takes away is still there while the rest is installed")
  func removed() throws {
    let shelf = try Shelf([
      ("app 1.0.0", ["lib": "*"]), ("app 2.0.0", ["base": "^2"]), ("lib 1.0.0", ["base": "^1"]), ("base 1.0.0", [:]),
      ("base 2.0.0", [:]),
    ])
    let plan = try plan(shelf, "app", installed: ["app 1.0.0", "lib 1.0.0 dependency", "base 1.0.0 dependency"])
    #expect(plan.summary == ["^base 2.0.0", "^app 2.0.0", "-lib 1.0.0"])
    #expect(plan.obstructed.first?.obstacle == "lib 1.0.0, which is active, needs base@^1")
  }
}
