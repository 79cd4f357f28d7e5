import GtachModel
import Testing

@testable import GtachCore

@Suite("Updates of services")
struct UpdateServiceTests {
  private let failure = UpdateMachine.Outcome.tested(Sample.report(passed: false))
  private let crash = GtachError(.serviceFailed, "app.service does not stay up", reason: "it was started again 3 times")

  private func installed(_ versions: String...) throws -> SimulatedMachine {
    var node = SimulatedMachine.withServices()
    for version in versions { #expect(try node.install(Sample.service(version)).success) }
    node.clearLog()
    return node
  }

  @Test("an update stops the service as late as it can, tests lines while it is stopped and the rest when it runs")
  func order() throws {
    var node = try installed("1.0.0")
    let result = try node.install(Sample.service("1.1.0"))
    #expect(result.success)
    #expect(
      node.log == [
        "preInstall app@1.1.0", "stop app.service", "reload", "postInstall app@1.1.0",
        "selfTest app@1.1.0 serviceStopped", "start app.service", "watch app.service 10",
        "selfTest app@1.1.0 serviceRunning",
      ])
    #expect(result.services == [ServiceReport(release: "app@1.1.0", unit: "app.service", isRunning: true)])
    #expect(result.selfTest?.results.count == 2, "of both parts")
    #expect(try node.active() == "1.1.0")
    node.services.check(["app": "1.1.0"], node.disk)
  }

  @Test("a unit file that stays what it is is neither written nor read again")
  func sameUnit() throws {
    var node = try installed("1.0.0")
    let steps = try node.stepCount { try $0.install(Sample.service("1.1.0")) }
    #expect(try node.stepCount { try $0.install(Sample.service("1.0.1")) } < steps)
    try node.install(Sample.service("1.0.1"))
    #expect(!node.log.contains("reload"))
    node.services.check(["app": "1.0.1"], node.disk)
    // Somebody took it away meanwhile.
    try node.disk.perform(.remove("/etc/systemd/system/app.service"))
    try node.install(Sample.service("1.0.2"))
    node.services.check(["app": "1.0.2"], node.disk)
  }

  @Test("stableSeconds and timeoutSeconds are what the author says")
  func patience() throws {
    var node = try installed()
    let release = Sample.service("1.0.0") {
      $0.install?.stableSeconds = 20
      $0.install?.timeoutSeconds = 7
    }
    #expect(release.serviceOrders == [])
    try node.install(release)
    #expect(node.log.contains("watch app.service 20"))
    let service = try node.records().state.packages[Sample.name]?.active
    let id = ServiceID(manager: .systemd, name: "app.service")
    #expect(service?.serviceOrders == [.start(id, timeoutSeconds: 7), .watch(id, stableSeconds: 20)])
  }

  @Test("a service that does not stay up takes its release back, and the one before runs again")
  func crashing() throws {
    var node = try installed("1.0.0")
    node.behaviours["1.1.0"] = .init(watch: crash)
    let result = try node.install(Sample.service("1.1.0"))
    #expect(!result.success && result.rollbackPerformed)
    #expect(result.message == "the service of app@1.1.0 failed; 1.0.0 is active again, and so is its service")
    #expect(result.validationErrors == [ErrorReport(crash)])
    #expect(result.services == [ServiceReport(release: "app@1.0.0", unit: "app.service", isRunning: true)])
    #expect(!node.log.contains("selfTest app@1.1.0 serviceRunning"))
    #expect(
      node.log.suffix(5) == [
        "stop app.service", "reload", "postInstall app@1.0.0", "start app.service", "watch app.service 10",
      ])
    #expect(try node.active() == "1.0.0")
    #expect(try node.records().state.packages[Sample.name]?.refused.map(\.version) == [Sample.version("1.1.0")])
    node.services.check(["app": "1.0.0"], node.disk)
  }

  @Test("a self-test that fails does so too, before the service was started and after", arguments: [true, false])
  func failingTest(isFirst: Bool) throws {
    var node = try installed("1.0.0")
    node.behaviours["1.1.0"] = isFirst ? .init(selfTest: failure) : .init(runningSelfTest: failure)
    let result = try node.install(Sample.service("1.1.0"))
    #expect(!result.success && result.rollbackPerformed)
    #expect(node.log.contains("selfTest app@1.1.0 serviceRunning") == !isFirst)
    #expect(result.validationErrors.map(\.code) == ["self-test-failed"])
    node.services.check(["app": "1.0.0"], node.disk)
  }

  @Test("a result says that the service before does not run either, and the rollback ends all the same")
  func brokenBefore() throws {
    var node = try installed("1.0.0")
    node.behaviours["1.1.0"] = .init(selfTest: failure)
    node.behaviours["1.0.0"] = .init(watch: crash)
    let result = try node.install(Sample.service("1.1.0"))
    #expect(!result.success && result.rollbackPerformed)
    #expect(result.message == "the self-test of app@1.1.0 failed; 1.0.0 is active again, but app.service does not run")
    #expect(result.validationErrors.map(\.code) == ["self-test-failed", "service-failed"])
    #expect(result.services == [ServiceReport(release: "app@1.0.0", unit: "app.service", isRunning: false)])
    #expect(try node.active() == "1.0.0")
  }

  @Test("where systemd does not answer on the way back, the next start finishes the rollback")
  func unavailable() throws {
    var node = try installed("1.0.0")
    node.behaviours["1.1.0"] = .init(selfTest: failure)
    node.serviceErrors["stop app.service"] = GtachError(.serviceUnavailable, "systemd does not answer")
    #expect(thrownError { try node.install(Sample.service("1.1.0")) }?.code == .serviceUnavailable)
    node.serviceErrors = [:]
    let result = try #require(try node.recover().first)
    #expect(!result.success)
    node.services.check(["app": "1.0.0"], node.disk)
    #expect(try node.records().state.packages[Sample.name]?.refused.isEmpty == true, "it was nobody's fault")
  }

  @Test("a rollback by hand does not begin where systemd does not answer, and nothing is lost")
  func unavailableRollback() throws {
    var node = try installed("1.0.0", "1.1.0")
    node.serviceErrors["stop app.service"] = GtachError(.serviceUnavailable, "systemd does not answer")
    #expect(thrownError { try node.rollBack() }?.code == .serviceUnavailable)
    node.serviceErrors = [:]
    #expect(try node.recover().first?.success == false)
    #expect(try node.active() == "1.1.0")
    node.services.check(["app": "1.1.0"], node.disk)
    #expect(try node.rollBack().success)
    node.services.check(["app": "1.0.0"], node.disk)
  }

  @Test("a release without a service ends that of the one before, and a rollback by hand brings it back")
  func gone() throws {
    var node = try installed("1.0.0")
    #expect(try node.install("2.0.0").success)
    #expect(node.log.prefix(3) == ["preInstall app@2.0.0", "stop app.service", "reload"])
    node.services.check([:], node.disk)
    #expect(try node.rollBack().services?.map(\.isRunning) == [true])
    node.services.check(["app": "1.0.0"], node.disk)
  }

  @Test("a rollback by hand stands, although the service does not stay up")
  func byHand() throws {
    var node = try installed("1.0.0", "1.1.0")
    node.behaviours["1.0.0"] = .init(watch: crash)
    let result = try node.rollBack()
    #expect(result.success)
    #expect(result.validationErrors.map(\.code) == ["service-failed"])
    #expect(result.services?.map(\.isRunning) == [false])
    #expect(try node.active() == "1.0.0")
    node.services.check(["app": "1.0.0"], node.disk)
  }

  @Test("a set stops its services before those that they need, and starts them after")
  func set() throws {
    var node = SimulatedMachine.withServices()
    for version in ["1.0.0", "2.0.0"] {
      node.clearLog()
      try node.install([
        Sample.service(version, of: "lib", hooks: false),
        Sample.service(version, hooks: false) { $0.dependencies = [Sample.name("lib"): Sample.range(version)] },
      ])
    }
    #expect(
      node.log.filter { !$0.hasPrefix("selfTest") } == [
        "stop app.service", "stop lib.service", "reload", "start lib.service", "start app.service",
        "watch lib.service 10", "watch app.service 10",
      ])
    node.services.check(["app": "2.0.0", "lib": "2.0.0"], node.disk)
  }

  @Test("a unit of somebody else is never overwritten, and nothing is stopped")
  func foreign() throws {
    func obstacle(_ prepare: (inout SimulatedMachine) throws -> Void) throws -> UpdateResult {
      var node = SimulatedMachine.withServices()
      try node.recover()
      try prepare(&node)
      let before = node.disk.tree(SimulatedServices.directory)
      let result = try node.install(Sample.service("1.0.0"))
      #expect(node.disk.tree(SimulatedServices.directory) == before)
      #expect(!node.log.contains("stop app.service") && !result.success)
      #expect(try node.active() == nil)
      return result
    }
    let path = "/etc/systemd/system/app.service"
    let file = try obstacle { node in
      try node.disk.perform(.makeDirectory(SimulatedServices.directory))
      try node.disk.perform(.write(path: path, bytes: Array("[Service]\n".utf8), permissions: 0o644))
    }
    #expect(file.validationErrors.map(\.code) == ["service-foreign"])
    #expect(file.message.hasSuffix("app is not installed"))
    let masked = try obstacle { node in
      try node.disk.perform(.makeDirectory(SimulatedServices.directory))
      try node.disk.perform(.makeSymbolicLink(at: path, to: "/dev/null"))
    }
    #expect(masked.validationErrors.map(\.code) == ["service-foreign"])
    let elsewhere = try obstacle { $0.knownUnits["app.service"] = "/usr/lib/systemd/system/app.service" }
    #expect(elsewhere.validationErrors.first?.reason == "its unit file is /usr/lib/systemd/system/app.service")
  }

  @Test("two packages cannot have services of one name")
  func sameName() throws {
    var node = try installed("1.0.0")
    let other = Sample.release("1.0.0", of: "other") { $0.install?.service = "x/app.service" }
    #expect(try node.install(other).validationErrors.map(\.code) == ["service-foreign"])
    #expect(node.log.isEmpty)
  }

  @Test("without a manager of services a release with one is refused, and installed without where the operator says so")
  func noManager() throws {
    var node = SimulatedMachine()
    node.machine.services = .missing(reason: "this machine was not booted with systemd")
    #expect(try node.install(Sample.service("1.0.0")).validationErrors.map(\.code) == ["service-unavailable"])
    node.machine.services = .off
    let result = try node.install(Sample.service("1.0.0"))
    #expect(result.success && result.services == nil)
    #expect(node.log == ["preInstall app@1.0.0", "postInstall app@1.0.0", "selfTest app@1.0.0"])
    node.services.check([:], node.disk)
  }

  @Test("a service's path may not lead out of the release", arguments: ["../app.service", "/etc/app.service", "app"])
  func paths(path: String) throws {
    var node = SimulatedMachine.withServices()
    let release = Sample.release("1.0.0") { $0.install?.service = path }
    #expect(try node.install(release).validationErrors.map(\.code) == ["description-invalid"])
    #expect(node.log.isEmpty)
  }
}
