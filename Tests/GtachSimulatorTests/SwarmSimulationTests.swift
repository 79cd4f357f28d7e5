import GtachSimulator
import Testing

@Suite struct SwarmSimulationTests {
  private func run(_ scenario: Scenario) -> Outcome {
    var simulation = SwarmSimulation(scenario)
    return simulation.run()
  }

  @Test func oneReceiverIsAsFastAsADownload() {
    let outcome = run(Scenario(seed: 1, receivers: 1, releaseBytes: 8 << 20))
    #expect(outcome.violations == [])
    #expect(outcome.makespan < 1.01)
    #expect(outcome.sourceShare == 1)
  }

  @Test(arguments: [UInt64(1), 2, 3]) func eightReceiversAreNearTheBound(seed: UInt64) {
    let outcome = run(Scenario(seed: seed, receivers: 8, releaseBytes: 64 << 20))
    #expect(outcome.violations == [])
    #expect(outcome.makespan < 1.05)
    #expect(outcome.sourceShare < 1.1)
  }

  @Test(arguments: Scenario.Fault.allCases) func aFaultKeepsNobodyFromFinishing(fault: Scenario.Fault) {
    for seed in UInt64(1)...3 {
      #expect(run(Scenario(seed: seed, receivers: 10, releaseBytes: 2 << 20, faults: [fault])).violations == [])
    }
  }

  @Test(arguments: [UInt64(11), 12, 13, 14, 15]) func allFaultsTogetherKeepNobodyFromFinishing(seed: UInt64) {
    let faults = Set(Scenario.Fault.allCases)
    #expect(run(Scenario(seed: seed, receivers: 10, releaseBytes: 2 << 20, faults: faults)).violations == [])
  }

  @Test func aSeedReplaysItsRun() {
    let scenario = Scenario(seed: 7, receivers: 6, releaseBytes: 1 << 20, faults: [.cut, .crash])
    #expect(run(scenario) == run(scenario))
  }

  @Test func whoHasNoSourceDoesNotFinish() {
    // A checker that finds nothing wrong here would find nothing anywhere.
    let outcome = run(Scenario(seed: 1, receivers: 2, sources: 0, releaseBytes: 1 << 20))
    #expect(outcome.violations.count == 1)
  }
}
