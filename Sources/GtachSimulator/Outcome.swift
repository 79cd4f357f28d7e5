import GtachModel

/// How a simulation ended.
public struct Outcome: Hashable, Sendable {
  /// What was simulated.
  public let scenario: Scenario
  /// What nobody may do, and somebody did: empty if all is well.
  public let violations: [String]
  /// When the last one had everything, as a multiple of the time that its bytes take on one link.
  public let makespan: Double
  /// The same of those whose links are not slow.
  public let fastMakespan: Double
  /// How often the sources sent the release, all of them together.
  public let sourceShare: Double
  /// Units that came to somebody who had them.
  public let duplicates: Int

  init(of simulation: SwarmSimulation) {
    scenario = simulation.scenario
    let ideal = Double(scenario.idealMicroseconds)
    let receivers = simulation.nodes.dropFirst(scenario.sources).filter { $0.nature == nil }
    let finished = receivers.compactMap(\.finished)
    makespan = Double(finished.max() ?? 0) / ideal
    let fast = receivers.filter { $0.link.bytesPerSecond == simulation.scenario.bytesPerSecond }
    fastMakespan = Double(fast.compactMap(\.finished).max() ?? 0) / ideal
    let sent = simulation.nodes.prefix(scenario.sources).reduce(0) { $0 + $1.link.sentBytes }
    sourceShare = Double(sent) / Double(scenario.releaseBytes)
    duplicates = simulation.duplicates
    var violations = simulation.violations
    if finished.count < receivers.count {
      violations.append(
        "\(receivers.count - finished.count) of \(receivers.count) nodes that could finish did not, after "
          + "\(simulation.events.now / 1_000_000) seconds")
    }
    self.violations = violations
  }
}
