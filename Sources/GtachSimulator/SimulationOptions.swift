/// What `gtach-simulate` was asked for.
public struct SimulationOptions: Hashable, Sendable {
  /// How it is called.
  public static let usage = """
    usage: gtach-simulate [--seed N] [--runs N] [--nodes N] [--sources N] [--release-size BYTES]
                          [--unit-size BYTES] [--faults LIST]
      --seed N              the first seed (1); the same seed replays the same run
      --runs N              how many seeds, one after the other (1)
      --nodes N             how many nodes fetch the release (8)
      --sources N           how many have it at the beginning (1)
      --release-size BYTES  67108864 unless told otherwise
      --unit-size BYTES     what a release of that size has unless told otherwise
      --faults LIST         some of \(Scenario.Fault.allCases.map(\.rawValue).joined(separator: ",")), separated by commas
    """

  /// What each run simulates, but for the seed.
  public var scenario: Scenario
  /// The seeds.
  public var seeds: ClosedRange<UInt64>

  /// Reads arguments.
  ///
  /// - Returns: The options, or what is wrong with the arguments; neither where help is asked for.
  public static func parse(_ arguments: [String]) -> (options: SimulationOptions?, complaint: String?) {
    var numbers = [
      "--seed": 1, "--runs": 1, "--nodes": 8, "--sources": 1, "--release-size": 64 << 20, "--unit-size": 0,
    ]
    let limits = [
      "--runs": 1...1_000_000, "--nodes": 1...100_000, "--sources": 1...1_000, "--release-size": 1...1 << 32,
    ]
    var faults: Set<Scenario.Fault> = []
    var rest = arguments[...]
    while let option = rest.popFirst() {
      if option == "--help" { return (nil, nil) }
      guard option == "--faults" || numbers[option] != nil else { return (nil, "there is no option \(option)") }
      guard let text = rest.popFirst() else { return (nil, "\(option) needs a value") }
      if option == "--faults" {
        for word in text.split(separator: ",") {
          guard let fault = Scenario.Fault(rawValue: String(word)) else { return (nil, "there is no fault \(word)") }
          faults.insert(fault)
        }
      } else {
        guard let number = Int(text), (limits[option] ?? 0...Int.max).contains(number) else {
          return (nil, "\(option) \(text): that is not a number, or out of range")
        }
        numbers[option] = number
      }
    }
    func number(_ option: String) -> Int { numbers[option] ?? 0 }
    let unit = number("--unit-size")
    guard unit == 0 || unit >= 1024 else { return (nil, "--unit-size \(unit): at least 1024") }
    let scenario = Scenario(
      seed: 1, receivers: number("--nodes"), sources: number("--sources"), releaseBytes: number("--release-size"),
      unitBytes: unit == 0 ? nil : unit, faults: faults)
    let first = UInt64(number("--seed"))
    return (SimulationOptions(scenario: scenario, seeds: first...first + UInt64(number("--runs") - 1)), nil)
  }
}

extension Outcome {
  /// One line for people.
  public var line: String {
    func fixed(_ value: Double) -> String {
      let thousandths = Int((value * 1000).rounded())
      let digits = String(thousandths % 1000)
      return "\(thousandths / 1000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }
    let faults = scenario.faults.map(\.rawValue).sorted().joined(separator: ",")
    return "seed \(scenario.seed)  nodes \(scenario.receivers)  units \(scenario.units)  faults "
      + "\(faults.isEmpty ? "none" : faults)  makespan \(fixed(makespan))  fast \(fixed(fastMakespan))  sources sent "
      + "\(fixed(sourceShare))  duplicates \(duplicates)"
  }
}
