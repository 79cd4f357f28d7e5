import GtachCore
import GtachModel
import Testing

@Suite("Updates of services under power cuts")
struct UpdateServiceCutTests {
  /// What is done while the power fails, or gtach is killed.
  enum Scenario: String, CaseIterable, CustomTestStringConvertible {
    case first = "a first installation"
    case failingFirst = "a first installation whose service does not stay up"
    case update = "an update"
    case sameUnit = "an update with the same unit file"
    case failingSelfTest = "an update that fails its self-test"
    case failingLate = "an update that fails its self-test when its service runs"
    case failingStart = "an update whose service does not start"
    case crashing = "an update whose service does not stay up"
    case rollback = "a rollback by hand"
    case gone = "an update to a release without a service"
    case failingGone = "one that fails its self-test"
    case set = "an update of a set"
    case failingSet = "an update of a set of which one does not stay up"
    case library = "an update of what a service needs"
    case failingLibrary = "an update with which a service that needs it fails its self-test"
    case crashingLibrary = "an update with which a service that needs it does not stay up"
    case libraryRollback = "a rollback by hand of what a service needs"
    var testDescription: String { rawValue }

    private var isSet: Bool { self == .set || self == .failingSet }
    /// Whether only what the service needs changes.
    private var isLibrary: Bool {
      [.library, .failingLibrary, .crashingLibrary, .libraryRollback].contains(self)
    }
    private var isFirst: Bool { self == .first || self == .failingFirst }
    private var version: String { self == .sameUnit ? "1.1.1" : "2.0.0" }

    private func releases(_ version: String) -> [InstallState.Release] {
      if isLibrary {
        let app = Sample.service("1.1.0") { description in
          description.dependencies = [Sample.name("lib"): Sample.range("*")]
          description.selfTest = [.path(exists: "/", kind: nil)]
        }
        return version == "2.0.0" ? [Sample.release(version, of: "lib")] : [Sample.release(version, of: "lib"), app]
      }
      let app = Sample.service(version) { description in
        if isSet { description.dependencies = [Sample.name("lib"): Sample.range(version)] }
      }
      return isSet ? [Sample.service(version, of: "lib"), app] : [app]
    }

    func prepared() throws -> SimulatedMachine {
      var node = SimulatedMachine.withServices()
      let failure = GtachError(.serviceFailed, "the service failed")
      try node.recover()
      if !isFirst { for version in ["1.0.0", "1.1.0"] { try node.install(releases(version)) } }
      switch self {
      case .failingSelfTest, .failingGone:
        node.behaviours["2.0.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
      case .failingLate:
        node.behaviours["2.0.0"] = .init(runningSelfTest: .tested(Sample.report(passed: false)))
      case .failingStart: node.behaviours["2.0.0"] = .init(start: failure)
      case .crashing, .failingFirst: node.behaviours["2.0.0"] = .init(watch: failure)
      case .failingSet: node.behaviours["lib@2.0.0"] = .init(watch: failure)
      case .failingLibrary:
        node.behaviours["app@1.1.0 with lib@2.0.0"] = .init(
          runningSelfTest: .tested(Sample.report(passed: false)))
      case .crashingLibrary: node.behaviours["app@1.1.0 with lib@2.0.0"] = .init(watch: failure)
      case .first, .update, .sameUnit, .rollback, .gone, .set, .library, .libraryRollback: break
      }
      return node
    }

    func run(_ node: inout SimulatedMachine) throws {
      switch self {
      case .rollback: try node.rollBack()
      case .gone, .failingGone: try node.install(version)
      case .libraryRollback: try node.rollBack(of: Sample.name("lib"))
      default: try node.install(releases(version))
      }
    }

    var before: [String: String] { isFirst ? [:] : isSet ? ["app": "1.1.0", "lib": "1.1.0"] : ["app": "1.1.0"] }
    var after: [String: String] {
      switch self {
      case .first, .update, .sameUnit: ["app": version]
      case .set: ["app": version, "lib": version]
      case .rollback: ["app": "1.0.0"]
      case .gone: [:]
      default: before
      }
    }
  }

  @Test("exactly the right release's service is the one that runs, whenever it ends", arguments: Scenario.allCases)
  func everyStep(scenario: Scenario) throws {
    let start = try scenario.prepared()
    start.services.check(scenario.before, start.disk)
    var dryRun = start
    try scenario.run(&dryRun)
    dryRun.services.check(scenario.after, dryRun.disk)
    var generator = SeededGenerator(seed: 2)
    var points = 0
    for steps in 0...(dryRun.steps - start.steps) {
      // Whether the machine loses its power, or only gtach is killed and all else goes on.
      for isPowerCut in [true, false] {
        var node = start
        node.remainingSteps = steps
        do { try scenario.run(&node) } catch is SimulatedMachine.PowerCut {}
        end(&node, isPowerCut, using: &generator)
        points += 1
        try finish(node, scenario, "\(scenario.rawValue): step \(steps), power cut \(isPowerCut)")
        // It happens again during the recovery; see UpdatePowerCutTests.
        guard steps % 4 == (isPowerCut ? 0 : 2) else { continue }
        var whole = node
        try whole.recover()
        for step in stride(from: steps / 4 % 6, to: whole.steps - node.steps, by: 6) {
          var again = node
          again.remainingSteps = step
          #expect(throws: SimulatedMachine.PowerCut.self) { try again.recover() }
          end(&again, isPowerCut, using: &generator)
          points += 1
          try finish(again, scenario, "\(scenario.rawValue): steps \(steps) and \(step), power cut \(isPowerCut)")
        }
      }
    }
    print("crash points of services, \(scenario.rawValue): \(points)")
  }

  private func end(_ node: inout SimulatedMachine, _ isPowerCut: Bool, using generator: inout SeededGenerator) {
    node.remainingSteps = nil
    guard isPowerCut else { return }
    node.disk = node.disk.afterPowerCut(using: &generator)
    node.services.boot(node.disk)
  }

  private func finish(_ start: SimulatedMachine, _ scenario: Scenario, _ comment: String) throws {
    var node = start
    try node.recover()
    try node.checkAtRest()
    let active = try node.records().state.active
    let versions = Dictionary(uniqueKeysWithValues: active.map { ($0.key.text, $0.value.id.version.description) })
    let services = versions.filter { active[Sample.name($0.key)]?.service != nil }
    #expect([scenario.before, scenario.after].contains(services), "\(comment)")
    node.services.check(services, node.disk, comment)
  }
}
