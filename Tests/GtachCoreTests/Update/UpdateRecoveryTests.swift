import GtachCore
import GtachModel
import Testing

@Suite("Recovery of updates")
struct UpdateRecoveryTests {
  private let testFailure = UpdateMachine.Outcome.tested(Sample.report(passed: false))

  /// A machine whose update from 1.0.0 to 1.1.0 lost its power.
  private func interrupted(before entry: String) throws -> SimulatedMachine {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    return try node.cut(before: entry) { try $0.install("1.1.0") }
  }

  @Test(
    "whatever ran when the power was lost is tried again, and then the update goes on",
    arguments: ["preInstall app@1.1.0", "postInstall app@1.1.0", "selfTest app@1.1.0"])
  func triedAgain(entry: String) throws {
    var node = try interrupted(before: entry)
    node.clearLog()
    let results = try node.recover()
    #expect(results.map(\.success) == [true])
    #expect(node.log.contains(entry))
    #expect(try node.active() == "1.1.0")
    #expect(try node.recover().isEmpty, "there is nothing left to recover")
  }

  @Test("three times is enough: then the previous release comes back, and this one is refused")
  func attempts() throws {
    var node = try interrupted(before: "selfTest app@1.1.0")
    for _ in 2...3 { node = try node.cut(before: "selfTest app@1.1.0") { try $0.recover() } }
    node.clearLog()
    let results = try node.recover()
    #expect(results.map(\.success) == [false])
    #expect(results.first?.rollbackPerformed == true)
    #expect(results.first?.message == "app@1.1.0 was never tried to the end; 1.0.0 is active again")
    #expect(node.log == ["postInstall app@1.0.0"])
    #expect(try node.active() == "1.0.0")
    #expect(try node.install("1.1.0").validationErrors.map(\.code) == ["release-refused"])
  }

  @Test("a release that failed its self-test is not given another chance by a power cut while it is rolled back")
  func rollingBack() throws {
    var before = SimulatedMachine()
    try before.install("1.0.0")
    before.clearLog()
    before.behaviours["1.1.0"] = .init(selfTest: testFailure)
    var seen = 0
    for steps in 0..<(try before.stepCount { try $0.install("1.1.0") }) {
      var node = before
      node.remainingSteps = steps
      #expect(throws: SimulatedMachine.PowerCut.self) { try node.install("1.1.0") }
      guard node.log.contains("postInstall app@1.0.0"), node.log.contains("selfTest app@1.1.0") else { continue }
      seen += 1
      node.remainingSteps = nil
      node.behaviours = [:]
      let results = try node.recover()
      #expect(results.allSatisfy { !$0.success })
      #expect(try node.active() == "1.0.0")
      #expect(try node.records().state.packages[Sample.name]?.refused.count == 1)
    }
    #expect(seen > 3)
  }

  @Test("a previous release whose hook the machine does not survive is not run for ever")
  func deadlyUndoHook() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.behaviours["1.1.0"] = .init(selfTest: testFailure)
    node = try node.cut(before: "postInstall app@1.0.0") { try $0.install("1.1.0") }
    for _ in 2...3 { node = try node.cut(before: "postInstall app@1.0.0") { try $0.recover() } }
    node.clearLog()
    #expect(try node.recover().map(\.success) == [false])
    #expect(node.log.isEmpty)
    #expect(try node.active() == "1.0.0")
  }

  @Test("a rollback by hand that loses its power is finished, however often")
  func rollbackByHand() throws {
    var before = SimulatedMachine()
    try before.install("1.0.0")
    try before.install("1.1.0")
    for steps in 0..<(try before.stepCount { try $0.rollBack() }) {
      var node = before
      node.remainingSteps = steps
      #expect(throws: SimulatedMachine.PowerCut.self) { try node.rollBack() }
      for _ in 0..<4 {
        node.remainingSteps = steps / 2
        do { try node.recover() } catch is SimulatedMachine.PowerCut {}
      }
      node.remainingSteps = nil
      try node.recover()
      let active = try node.active()
      let held = try node.records().state.installed.first?.held
      #expect((active == "1.0.0" && held == true) || (active == "1.1.0" && held == false), "step \(steps)")
    }
  }
}
