import GtachSimulator

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif

// gtach-simulate: a swarm in virtual time. Ends with 0 if all went well, 1 if something did not, 64 for wrong
// arguments.

let (options, complaint) = SimulationOptions.parse(Array(CommandLine.arguments.dropFirst()))
guard let options else {
  if let complaint { print("gtach-simulate: \(complaint)") }
  print(SimulationOptions.usage)
  exit(complaint == nil ? 0 : 64)
}
var failed = 0
for seed in options.seeds {
  var scenario = options.scenario
  scenario.seed = seed
  var simulation = SwarmSimulation(scenario)
  let outcome = simulation.run()
  print(outcome.line)
  for violation in outcome.violations { print("  seed \(seed): \(violation)") }
  if !outcome.violations.isEmpty { failed += 1 }
}
if failed > 0 {
  print("gtach-simulate: \(failed) of \(options.seeds.count) runs failed; each can be replayed with --seed")
  exit(1)
}
