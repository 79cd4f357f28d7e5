import GtachModel
import Testing

@testable import GtachCore

@Suite("Updates of what others need")
struct UpdateDependentTests {
  private let failure = UpdateMachine.Outcome.tested(Sample.report(passed: false))
  private static let check = SelfTestCheck.path(exists: "/", kind: nil)

  private func lib(_ version: String) -> InstallState.Release { Sample.release(version, of: "lib", hooks: false) }

  private func app(
    _ version: String = "1.0.0", of name: String = "app", needs: String = "lib", isService: Bool = true,
    isTested: Bool = true
  ) -> InstallState.Release {
    func change(_ description: inout PackageDescription) {
      description.dependencies = [Sample.name(needs): Sample.range("*")]
      description.selfTest = isTested ? [Self.check] : nil
    }
    return isService
      ? Sample.service(version, of: name, hooks: false, change)
      : Sample.release(version, of: name, hooks: false, change)
  }

  private func installed(_ releases: InstallState.Release...) throws -> SimulatedMachine {
    var node = SimulatedMachine.withServices()
    for release in releases { #expect(try node.install(release).success) }
    node.clearLog()
    return node
  }

  private func package(_ name: String, _ node: SimulatedMachine) throws -> InstallState.Package? {
    try node.records().state.packages[Sample.name(name)]
  }

  @Test("who needs it is tested with it, and the service is started anew")
  func order() throws {
    var node = try installed(lib("1.0.0"), app())
    let result = try node.install(lib("2.0.0"))
    #expect(result.success)
    #expect(result.message == "lib@2.0.0 is installed, in place of 1.0.0; app@1.0.0 works with it")
    #expect(
      node.log == [
        "stop app.service", "selfTest lib@2.0.0 serviceStopped", "selfTest app@1.0.0 serviceStopped",
        "start app.service", "watch app.service 10", "selfTest lib@2.0.0 serviceRunning",
        "selfTest app@1.0.0 serviceRunning",
      ])
    #expect(result.services == [ServiceReport(release: "app@1.0.0", unit: "app.service", isRunning: true)])
    #expect(result.selfTest?.results.count == 4)
    #expect(try package("app", node)?.selfTest?.results.count == 2)
    node.services.check(["app": "1.0.0"], node.disk)
    try node.checkAtRest()
  }

  @Test("where it does not work with it, the update goes back and is refused, and the service runs with the one before")
  func failing() throws {
    var node = try installed(lib("1.0.0"), app())
    node.behaviours["app@1.0.0 with lib@2.0.0"] = .init(runningSelfTest: failure)
    let result = try node.install(lib("2.0.0"))
    #expect(
      result.message
        == "the self-test of app@1.0.0, which needs lib, failed; 1.0.0 is active again, and so is its service")
    #expect(try package("lib", node)?.refused.map(\.version) == [Sample.version("2.0.0")])
    #expect(try package("app", node)?.refused.isEmpty == true)
    #expect(try package("app", node)?.selfTest?.passed == true, "what it read when it was installed")
    node.services.check(["app": "1.0.0"], node.disk)
    try node.checkAtRest()
    let crash = GtachError(.serviceFailed, "app.service does not stay up")
    node.behaviours["app@1.0.0 with lib@3.0.0"] = .init(watch: crash)
    #expect(try node.install(lib("3.0.0")).message.hasPrefix("the service of app@1.0.0, which needs lib, failed;"))
    #expect(try package("lib", node)?.refused.count == 2)
    node.services.check(["app": "1.0.0"], node.disk)
  }

  @Test("of a set only what the failing one needs is refused")
  func blame() throws {
    var node = try installed(lib("1.0.0"), Sample.release("1.0.0", of: "other", hooks: false), app())
    node.behaviours["app@1.0.0 with lib@2.0.0"] = .init(selfTest: failure)
    #expect(try !node.install([lib("2.0.0"), Sample.release("2.0.0", of: "other", hooks: false)]).success)
    #expect(try package("lib", node)?.refused.count == 1)
    #expect(try package("other", node)?.refused.isEmpty == true)
  }

  @Test("what somebody has stopped stays so, and is not tested")
  func stopped() throws {
    var node = try installed(lib("1.0.0"), app())
    node.services.stop("app.service")
    node.behaviours["app@1.0.0 with lib@2.0.0"] = .init(selfTest: failure)
    let result = try node.install(lib("2.0.0"))
    #expect(result.message == "lib@2.0.0 is installed, in place of 1.0.0" && result.services == nil)
    #expect(node.log == ["selfTest lib@2.0.0"])
    #expect(node.services.running.isEmpty)
  }

  @Test("what needs it by way of another is tried too, each after what it needs; what tells nothing is left alone")
  func transitive() throws {
    var node = try installed(
      lib("1.0.0"), app(of: "middle", isService: false, isTested: false), app(needs: "middle"),
      app(of: "zero", isService: false))
    try node.install(lib("2.0.0"))
    #expect(
      node.log.filter { $0.hasPrefix("selfTest") } == [
        "selfTest lib@2.0.0 serviceStopped", "selfTest app@1.0.0 serviceStopped",
        "selfTest zero@1.0.0 serviceStopped", "selfTest lib@2.0.0 serviceRunning",
        "selfTest app@1.0.0 serviceRunning", "selfTest zero@1.0.0 serviceRunning",
      ])
    node.services.check(["app": "1.0.0"], node.disk)
  }

  @Test("a rollback by hand has it started anew as well, and its test does not decide")
  func rollback() throws {
    var node = try installed(lib("1.0.0"), app(), lib("2.0.0"))
    node.behaviours["app@1.0.0 with lib@1.0.0"] = .init(selfTest: failure)
    let result = try node.rollBack(of: Sample.name("lib"))
    #expect(result.success && result.message.hasSuffix("although not all tests passed"))
    node.services.check(["app": "1.0.0"], node.disk)
    #expect(try package("lib", node)?.active?.id.version.description == "1.0.0")
  }

  @Test("where nobody answers for services, nothing is stopped")
  func unavailable() throws {
    var node = try installed(lib("1.0.0"), app())
    node.serviceErrors["status app.service"] = GtachError(.serviceUnavailable, "systemd does not answer")
    let result = try node.install(lib("2.0.0"))
    #expect(!result.success && result.validationErrors.map(\.code) == ["service-unavailable"])
    #expect(node.log.isEmpty)
    #expect(try package("lib", node)?.refused.isEmpty == true)
    #expect(try node.records().state.active[Sample.name("lib")]?.id.version.description == "1.0.0")
  }

  @Test("an order of releases has each after those that it needs, and circles have an end")
  func sorting() {
    func release(_ name: String, _ needs: String...) -> InstallState.Release {
      Sample.release("1.0.0", of: name) { description in
        description.dependencies = Dependencies(
          Dictionary(uniqueKeysWithValues: needs.map { (Sample.name($0), Sample.range("*")) }))
      }
    }
    func names(_ releases: InstallState.Release...) -> [String] {
      DependencyOrder.sorted(releases, on: Sample.linux).map(\.id.name.text)
    }
    #expect(names(release("a"), release("b"), release("c")) == ["a", "b", "c"])
    #expect(names(release("a", "c"), release("b", "a"), release("c", "away")) == ["c", "a", "b"])
    #expect(names(release("a", "b"), release("b", "a"), release("c", "a")) == ["a", "b", "c"])
    #expect(names(release("a", "a")) == ["a"])
  }
}
