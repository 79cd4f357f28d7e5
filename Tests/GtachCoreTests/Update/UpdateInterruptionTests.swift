import GtachModel
import Testing

@testable import GtachCore

@Suite("Updates that are interrupted")
struct UpdateInterruptionTests {
  private func installed(_ versions: String...) throws -> SimulatedMachine {
    var node = SimulatedMachine.withServices()
    for version in versions { try node.install(Sample.service(version)) }
    node.clearLog()
    return node
  }

  @Test("one that is told to stop while the service is stopped has it run again before it ends")
  func serviceRunsAgain() throws {
    var node = try installed("1.0.0")
    // Staged, looked at the service, the hook before the activation: the fourth stops the service.
    node.interruption = (action: 3, isLate: true)
    let result = try node.install(Sample.service("1.1.0"))
    #expect(!result.success && result.rollbackPerformed)
    #expect(
      result.message == "the installation of app@1.1.0 was interrupted; 1.0.0 is active again, and so is its service")
    #expect(result.validationErrors.map(\.code) == ["cancelled"])
    #expect(result.validationErrors.first?.advice == "it may be installed again: gtach install app@1.1.0")
    #expect(
      node.log == [
        "preInstall app@1.1.0", "stop app.service", "stop app.service", "reload", "postInstall app@1.0.0",
        "start app.service", "watch app.service 1",
      ])
    node.services.check(["app": "1.0.0"], node.disk)
    #expect(try node.active() == "1.0.0")
    #expect(try node.records().state.packages[Sample.name]?.refused.isEmpty == true, "nobody is to blame")
    node.interruption = nil
    #expect(try node.install(Sample.service("1.1.0")).success)
  }

  @Test("what is not complete yet is gone, and nothing was changed")
  func staging() throws {
    var node = try installed("1.0.0")
    node.interruption = (action: 0, isLate: false)
    let error = thrownError { try node.install(Sample.service("1.1.0")) }
    #expect(error?.code == .cancelled && error?.advice == "nothing was changed")
    #expect(try node.active() == "1.0.0" && node.log.isEmpty)
  }

  @Test("before anything was stopped, what is active stays so")
  func beforeActivation() throws {
    var node = try installed("1.0.0")
    node.interruption = (action: 2, isLate: false)
    let result = try node.install(Sample.service("1.1.0"))
    #expect(result.message == "the installation of app@1.1.0 was interrupted; 1.0.0 stays active")
    #expect(!result.rollbackPerformed && node.log.isEmpty)
    #expect(try node.active() == "1.0.0")
  }

  @Test("a rollback by hand is taken back as well, and holds nothing")
  func rollback() throws {
    var node = try installed("1.0.0", "1.1.0")
    node.interruption = (action: 2, isLate: false)
    let result = try node.rollBack()
    #expect(
      result.message == "the rollback to app@1.0.0 was interrupted; 1.1.0 is active again, and so is its service")
    #expect(
      result.validationErrors.first?.advice == "to go back all the same: gtach rollback app 1.0.0")
    #expect(try node.records().state.packages[Sample.name]?.held == false)
    node.services.check(["app": "1.1.0"], node.disk)
  }

  @Test("a self-test that was stopped midway is not a failed one")
  func stoppedReport() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    var report = Sample.report(passed: false)
    report.results[0].code = ErrorCode.cancelled.rawValue
    node.behaviours["1.1.0"] = .init(selfTest: .tested(report))
    let result = try node.install("1.1.0")
    #expect(result.validationErrors.map(\.code) == ["cancelled"])
    #expect(try node.records().state.packages[Sample.name]?.refused.isEmpty == true)
    #expect(try node.active() == "1.0.0")
  }

  @Test("a way back that is interrupted goes on to its end, and the failure before it is what the result tells of")
  func wayBack() throws {
    var whole = try installed("1.0.0")
    whole.behaviours["1.1.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
    whole.interruption = (action: .max, isLate: false)
    var uncut = whole
    try uncut.install(Sample.service("1.1.0"))
    // The seventh is the self-test.
    for action in 6..<uncut.waits {
      var node = whole
      node.interruption = (action: action, isLate: true)
      let result = try node.install(Sample.service("1.1.0"))
      #expect(result.validationErrors.first?.code == (action == 6 ? "cancelled" : "self-test-failed"), "\(action)")
      node.services.check(["app": "1.0.0"], node.disk, "\(action)")
      #expect(try node.active() == "1.0.0")
    }
  }

  @Test("whenever it comes, what runs when the process ends is what ran before, or what is committed")
  func everyAction() throws {
    for scenario in UpdateServiceCutTests.Scenario.allCases {
      let start = try scenario.prepared()
      for isLate in [false, true] {
        var uncut = start
        uncut.interruption = (action: .max, isLate: isLate)
        try scenario.run(&uncut)
        for action in 0..<uncut.waits {
          var node = start
          node.interruption = (action: action, isLate: isLate)
          do { try scenario.run(&node) } catch let error as GtachError { #expect(error.code == .cancelled) }
          let comment = "\(scenario.rawValue), interrupted at \(action)\(isLate ? " lately" : "")"
          node.services.check(scenario.before, node.disk, comment)
          try node.checkAtRest()
        }
      }
    }
  }

  @Test("where it is killed while it takes an update back, the next start does so")
  func killed() throws {
    var generator = SeededGenerator(seed: 3)
    let scenario = UpdateServiceCutTests.Scenario.set
    let start = try scenario.prepared()
    var uncut = start
    uncut.interruption = (action: .max, isLate: false)
    try scenario.run(&uncut)
    var points = 0
    for action in 1..<uncut.waits {
      var interrupted = start
      interrupted.interruption = (action: action, isLate: true)
      var whole = interrupted
      do { try scenario.run(&whole) } catch is GtachError {}
      for step in stride(from: action % 5, to: whole.steps - start.steps, by: 5) {
        var node = interrupted
        node.remainingSteps = step
        do { try scenario.run(&node) } catch is SimulatedMachine.PowerCut {} catch is GtachError {}
        node.remainingSteps = nil
        node.interruption = nil
        node.disk = node.disk.afterPowerCut(using: &generator)
        node.services.boot(node.disk)
        try node.recover()
        try node.checkAtRest()
        let active = try node.records().state.active
        let versions = Dictionary(uniqueKeysWithValues: active.map { ($0.key.text, $0.value.id.version.description) })
        #expect([scenario.before, scenario.after].contains(versions))
        node.services.check(versions, node.disk, "interrupted at \(action), killed at step \(step)")
        points += 1
      }
    }
    print("crash points of an interrupted update: \(points)")
  }
}
