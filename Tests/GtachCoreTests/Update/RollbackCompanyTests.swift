import GtachModel
import Testing

@testable import GtachCore

@Suite("Rollbacks by hand of packages that need each other")
struct RollbackCompanyTests {
  private func release(
    _ version: String, of name: String, needs: [String: String] = [:]
  ) -> InstallState.Release {
    Sample.release(version, of: name) {
      var ranges: [PackageName: VersionRange] = [:]
      for (name, range) in needs { ranges[Sample.name(name)] = Sample.range(range) }
      $0.dependencies = Dependencies(ranges)
    }
  }

  private func set(_ major: Int) -> [InstallState.Release] {
    [release("\(major).0.0", of: "lib"), release("\(major).0.0", of: "app", needs: ["lib": "^\(major)"])]
  }

  private func active(_ node: SimulatedMachine) throws -> [String: String] {
    try node.checkAtRest()
    return try InstallRootChecker(disk: node.disk).atRest().active
  }

  private func held(_ node: SimulatedMachine) throws -> [String] {
    try node.records().state.installed.filter(\.held).map(\.name.text)
  }

  @Test("the app goes back with the lib that it needs, in one transaction, and forward again with it")
  func app() throws {
    var node = SimulatedMachine()
    try node.install(set(1))
    try node.install(set(2))
    node.clearLog()
    let result = try node.rollBack()
    #expect(result.message == "app@1.0.0 is active again, in place of 2.0.0 with lib@1.0.0, and held there")
    #expect(result.together == ["lib@1.0.0"])
    #expect(node.log == ["postInstall lib@1.0.0", "postInstall app@1.0.0", "selfTest lib@1.0.0", "selfTest app@1.0.0"])
    #expect(try active(node) == ["app": "1.0.0", "lib": "1.0.0"])
    #expect(try held(node) == ["app"], "the lib stays for what needs it")
    #expect(try node.records().state.lastTransaction == 3)
    #expect(try !node.install(set(2)).success, "nothing goes forward by itself")
    #expect(try node.install(set(2), force: true).success)
    #expect(try active(node) == ["app": "2.0.0", "lib": "2.0.0"])
    #expect(try held(node) == [])
  }

  @Test("the lib goes back with the app that needs the newer one, and is what is reported and held")
  func lib() throws {
    var node = SimulatedMachine()
    try node.install(set(1))
    try node.install(set(2))
    let result = try node.rollBack(of: Sample.name("lib"))
    #expect(result.name == Sample.name("lib") && result.together == ["app@1.0.0"])
    #expect(try active(node) == ["app": "1.0.0", "lib": "1.0.0"])
    #expect(try held(node) == ["lib"])
    #expect(try node.records().state.packages[Sample.name]?.previous?.id.version == Sample.version("2.0.0"))
  }

  @Test("what goes with the older release stays")
  func alone() throws {
    var node = SimulatedMachine()
    try node.install([release("1.0.0", of: "lib"), release("1.0.0", of: "app", needs: ["lib": "^1"])])
    try node.install(release("1.1.0", of: "lib"))
    try node.install(release("1.1.0", of: "app", needs: ["lib": "^1"]))
    #expect(try node.rollBack().together == nil)
    #expect(try active(node) == ["app": "1.0.0", "lib": "1.1.0"])
  }

  @Test("of what is kept, a release is taken that goes with all others")
  func chain() throws {
    var node = SimulatedMachine()
    node.machine.keepInstalled = 4
    try node.install([
      release("1.0.0", of: "base"), release("1.0.0", of: "lib", needs: ["base": "^1"]),
      release("1.0.0", of: "app", needs: ["lib": "1.0.0"]),
    ])
    try node.install([
      release("1.5.0", of: "lib", needs: ["base": "^1"]), release("1.5.0", of: "app", needs: ["lib": "^1.5"]),
    ])
    try node.install([
      release("2.0.0", of: "base"), release("2.0.0", of: "lib", needs: ["base": "^2"]),
      release("2.0.0", of: "app", needs: ["lib": "^2"]),
    ])
    var copy = node
    #expect(try copy.rollBack().together == ["base@1.0.0", "lib@1.5.0"])
    #expect(try active(copy) == ["app": "1.5.0", "base": "1.0.0", "lib": "1.5.0"])
    #expect(try node.rollBack("1.0.0").success)
    #expect(try active(node) == ["app": "1.0.0", "base": "1.0.0", "lib": "1.0.0"])
  }

  @Test("where nothing that is kept goes with it, it is refused with the names and what to do, and nothing changes")
  func refused() throws {
    var node = SimulatedMachine()
    try node.install(set(1))
    try node.install(set(2))
    try node.install(release("2.1.0", of: "lib"))
    let error = thrownError { try node.rollBack() }
    #expect(error?.code == .dependencyConflict)
    #expect(error?.message == "app cannot go back to 1.0.0")
    #expect(error?.reason == "app@1.0.0 needs lib@^1, and lib@2.1.0 would be active; kept of it: 2.1.0, 2.0.0")
    #expect(error?.advice == "to have all fetched that goes with it: gtach install app@1.0.0")
    #expect(try active(node) == ["app": "2.0.0", "lib": "2.1.0"])
  }

  @Test("what was broken before does not keep anything from going back")
  func brokenBefore() throws {
    var node = SimulatedMachine()
    try node.install(set(1))
    try node.install(set(2))
    try node.disk.perform(.remove(node.layout.releases(of: Sample.name("lib"))))
    try node.install(release("3.0.0", of: "other"))
    try node.install(release("3.1.0", of: "other"))
    #expect(try node.rollBack(of: Sample.name("other")).success)
  }

  @Test("a failed self-test of one of them is reported and decides nothing")
  func failing() throws {
    var node = SimulatedMachine()
    try node.install(set(1))
    try node.install(set(2))
    node.behaviours["lib@1.0.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
    let result = try node.rollBack()
    #expect(result.success && result.message.hasSuffix("although not all tests passed"))
    #expect(result.validationErrors.map(\.code) == ["self-test-failed"])
    #expect(try active(node) == ["app": "1.0.0", "lib": "1.0.0"])
  }

  @Test("releases in a circle go back together")
  func circle() throws {
    var node = SimulatedMachine()
    for major in 1...2 {
      try node.install([
        release("\(major).0.0", of: "a", needs: ["b": "^\(major)"]),
        release("\(major).0.0", of: "b", needs: ["a": "^\(major)"]),
      ])
    }
    #expect(try node.rollBack(of: Sample.name("b")).together == ["a@1.0.0"])
    #expect(try active(node) == ["a": "1.0.0", "b": "1.0.0"])
  }
}
