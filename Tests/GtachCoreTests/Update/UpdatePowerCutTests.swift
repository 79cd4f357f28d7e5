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
    case firstSet = "a first installation of a set"
    case set = "an update of a set"
    case failingSet = "an update of a set of which one fails its self-test"
    case failingDependency = "an update of a set whose dependency has a hook that fails"
    case firstData = "a first installation with data"
    case failingFirstData = "a first installation with data whose hook before the activation fails"
    case newData = "an update to a release with data"
    case failingNewData = "an update to a release with data that fails its self-test"
    case data = "an update that keeps data"
    case dataRollback = "a rollback by hand that keeps data"
    case setRollback = "a rollback by hand of a set"
    case firstConfiguration = "a first installation with a template"
    case configuration = "an update of a configuration that an operator changed"
    case failingConfiguration = "an update of a configuration that fails its self-test"
    case configurationRollback = "a rollback by hand to another configuration"
    case reconfiguration = "an installation of a release that is here already, with another configuration"
    case failingReconfiguration = "one that fails its self-test"
    var testDescription: String { rawValue }

    private var isSet: Bool { [.firstSet, .set, .failingSet, .failingDependency, .setRollback].contains(self) }
    private var isFirst: Bool {
      [.firstInstall, .failingFirstInstall, .firstSet, .firstData, .failingFirstData, .firstConfiguration].contains(
        self)
    }
    private var isRollback: Bool { [.rollback, .setRollback, .dataRollback, .configurationRollback].contains(self) }
    /// The package that it is about.
    var package: String {
      switch self {
      case .firstData, .failingFirstData, .data, .dataRollback: "store"
      case .newData, .failingNewData: "late"
      case .firstConfiguration, .configuration, .failingConfiguration, .configurationRollback: "conf"
      case .reconfiguration, .failingReconfiguration: "conf"
      default: "app"
      }
    }
    /// What users have written to the package's data before.
    var written: [String: String] {
      guard self == .data || self == .dataRollback else { return [:] }
      return ["data/precious": "precious", "settings": "changed"]
    }

    private static func set(_ version: String) -> [InstallState.Release] {
      [
        Sample.release(version, of: "lib"),
        Sample.release(version) {
          $0.dependencies = Dependencies([Sample.name("lib"): Sample.range(version)])
        },
      ]
    }

    /// The machine before, which has two releases of each package where it has any.
    func prepared() throws -> SimulatedMachine {
      var node = SimulatedMachine()
      let failure = GtachError(.hookFailed, "the hook failed")
      if !isFirst {
        for version in ["1.0.0", "1.1.0"] {
          try node.install(isSet ? Self.set(version) : [Sample.release(version, of: package)])
        }
      }
      if package == "conf", !isFirst {
        let path = "\(node.layout.configurations)/conf/1.1.0/etc/conf"
        try node.disk.perform(.write(path: path, bytes: Array("an operator's".utf8), permissions: 0o644))
        try node.disk.perform(.syncFileSystem(of: "/"))
      }
      for (path, text) in written {
        let path = "\(node.layout.data)/\(package)/\(path)"
        try node.disk.perform(.write(path: path, bytes: Array(text.utf8), permissions: 0o644))
        try node.disk.perform(.syncFileSystem(of: "/"))
      }
      switch self {
      case .failingSelfTest, .failingFirstInstall, .failingSet, .failingNewData, .failingConfiguration:
        node.behaviours["\(package)@2.0.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
      case .failingHook: node.behaviours["2.0.0"] = .init(postInstall: failure)
      case .failingPreInstall, .failingFirstData: node.behaviours["\(package)@2.0.0"] = .init(preInstall: failure)
      case .failingDependency: node.behaviours["lib@2.0.0"] = .init(postInstall: failure)
      case .firstInstall, .update, .rollback, .firstSet, .set, .firstData, .newData, .data, .dataRollback: break
      case .failingReconfiguration:
        node.behaviours["conf@1.0.0"] = .init(selfTest: .tested(Sample.report(passed: false)))
      case .setRollback, .firstConfiguration, .configuration, .configurationRollback, .reconfiguration: break
      }
      return node
    }

    func run(_ node: inout SimulatedMachine) throws {
      if isRollback {
        try node.rollBack(of: Sample.name(package))
      } else {
        try node.install(isSet ? Self.set(tried) : [Sample.release(tried, of: package)])
      }
    }

    /// The names and their version.
    func all(_ version: String?) -> [String: String] {
      guard let version else { return [:] }
      return isSet ? ["app": version, "lib": version] : [package: version]
    }
    var before: String? { isFirst ? nil : "1.1.0" }
    var after: String? {
      switch self {
      case .firstInstall, .update, .firstSet, .set, .firstData, .newData, .data, .firstConfiguration, .configuration:
        "2.0.0"
      case .rollback, .setRollback, .dataRollback, .configurationRollback, .reconfiguration: "1.0.0"
      default: before
      }
    }
    /// What is active while it is tried.
    var tried: String { isRollback || isAgain ? "1.0.0" : "2.0.0" }
    /// Whether what is installed is here already.
    var isAgain: Bool { self == .reconfiguration || self == .failingReconfiguration }
  }

  @Test("at every step, and in the recovery, whatever of the unsynced is lost", arguments: Scenario.allCases)
  func everyStep(scenario: Scenario) throws {
    let start = try scenario.prepared()
    var dryRun = start
    try scenario.run(&dryRun)
    try dryRun.checkAtRest()
    #expect(try InstallRootChecker(disk: dryRun.disk).atRest().active == scenario.all(scenario.after))
    var generator = SeededGenerator(seed: 1)
    var points = 0
    for steps in 0...(dryRun.steps - start.steps) {
      for _ in 0..<2 {
        var node = start
        node.remainingSteps = steps
        do { try scenario.run(&node) } catch is SimulatedMachine.PowerCut {}
        try cut(&node, scenario, using: &generator)
        points += 1
        try finish(node, scenario, goesOn: true)
      }
      // The power fails again during the recovery. Neighbouring steps leave much the same to recover, so that over
      // three of them every step of it has its turn.
      var once = start
      once.remainingSteps = steps
      do { try scenario.run(&once) } catch is SimulatedMachine.PowerCut {}
      try cut(&once, scenario, using: &generator)
      var whole = once
      try whole.recover()
      for step in stride(from: steps % 3, to: whole.steps - once.steps, by: 3) {
        var node = once
        node.remainingSteps = step
        #expect(throws: SimulatedMachine.PowerCut.self) { try node.recover() }
        try cut(&node, scenario, using: &generator)
        points += 1
        try finish(node, scenario, goesOn: false)
      }
    }
    print("crash points of \(scenario.rawValue): \(points)")
  }

  /// Cuts the power. Services start at boot, before anything is recovered: what they find has to be complete.
  private func cut(
    _ node: inout SimulatedMachine, _ scenario: Scenario, using generator: inout SeededGenerator
  ) throws {
    node.disk = node.disk.afterPowerCut(using: &generator)
    node.remainingSteps = nil
    let checker = InstallRootChecker(disk: node.disk)
    let reachable = try checker.reachable()
    #expect(
      [scenario.all(scenario.before), scenario.all(scenario.tried)].contains(reachable),
      "\(scenario.rawValue): \(reachable) is reachable")
    try checker.checkJournal()
  }

  /// The next start finishes or undoes it, and then the machine goes on as if nothing had happened.
  private func finish(_ start: SimulatedMachine, _ scenario: Scenario, goesOn: Bool) throws {
    var node = start
    try node.recover()
    let (active, previous) = try InstallRootChecker(disk: node.disk).atRest()
    let isBefore = active == scenario.all(scenario.before)
    #expect(isBefore || active == scenario.all(scenario.after), "\(scenario.rawValue): \(active)")
    // The last good release is there: whichever of the two is not active, or what was before both.
    if scenario.before != nil {
      #expect(previous == scenario.all(isBefore ? "1.0.0" : "1.1.0"), "\(scenario.rawValue)")
    }
    InstallRootChecker(disk: node.disk).expectData(scenario.package, written: scenario.written)
    if scenario.package == "conf", let version = active["conf"], scenario.before != nil {
      let path = "\(node.layout.configurations)/conf/\(version)/etc/conf"
      let isOperators = node.disk.read(path) == Array("an operator's".utf8)
      #expect(isOperators == (version != "1.0.0" || scenario.isAgain), "\(scenario.rawValue): \(version)")
      let other = node.disk.read("\(node.layout.configurations)/conf/1.0.0/etc/conf")
      #expect(version == "1.0.0" || other == nil || other == Array("port 80".utf8), "\(scenario.rawValue)")
    }
    guard goesOn else { return }
    node.behaviours = [:]
    #expect(try node.install(Sample.release("2.1.0", of: scenario.package), force: true).success)
    #expect(try InstallRootChecker(disk: node.disk).atRest().active[scenario.package] == "2.1.0")
    InstallRootChecker(disk: node.disk).expectData(scenario.package, written: scenario.written)
  }
}
