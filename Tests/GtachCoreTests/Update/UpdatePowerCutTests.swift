import GtachCore
import GtachModel
import Testing

@Suite("Updates under power cuts")
struct UpdatePowerCutTests {
  /// What is done while the power fails.
  enum Scenario: String, CaseIterable, CustomTestStringConvertible {
    case firstInstall = "a first installation"
    case failingFirstInstall = "a first installation that fails its self-test"
    case update = "an update"
    case failingSelfTest = "an update that fails its self-test"
    case failingHook = "an update whose hook after the activation fails"
    case failingPreInstall = "an update whose hook before the activation fails"
    case rollback = "a rollback by hand"
    var testDescription: String { rawValue }

    /// The machine before, which has two releases where it has any.
    func prepared() throws -> SimulatedMachine {
      var node = SimulatedMachine()
      let failure = GtachError(.hookFailed, "the hook failed")
      switch self {
      case .firstInstall: break
      case .failingFirstInstall: node.behaviours["2.0.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
      default:
        try node.install("1.0.0")
        try node.install("1.1.0")
        if self == .failingSelfTest {
          node.behaviours["2.0.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
        }
        if self == .failingHook { node.behaviours["2.0.0"] = .init(postInstall: failure) }
        if self == .failingPreInstall { node.behaviours["2.0.0"] = .init(preInstall: failure) }
      }
      return node
    }

    func run(_ node: inout SimulatedMachine) throws {
      if self == .rollback { try node.rollBack() } else { try node.install("2.0.0") }
    }

    var before: String? { [.firstInstall, .failingFirstInstall].contains(self) ? nil : "1.1.0" }
    var after: String? {
      switch self {
      case .firstInstall, .update: "2.0.0"
      case .rollback: "1.0.0"
      default: before
      }
    }
  }

  @Test("at every step, whatever of the unsynced is lost", arguments: Scenario.allCases)
  func everyStep(scenario: Scenario) throws {
    let start = try scenario.prepared()
    var dryRun = start
    try scenario.run(&dryRun)
    #expect(try dryRun.active() == scenario.after)
    var generator = SeededGenerator(seed: 1)
    for steps in 0...(dryRun.steps - start.steps) {
      for round in 0..<3 {
        var node = start
        node.remainingSteps = steps
        do { try scenario.run(&node) } catch is SimulatedMachine.PowerCut {}
        // In one of the rounds the power fails during the recovery, too.
        if round % 2 == 1 {
          try cut(&node, scenario, using: &generator)
          node.remainingSteps = Int.random(in: 0..<30, using: &generator)
          do { try node.recover() } catch is SimulatedMachine.PowerCut {}
        }
        try cut(&node, scenario, using: &generator)
        try node.recover()
        let active = try node.active()
        #expect(active == scenario.before || active == scenario.after, "\(scenario.rawValue), step \(steps)")
        try checkLastGood(node, scenario, active)
        guard round < 2 else { continue }
        // And the machine goes on as if nothing had happened.
        node.behaviours = [:]
        #expect(try node.install("2.1.0", force: true).success)
        #expect(try node.active() == "2.1.0")
      }
    }
  }

  /// Cuts the power. Services start at boot, before anything is recovered: what they find has to be complete.
  private func cut(
    _ node: inout SimulatedMachine, _ scenario: Scenario, using generator: inout SeededGenerator
  ) throws {
    node.disk = node.disk.afterPowerCut(using: &generator)
    node.remainingSteps = nil
    let reachable = node.reachable()
    let allowed: [String?] = scenario == .rollback ? ["1.0.0", "1.1.0"] : [scenario.before, "2.0.0"]
    #expect(allowed.contains(reachable), "\(scenario.rawValue): \(reachable ?? "nothing") is reachable")
  }

  private func checkLastGood(_ node: SimulatedMachine, _ scenario: Scenario, _ active: String?) throws {
    guard scenario.before != nil else { return }
    // `active()` has checked that what the state calls previous is complete.
    let previous = try node.records().state.installed.first?.previous?.description
    #expect(previous == (active == "1.1.0" ? "1.0.0" : "1.1.0"))
  }
}
