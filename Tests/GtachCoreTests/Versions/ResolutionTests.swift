import GtachModel
import Testing

@testable import GtachCore

@Suite("Resolution")
struct ResolutionTests {
  @Test("What is needed on the machine's platform counts, in the place of what is needed everywhere")
  func platformDependencies() throws {
    var shelf = try Shelf([("lib 1.0.0", [:]), ("lib 2.0.0", [:]), ("other 1.0.0", [:])])
    let app = try Shelf([("app 1.0.0", ["lib": "^1"])]).listed[0]
    var dependencies = app.dependencies
    dependencies.perPlatform = [
      try Platform("linux-arm64"): [try PackageName("lib"): try VersionRange("^2")],
      try Platform("macos-arm64"): [try PackageName("other"): .any],
    ]
    shelf.listed.append(
      ListedVariant(variant: app.variant, manifest: app.manifest, dependencies: dependencies))
    let plan = try #require(VersionManager.plan(for: try shelf.problem("app")))
    #expect(plan.steps.map { "\($0.name) \($0.version)" } == ["lib 2.0.0", "app 1.0.0"])
  }

  @Test("The newest release and the newest of what it needs, dependencies first")
  func newest() throws {
    let shelf = try Shelf([
      ("app 1.0.0", ["lib": "^1"]), ("app 2.0.0", ["lib": "^2", "gpio": "*"]), ("lib 1.0.0", [:]),
      ("lib 2.0.0", [:]), ("lib 2.4.0", ["gpio": "^1"]), ("lib 3.0.0", [:]), ("gpio 1.5.0", [:]),
    ])
    #expect(resolved(try shelf.problem("app")) == ["+gpio 1.5.0", "+lib 2.4.0", "+app 2.0.0"])
    #expect(resolved(try shelf.problem("app@^1")) == ["+lib 1.0.0", "+app 1.0.0"])
    #expect(resolved(try shelf.problem("app@1.0.0", "gpio")) == ["+lib 1.0.0", "+app 1.0.0", "+gpio 1.5.0"])
  }

  @Test("Diamond: two packages need one release that suits both")
  func diamond() throws {
    let shelf = try Shelf([
      ("app 1.0.0", ["left": "*", "right": "*"]), ("left 1.0.0", ["base": "^1"]), ("left 2.0.0", ["base": "^2"]),
      ("right 1.0.0", ["base": "^1"]), ("right 1.1.0", ["base": ">=1.2 <2"]), ("base 1.0.0", [:]),
      ("base 1.3.0", [:]), ("base 2.0.0", [:]),
    ])
    let plan = try VersionManager.resolve(shelf.problem("app"))
    #expect(plan.summary == ["+base 1.3.0", "+left 1.0.0", "+right 1.1.0", "+app 1.0.0"])
    let left = try #require(plan.steps.first { $0.name.text == "left" })
    #expect(left.newer?.version.description == "2.0.0")
    #expect(left.newer?.reason == "it needs base@^2, and not 1.3.0")
  }

  @Test("Cycle: packages that need each other come together")
  func cycle() throws {
    let shelf = try Shelf([
      ("a 1.0.0", ["b": "^1"]), ("a 2.0.0", ["b": "^2"]), ("b 1.0.0", ["a": "^1"]), ("b 2.0.0", ["a": "^1"]),
    ])
    // a 2 needs b 2, which needs a 1.
    #expect(resolved(try shelf.problem("a")) == ["+b 1.0.0", "+a 1.0.0"])
  }

  @Test("A package that needs itself: fine where it is what it needs, impossible where not")
  func itself() throws {
    let shelf = try Shelf([("a 1.0.0", ["a": "^1"]), ("a 2.0.0", ["a": "^1"]), ("b 1.0.0", ["b": "^2"])])
    #expect(resolved(try shelf.problem("a")) == ["+a 1.0.0"])
    #expect(
      resolved(try shelf.problem("b")) == [
        "Because b 1.0.0 needs b@^2, which it is not itself, and b is asked for, there is no plan."
      ])
  }

  @Test("Missing packages: the release that needs one is passed over")
  func missing() throws {
    let shelf = try Shelf([("a 1.0.0", [:]), ("a 2.0.0", ["ghost": "*"])])
    let plan = try VersionManager.resolve(shelf.problem("a"))
    #expect(plan.summary == ["+a 1.0.0"])
    #expect(plan.steps[0].newer?.reason == "it needs ghost@*, and no release of ghost is listed")
    #expect(resolved(try shelf.problem("ghost")) == ["ghost is asked for, and no release of ghost is listed"])
  }

  @Test("Why a newer release is passed over is said of what it needs, not of what the plan happens to have")
  func passedOver() throws {
    var shelf = try Shelf([
      ("a 1.0.0", [:]), ("b 1.0.0", [:]), ("b 2.0.0", ["lib": "^9"]), ("c 1.0.0", [:]), ("c 2.0.0", ["mac": "*"]),
      ("d 1.0.0", [:]), ("d 2.0.0", ["extra": "*"]), ("extra 1.0.0", ["lib": "^1"]), ("lib 1.0.0", [:]),
      ("lib 2.0.0", [:]),
    ])
    try shelf.add("mac 1.0.0 macos-arm64")
    let plan = try VersionManager.resolve(shelf.problem("b", "c", "d", "lib@^2"))
    #expect(
      plan.steps.compactMap(\.newer?.reason) == [
        "it needs lib@^9, and no release meets that (there are 1.0.0 to 2.0.0)",
        "it needs mac@*, and mac 1.0.0 does not run on this machine (linux-arm64, Raspberry Pi Zero 2 W Rev 1.0)",
        "it needs extra@*, which does not go with the rest",
      ])
  }

  @Test("What is so of all releases of a package is said of none")
  func none() throws {
    let shelf = try Shelf([
      ("app 1.0.0", ["lib": "^1"]), ("app 2.0.0", ["ghost": "*"]), ("dash 1.0.0", ["lib": "^2"]), ("lib 1.0.0", [:]),
      ("lib 2.0.0", [:]),
    ])
    #expect(
      resolved(try shelf.problem("app", "dash")) == [
        "Because dash 1.0.0 needs lib@^2 and app 1.0.0 needs lib@^1, app 1.0.0 does not go with dash 1.0.0.",
        "And because app 2.0.0 needs ghost@*, and no release of ghost is listed, no release of app goes with dash"
          + " 1.0.0.", "And because app is asked for and dash is asked for, there is no plan.",
      ])
  }

  @Test("A range that no release meets says what there is")
  func unmet() throws {
    let shelf = try Shelf([("a 1.0.0", [:]), ("a 1.2.0", [:]), ("app 1.0.0", ["a": "^9"])])
    #expect(
      resolved(try shelf.problem("a@^2")) == ["a@^2 is asked for, and no release meets that (there are 1.0.0 to 1.2.0)"]
    )
    #expect(
      resolved(try shelf.problem("app")) == [
        "Because app 1.0.0 needs a@^9, and no release meets that (there are 1.0.0 to 1.2.0), and app is asked for,"
          + " there is no plan."
      ])
  }

  @Test("Prereleases only where a range names one of the same version")
  func prereleases() throws {
    let shelf = try Shelf([
      ("a 1.0.0", [:]), ("a 1.1.0-rc.1", [:]), ("a 1.1.0-rc.2", [:]), ("a 1.2.0-beta", [:]),
      ("app 1.0.0", ["a": "^1"]), ("app 2.0.0", ["a": "^1.1.0-rc.1"]),
    ])
    #expect(resolved(try shelf.problem("a")) == ["+a 1.0.0"])
    #expect(resolved(try shelf.problem("app@1")) == ["+a 1.0.0", "+app 1.0.0"])
    #expect(resolved(try shelf.problem("app")) == ["+a 1.1.0-rc.2", "+app 2.0.0"])
    #expect(resolved(try shelf.problem("a@1.2.0-beta")) == ["+a 1.2.0-beta"])
  }

  @Test("Only what runs on this machine, and the variant that suits it best")
  func platforms() throws {
    var shelf = try Shelf([("a 1.0.0 any", [:]), ("a 2.0.0 macos-arm64", [:])])
    try shelf.add("a 1.0.0 linux-arm64")
    try shelf.add("a 1.5.0", model: "Raspberry Pi 5*")
    let plan = try VersionManager.resolve(shelf.problem("a"))
    #expect(plan.steps.map(\.variant?.description) == ["a@1.0.0 (linux-arm64)"])
    #expect(
      plan.steps[0].newer?.reason == "it does not run on this machine (linux-arm64, Raspberry Pi Zero 2 W Rev 1.0)")
    #expect(
      resolved(try shelf.problem("a@>1")) == [
        "Because a 1.5.0 and newer do not run on this machine (linux-arm64, Raspberry Pi Zero 2 W Rev 1.0), and"
          + " a@>1 is asked for, there is no plan."
      ])
  }

  @Test("The same problem gives the same plan, in whichever order the releases are listed")
  func deterministic() throws {
    var shelf = try Shelf.random(packages: 30, releases: 8, seed: 7)
    let first = resolved(try shelf.problem("p0", "p1"))
    var generator = SeededGenerator(seed: 99)
    for _ in 0..<20 {
      shelf.listed.shuffle(using: &generator)
      #expect(resolved(try shelf.problem("p0", "p1")) == first)
    }
  }
}
