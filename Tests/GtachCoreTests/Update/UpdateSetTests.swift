import GtachModel
import Testing

@testable import GtachCore

@Suite("Updates of several releases at once")
struct UpdateSetTests {
  private func set(_ version: String) -> [InstallState.Release] {
    [
      Sample.release(version, of: "lib"),
      Sample.release(version) { $0.dependencies = Dependencies([Sample.name("lib"): Sample.range(version)]) },
    ]
  }

  private func active(_ node: SimulatedMachine) throws -> [String: String] {
    try node.checkAtRest()
    return try InstallRootChecker(disk: node.disk).atRest().active
  }

  @Test("all hooks before the activation run before it, all after it behind it, and then every self-test")
  func order() throws {
    var node = SimulatedMachine()
    let result = try node.install(set("1.0.0"))
    #expect(result.success)
    #expect(result.message == "app@1.0.0 is installed with lib@1.0.0")
    #expect(result.together == ["lib@1.0.0"])
    #expect(result.selfTest?.results.count == 2)
    #expect(
      node.log == [
        "preInstall lib@1.0.0", "preInstall app@1.0.0", "postInstall lib@1.0.0", "postInstall app@1.0.0",
        "selfTest lib@1.0.0", "selfTest app@1.0.0",
      ])
    #expect(try active(node) == ["app": "1.0.0", "lib": "1.0.0"])
  }

  @Test("where the app fails its self-test, the lib that came for it goes back too, and only the app is refused")
  func appFails() throws {
    var node = SimulatedMachine()
    try node.install(set("1.0.0"))
    node.behaviours["2.0.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
    node.clearLog()
    let result = try node.install(set("2.0.0"))
    #expect(!result.success && result.rollbackPerformed)
    #expect(
      result.message == "the self-test of app@2.0.0 failed; lib@1.0.0 and app@1.0.0 are active again")
    #expect(node.log.suffix(2) == ["postInstall lib@1.0.0", "postInstall app@1.0.0"])
    #expect(try active(node) == ["app": "1.0.0", "lib": "1.0.0"])
    let packages = try node.records().state.packages
    #expect(packages[Sample.name]?.refused.count == 1)
    #expect(packages[Sample.name("lib")]?.refused.isEmpty == true)
    #expect(try node.install(set("2.0.0")).validationErrors.map(\.code) == ["release-refused"])
  }

  @Test("where the lib fails, the app was not even tested, and is not blamed")
  func libFails() throws {
    var node = SimulatedMachine()
    node.behaviours["lib@1.0.0"] = .init(postInstall: GtachError(.hookFailed, "the hook failed"))
    let result = try node.install(set("1.0.0"))
    #expect(result.message == "a hook of lib@1.0.0 failed; lib and app are not installed")
    #expect(!node.log.contains("selfTest app@1.0.0"))
    #expect(try active(node) == [:])
    #expect(try node.records().state.packages[Sample.name]?.refused.isEmpty == true)
  }

  @Test("one whose archive cannot be staged keeps all from being installed, and nothing of the others is left")
  func stageFails() throws {
    var node = SimulatedMachine()
    try node.install(set("1.0.0"))
    node.behaviours["2.0.0"] = .init(stage: GtachError(.diskFull, "no space left"))
    #expect(thrownError { try node.install(set("2.0.0")) }?.code == .diskFull)
    #expect(try active(node) == ["app": "1.0.0", "lib": "1.0.0"])
  }

  @Test("what of a set is active already is left as it is")
  func partly() throws {
    var node = SimulatedMachine()
    try node.install(Sample.release("1.0.0", of: "lib"))
    node.clearLog()
    let result = try node.install(set("1.0.0"))
    #expect(result.message == "app@1.0.0 is installed")
    #expect(node.log == ["preInstall app@1.0.0", "postInstall app@1.0.0", "selfTest app@1.0.0"])
    #expect(try node.install(set("1.0.0")).message == "app@1.0.0 is installed already")
  }

  @Test("the room that all of them need has to be there, and what each needs is looked for among all of them")
  func conditions() throws {
    var node = SimulatedMachine()
    node.freeBytes = UpdateConditions.reserveBytes + 1999
    #expect(try node.install(set("1.0.0")).validationErrors.map(\.code) == ["disk-full"])
    node.freeBytes += 1
    #expect(try node.install(set("1.0.0")).success)
    let app = Sample.release("2.0.0") { $0.dependencies = Dependencies([Sample.name("lib"): Sample.range("2")]) }
    #expect(try node.install(app).validationErrors.map(\.code) == ["dependency-missing"])
  }

  @Test("two releases of a package, or none, are a mistake of the caller")
  func nonsense() throws {
    var node = SimulatedMachine()
    #expect(thrownError { try node.install([]) }?.code == .bug)
    #expect(thrownError { try node.install([Sample.release("1.0.0"), Sample.release("2.0.0")]) }?.code == .bug)
  }

  @Test("what somebody changed while a release was tried is put right before the rollback is said to be done")
  func verified() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.behaviours["1.1.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
    var restored = 0
    for steps in 1..<(try node.stepCount { try $0.install("1.1.0") }) {
      var broken = node
      broken.remainingSteps = steps
      do { try broken.install("1.1.0") } catch is SimulatedMachine.PowerCut {}
      broken.remainingSteps = nil
      try broken.disk.perform(.remove("/opt/gtach/generations/1/app"))
      guard try broken.recover().first?.rollbackPerformed == true else { continue }
      restored += 1
      #expect(try active(broken) == ["app": "1.0.0"], "step \(steps)")
    }
    #expect(restored > 5)
  }
}
