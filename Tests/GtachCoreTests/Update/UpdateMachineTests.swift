import GtachModel
import Testing

@testable import GtachCore

@Suite("Updates")
struct UpdateMachineTests {
  private let hookError = GtachError(.hookFailed, "the hook failed", reason: "it exited with 1")
  private let testFailure = UpdateMachine.Outcome.tested(Sample.report(passed: false))

  @Test("a first installation, then an update, then another: the release before is kept whole, older ones are gone")
  func updates() throws {
    var node = SimulatedMachine()
    let first = try node.install("1.0.0")
    #expect(first.success)
    #expect(first.message == "app@1.0.0 is installed")
    #expect(first.backupLocation == nil)
    #expect(first.selfTest?.passed == true)
    #expect(try node.active() == "1.0.0")
    #expect(node.log == ["preInstall app@1.0.0", "postInstall app@1.0.0", "selfTest app@1.0.0"])

    let second = try node.install("1.1.0")
    #expect(second.success)
    #expect(second.message == "app@1.1.0 is installed, in place of 1.0.0")
    #expect(second.backupLocation == "/opt/gtach/releases/app/1.0.0")
    #expect(try node.active() == "1.1.0")

    try node.install("1.2.0")
    #expect(try node.active() == "1.2.0")
    #expect(node.disk.list("/opt/gtach/releases/app") == ["1.1.0", "1.2.0"])
    let installed = try node.records().state.installed
    #expect(installed.map(\.version) == [Sample.version("1.2.0")])
    #expect(installed.first?.previous == Sample.version("1.1.0"))
    #expect(installed.first?.selfTest == Sample.report(passed: true))
  }

  @Test("packages share a generation, and each keeps its own release")
  func packages() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    try node.install(Sample.release("3.0.0", of: "other", hooks: false))
    try node.install("1.1.0")
    try node.checkAtRest()
    #expect(node.reachable() == "1.1.0")
    #expect(node.reachable(Sample.name("other")) == "3.0.0")
    #expect(try node.records().state.installed.map(\.name.text) == ["app", "other"])
  }

  @Test("what is installed already is not installed again")
  func again() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.clearLog()
    let result = try node.install("1.0.0", force: true)
    #expect(result.success)
    #expect(result.message == "app@1.0.0 is installed already")
    #expect(node.log.isEmpty)
    #expect(try node.active() == "1.0.0")
  }

  @Test("a failed self-test brings the previous release back, and its postInstall hook runs again")
  func failedSelfTest() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.behaviours["1.1.0"] = .init(selfTest: testFailure)
    node.clearLog()
    let result = try node.install("1.1.0")
    #expect(!result.success)
    #expect(result.rollbackPerformed)
    #expect(result.message == "the self-test of app@1.1.0 failed; 1.0.0 is active again")
    #expect(result.validationErrors.map(\.code) == ["self-test-failed"])
    #expect(result.validationErrors.first?.reason == "read: 0")
    #expect(result.selfTest == Sample.report(passed: false))
    #expect(node.log.last == "postInstall app@1.0.0")
    #expect(try node.active() == "1.0.0")
    let package = try node.records().state.packages[Sample.name]
    #expect(package?.refused.map(\.version) == [Sample.version("1.1.0")])
    #expect(package?.selfTest == Sample.report(passed: true), "that of the active release")
  }

  @Test("a failed hook before the activation leaves the active release alone")
  func failedPreInstall() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.behaviours["1.1.0"] = .init(preInstall: hookError)
    node.clearLog()
    let result = try node.install("1.1.0")
    #expect(!result.success)
    #expect(!result.rollbackPerformed, "it never was active")
    #expect(result.message == "a hook of app@1.1.0 failed; 1.0.0 stays active")
    #expect(result.validationErrors == [ErrorReport(hookError)])
    #expect(node.log == ["preInstall app@1.1.0"])
    #expect(try node.active() == "1.0.0")
  }

  @Test("a failed hook after the activation brings the previous release back")
  func failedPostInstall() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.behaviours["1.1.0"] = .init(postInstall: hookError)
    let result = try node.install("1.1.0")
    #expect(!result.success)
    #expect(result.rollbackPerformed)
    #expect(try node.active() == "1.0.0")
  }

  @Test("a first installation that fails leaves the package not installed")
  func failedFirst() throws {
    var node = SimulatedMachine()
    node.behaviours["1.0.0"] = .init(selfTest: testFailure)
    let result = try node.install("1.0.0")
    #expect(!result.success)
    #expect(result.message == "the self-test of app@1.0.0 failed; app is not installed")
    #expect(try node.active() == nil)
    #expect(node.disk.list("/opt/gtach/releases").isEmpty)
    #expect(try node.records().state.installed.isEmpty)
    try node.install("1.0.1")
    #expect(try node.active() == "1.0.1")
  }

  @Test("where the previous release's hook fails on the way back too, both reasons are told")
  func failedUndoHook() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.behaviours = ["1.0.0": .init(postInstall: hookError), "1.1.0": .init(selfTest: testFailure)]
    let result = try node.install("1.1.0")
    #expect(result.validationErrors.map(\.code) == ["self-test-failed", "hook-failed"])
    #expect(try node.active() == "1.0.0")
  }

  @Test("a disk that fills up while staging: the error comes through, and nothing is left")
  func diskFull() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.behaviours["1.1.0"] = .init(stage: GtachError(.diskFull, "no space left"))
    #expect(thrownError { try node.install("1.1.0") }?.code == .diskFull)
    #expect(try node.active() == "1.0.0")
    #expect(try node.records().state.packages[Sample.name]?.refused.isEmpty == true, "not the release's failure")
    node.behaviours = [:]
    #expect(try node.install("1.1.0").success)
  }

  @Test("an operation that fails anywhere: the active release is complete, and the next start brings order")
  func failingOperations() throws {
    var before = SimulatedMachine()
    try before.install("1.0.0")
    for offset in 1...(try before.stepCount { try $0.install("1.1.0") }) {
      var node = before
      node.failure = (before.steps + offset, GtachError(.inputOutput, "the card is worn out"))
      do {
        let result = try node.install("1.1.0")
        #expect(!result.validationErrors.isEmpty || node.reachable() == "1.1.0", "operation \(offset)")
      } catch let error as GtachError {
        #expect(error.code == .inputOutput, "operation \(offset)")
      }
      let during = node.reachable()
      #expect(during == "1.0.0" || during == "1.1.0", "operation \(offset)")
      node.failure = nil
      try node.recover()
      let after = try node.active()
      #expect(after == "1.0.0" || after == "1.1.0", "operation \(offset)")
      #expect(try node.records().state.packages[Sample.name]?.refused.isEmpty == true, "operation \(offset)")
      try node.install("1.1.0")
      #expect(try node.active() == "1.1.0", "operation \(offset)")
    }
  }

  @Test("a release that failed is refused until an operator insists, or another manifest or configuration comes")
  func refusal() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.behaviours["1.1.0"] = .init(selfTest: testFailure)
    try node.install("1.1.0")
    node.behaviours = [:]
    node.clearLog()

    let refused = try node.install("1.1.0")
    #expect(!refused.success)
    #expect(!refused.rollbackPerformed)
    #expect(refused.validationErrors.map(\.code) == ["release-refused"])
    #expect(node.log.isEmpty)

    var elsewhere = node
    elsewhere.machine = InstallMachine(platform: Sample.linux, model: nil, allowMock: true)
    #expect(try elsewhere.install("1.1.0").success)
    var repacked = Sample.release("1.1.0")
    repacked.digest = Sample.digest("another manifest")
    elsewhere = node
    #expect(try elsewhere.install(repacked).success)

    #expect(try node.install("1.1.0", force: true).success)
    #expect(try node.active() == "1.1.0")
    #expect(try node.records().state.packages[Sample.name]?.refused.isEmpty == true, "it works now")
  }

  @Test("simulated lines count only where the configuration says so")
  func mock() throws {
    var node = SimulatedMachine()
    node.behaviours["1.0.0"] = .init(selfTest: .tested(Sample.report(passed: true, mock: true)))
    let result = try node.install("1.0.0")
    #expect(!result.success)
    #expect(result.validationErrors.first?.advice?.contains("allowMock") == true)
    node.machine = InstallMachine(platform: Sample.linux, model: nil, allowMock: true)
    #expect(try node.install("1.0.0").success, "the configuration changed, so the refusal is void")

    let path = SelfTestReport.Result(
      check: .path(exists: "/dev/null", kind: nil), expected: "", actual: "", passed: true, milliseconds: 0)
    let real = SelfTestReport(results: [path], mock: true)
    #expect(SelfTestVerdict.errors(real, release: Sample.release("1.0.0").id, allowMock: false).isEmpty)
  }

  @Test("a self-test that cannot be run is a failed one")
  func brokenSelfTest() throws {
    var node = SimulatedMachine()
    node.behaviours["1.0.0"] = .init(selfTest: .failed(GtachError(.gpioUnavailable, "no GPIO here")))
    let result = try node.install("1.0.0")
    #expect(!result.success)
    #expect(result.validationErrors.map(\.code) == ["gpio-unavailable"])
    #expect(try node.active() == nil)
  }

  @Test("that the machine had no room for a process is not held against the release")
  func busy() throws {
    var node = SimulatedMachine()
    node.behaviours["1.0.0"] = .init(postInstall: GtachError(.busy, "cannot start bin/post"))
    #expect(try !node.install("1.0.0").success)
    node.behaviours = [:]
    #expect(try node.install("1.0.0").success)
  }

  @Test("a rollback by hand makes the previous release active and holds it; an operator's install ends the hold")
  func rollback() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    try node.install("1.1.0")
    node.clearLog()
    let result = try node.rollBack()
    #expect(result.success)
    #expect(result.message == "app@1.0.0 is active again, in place of 1.1.0, and held there")
    #expect(node.log == ["postInstall app@1.0.0", "selfTest app@1.0.0"])
    #expect(try node.active() == "1.0.0")
    #expect(node.disk.list("/opt/gtach/releases/app") == ["1.0.0", "1.1.0"])
    #expect(try node.records().state.installed.first?.held == true)

    let held = try node.install("1.2.0")
    #expect(!held.success)
    #expect(held.validationErrors.map(\.code) == ["release-refused"])
    #expect(try node.active() == "1.0.0")

    node.clearLog()
    #expect(try node.install("1.1.0", force: true).success)
    #expect(node.log.first == "preInstall app@1.1.0", "it was kept whole: nothing had to be staged")
    #expect(try node.active() == "1.1.0")
    #expect(try node.records().state.installed.first?.held == false)
  }

  @Test("an operator's install of the very release that is held ends the hold, and nothing else")
  func endOfHold() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    try node.install("1.1.0")
    try node.rollBack("1.0.0")
    #expect(try node.install("1.0.0").message == "app@1.0.0 is installed already")
    #expect(try node.records().state.installed.first?.held == true)
    #expect(try node.install("1.0.0", force: true).message == "app@1.0.0 is installed already, and no longer held")
    #expect(try node.records().state.installed.first?.held == false)
    #expect(try node.active() == "1.0.0")
  }

  @Test("a rollback by hand stands although the hook and the self-test fail, and says so")
  func rollbackDespiteFailures() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    try node.install("1.1.0")
    node.behaviours["1.0.0"] = .init(postInstall: hookError, selfTest: testFailure)
    let result = try node.rollBack()
    #expect(result.success)
    #expect(result.message.hasSuffix("although not all tests passed"))
    #expect(result.validationErrors.map(\.code) == ["hook-failed", "self-test-failed"])
    #expect(try node.active() == "1.0.0")
  }

  @Test("there may be nothing to roll back to")
  func noRollback() throws {
    var node = SimulatedMachine()
    #expect(thrownError { try node.rollBack() }?.code == .notFound)
    try node.install("1.0.0")
    #expect(thrownError { try node.rollBack() }?.code == .notFound)
    try node.install("1.1.0")
    #expect(thrownError { try node.rollBack("0.9.0") }?.code == .notFound)
    #expect(thrownError { try node.rollBack("1.1.0") }?.code == .usage)
    #expect(try node.active() == "1.1.0")
  }

  @Test("a failed update while the previous release is tried again keeps both")
  func failedReturn() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    try node.install("1.1.0")
    node.behaviours["1.0.0"] = .init(selfTest: testFailure)
    #expect(try !node.install("1.0.0", force: true).success)
    #expect(try node.active() == "1.1.0")
    #expect(node.disk.list("/opt/gtach/releases/app") == ["1.0.0", "1.1.0"])
  }

  @Test("releases that somebody removed are forgotten and never linked to")
  func removedReleases() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    try node.install("1.1.0")
    try node.disk.perform(.remove("/opt/gtach/releases/app/1.0.0"))
    #expect(thrownError { try node.rollBack() }?.code == .notFound)
    try node.disk.perform(.remove("/opt/gtach/releases/app/1.1.0"))
    #expect(try node.install("1.1.0").success)
    #expect(try node.active() == "1.1.0")
  }

  @Test("the history tells how each transaction ended")
  func history() throws {
    var node = SimulatedMachine()
    node.behaviours["1.1.0"] = .init(selfTest: testFailure)
    try node.install("1.0.0")
    try node.install("1.1.0")
    try node.install("1.2.0")
    try node.rollBack()
    let lines = String(decoding: try node.records().history, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines.allSatisfy { $0.contains("\"started\":\"1970-01-01T00:16:40Z\"") })
    #expect(lines[1].contains("\"success\":false"))
    #expect(lines[3].contains("\"kind\":\"rollback\""))
  }

  @Test("what the hooks said is told in their order, those of a rollback too, and only the end of what is long")
  func hookOutput() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    node.behaviours["1.1.0"] = .init(selfTest: testFailure)
    let hooks = try #require(try node.install("1.1.0").hooks)
    #expect(hooks.map(\.release) == ["app@1.1.0", "app@1.1.0", "app@1.0.0"])
    #expect(hooks.map(\.hook) == ["preInstall", "postInstall", "postInstall"])
    #expect(hooks[0].output == "as said\n")
    let long = HookReport(
      release: "a@1.0.0", hook: "preInstall", output: String(repeating: "x", count: 2000) + "\u{1B}[1m\r\nend",
      milliseconds: 1)
    #expect(long.output.count == HookReport.maximumOutputLength)
    #expect(long.output.hasSuffix("x[1m\nend"))
  }

  @Test("as many earlier releases as the configuration says are kept, and any of them can be gone back to")
  func keepsMore() throws {
    var node = SimulatedMachine()
    node.machine.keepInstalled = 3
    for version in ["1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0"] { try node.install(version) }
    #expect(node.disk.list("/opt/gtach/releases/app") == ["1.1.0", "1.2.0", "1.3.0", "1.4.0"])
    #expect(thrownError { try node.rollBack("1.0.0") }?.reason == "kept: 1.4.0, 1.3.0, 1.2.0, 1.1.0")
    #expect(try node.rollBack("1.1.0").success)
    #expect(try node.active() == "1.1.0")
    let installed = try #require(try node.records().state.installed.first)
    #expect(installed.previous?.description == "1.4.0")
    #expect(installed.older?.map(\.description) == ["1.3.0", "1.2.0"])
    #expect(try node.rollBack().success)
    #expect(try node.active() == "1.4.0")

    // With fewer to keep, the oldest go at the next update.
    node.machine.keepInstalled = 1
    try node.install("1.5.0", force: true)
    #expect(try node.active() == "1.5.0")
    #expect(node.disk.list("/opt/gtach/releases/app") == ["1.4.0", "1.5.0"])
    #expect(try node.records().state.installed.first?.older == nil)
  }

  @Test("what somebody removed of what was kept is forgotten, and the rest is not")
  func removedByHand() throws {
    var node = SimulatedMachine()
    node.machine.keepInstalled = 3
    for version in ["1.0.0", "1.1.0", "1.2.0", "1.3.0"] { try node.install(version) }
    try node.disk.perform(.remove("/opt/gtach/releases/app/1.1.0"))
    #expect(thrownError { try node.rollBack("1.1.0") }?.code == .notFound)
    #expect(try node.rollBack("1.0.0").success)
    #expect(try node.active() == "1.0.0")
  }

  @Test("outcomes that nobody asked for end the update with a bug, not with damage")
  func nonsense() throws {
    var node = SimulatedMachine()
    try node.install("1.0.0")
    let records = try node.records()
    var update = try UpdateMachine.installing(
      [RequestedRelease(Sample.release("1.1.0"))], records: records, layout: node.layout, machine: node.machine,
      freeBytes: 1 << 30, now: Timestamp(secondsSinceEpoch: 0), hashing: TestHashing())
    update.advance(.tested(Sample.report(passed: true)))
    guard case .fail(let error) = update.action else {
      Issue.record("it went on with \(update.action)")
      return
    }
    #expect(error.code == .bug)
  }
}
