import GtachCore
import GtachModel
import GtachSystem

/// A home and what its owner configured: what every command and the daemon start from.
public struct NodeContext: Sendable {
  /// The home.
  public let home: Home
  /// What its owner configured, and what the command line said instead.
  public var configuration: NodeConfiguration
  /// Whether it is the installer's own home, and so what it installs is not for another installer.
  public var isInstaller = false
  private let cancellation: Cancellation?

  /// Reads the configuration of a home.
  ///
  /// - Parameter cancellation: What ends a wait for another process that works on the home.
  /// - Throws: `ErrorCode.configurationInvalid`.
  public init(home: Home, cancellation: Cancellation? = nil) throws(GtachError) {
    self.home = home
    self.cancellation = cancellation
    do throws(GtachError) {
      let bytes = try FileSystem().read(home.configuration, maximumBytes: JSONFile.maximumBytes)
      configuration = try JSONFile.decode(NodeConfiguration.self, from: bytes, name: home.configuration)
    } catch {
      guard error.code == .notFound else { throw error }
      configuration = NodeConfiguration()
    }
  }

  /// The machine's membership.
  ///
  /// - Throws: `ErrorCode.fleetMissing` where it has none.
  public func membership() throws(GtachError) -> Membership { try MembershipStore(home: home).load() }

  /// The home's repository.
  ///
  /// - Throws: `ErrorCode.inputOutput` where its directories cannot be made.
  public func repository() throws(GtachError) -> PackageRepository {
    try PackageRepository(home: home.path, cancellation: cancellation)
  }

  /// Where releases are installed.
  public var installRoot: String { configuration.installRoot ?? home.apps }

  /// The GPIO lines: the mock where the configuration names one, else the machine's.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` where the mock's file cannot be used.
  public func gpio(cancellation: Cancellation? = nil) throws(GtachError) -> any GPIOAccess {
    guard let path = configuration.mock else { return GPIODevice(cancellation: cancellation) }
    return try MockGPIO(json: FileSystem().read(path, maximumBytes: JSONFile.maximumBytes))
  }

  /// The machine, and what of its configuration decides about installing.
  var machine: InstallMachine {
    let lines = (configuration.gpio?.mayDrive ?? []).joined(separator: ",")
    let own = (configuration.selfTest ?? []).map(SelfTestEvaluation.expectation).map { "; \($0)" }.joined()
    // A release that lacked a value is tried again when it has another.
    let values = configuration.variables.map { "; values \(SHA256().digest(of: Array("\($0.sorted)".utf8)))" } ?? ""
    return .this(
      allowMock: configuration.allowMock ?? false,
      circumstances: "mock \(configuration.mock ?? "none"); may drive \(lines)\(own)\(values)",
      keepInstalled: configuration.keepInstalled ?? NodeConfiguration.defaultKeepInstalled,
      variables: configuration.variables, services: configuration.services == false ? .off : .this())
  }

  /// The Update Manager over the install root.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` where the install root is no absolute path.
  func updates(
    cancellation: Cancellation? = nil, events: @escaping @Sendable (NodeEvent) -> Void = { _ in }
  ) throws(GtachError) -> UpdateManager {
    let context = self
    return try UpdateManager(
      installRoot: installRoot, machine: machine, cancellation: cancellation,
      selfTest: { manifest, directory, stage throws(GtachError) in
        var report = try context.selfTest(
          checks: manifest.description.selfTest ?? [], stage: stage, directory: directory,
          service: manifest.description.install?.service, cancellation: cancellation)
        report.results += try context.ownSelfTest(stage: stage, cancellation: cancellation).results
        return report
      }, throughInstallerAt: isInstaller ? nil : configuration.installer, events: events)
  }

  /// A node over this home.
  ///
  /// - Throws: `ErrorCode.fleetMissing` where the machine belongs to no fleet; `ErrorCode.notPermitted` where TLS keys
  ///   cannot be kept from others.
  public func daemon(
    options: NodeDaemon.Options, events: @escaping @Sendable (NodeEvent) -> Void
  ) throws(GtachError) -> NodeDaemon {
    let cancellation = try Cancellation()
    var membership = try membership()
    if let path = options.keyLog { membership.identity = try membership.identity.logging(to: TLSKeyLog(path: path)) }
    return NodeDaemon(
      context: self, membership: membership, options: options,
      repository: try PackageRepository(home: home.path, cancellation: cancellation),
      updates: try updates(cancellation: cancellation, events: events), cancellation: cancellation, events: events)
  }

  /// How the last updates of this machine ended, of one package or of all, the newest last.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  public func history(of name: PackageName?) throws(GtachError) -> [HistoryEntry] {
    try updates().history().filter { entry in name.map(entry.concerns) ?? true }
  }

  /// How this machine stands, as far as the disk says, after what an update left unfinished was finished or undone.
  ///
  /// - Parameter cancellation: What interrupts that.
  /// - Throws: `ErrorCode.fleetMissing`, or what keeps the metadata or the install root from being read.
  public func statusWithoutDaemon(cancellation: Cancellation? = nil) throws(GtachError) -> StatusReport {
    let membership = try membership()
    let repository = try repository()
    let trusted = try TrustedMetadata.load(from: repository, membership: membership)
    let updates = try updates(cancellation: cancellation)
    do throws(GtachError) {
      if try !updates.isAtRest() { _ = try updates.recover() }
    } catch  where error.code == .busy {
      // It is under way: that is how this machine stands.
    }
    let state = try updates.state()
    let installed = AutoInstallPolicy(configuration, machine: machine).report(of: state, listed: trusted.targets.values)
    return StatusReport(
      node: membership.nodeName.text, id: membership.id, fleet: membership.fleetName, fleetID: membership.fleet,
      platform: Machine.platform, home: home.path, daemon: false, listening: nil, discovery: nil, peers: nil,
      metadataVersion: trusted.timestampVersion, variants: try repository.variants().count,
      installed: installed, refusals: state.refusals, window: installWindow)
  }

  /// When this machine installs by itself; nil where that is at any time.
  var installWindow: WindowReport? {
    configuration.installWindows.map { WindowReport($0, at: SystemClock.local()) }
  }

  /// Finds what it takes to install something, or what the configuration has installed by itself, as far as this
  /// machine knows what there is. Nothing is changed and nobody is asked.
  ///
  /// - Parameter explainsFully: Whether an error derives its reason from beginning to end.
  /// - Throws: `ErrorCode.dependencyConflict` where there is no plan; `ErrorCode.usage` where nothing is asked; what
  ///   keeps the metadata or the install root from being read.
  public func resolve(_ requirements: [Requirement], explainsFully: Bool) throws(GtachError) -> InstallPlan {
    let policy = AutoInstallPolicy(configuration, machine: machine)
    if requirements.isEmpty, configuration.autoInstall?.isEmpty ?? true {
      throw GtachError(
        .usage, "resolve needs a name", reason: "\"autoInstall\" in config.json names none either",
        advice: "write gtach resolve NAME[@RANGE]")
    }
    let repository = try repository()
    let trusted = try TrustedMetadata.load(from: repository, membership: membership())
    let removed = try repository.choices().removed
    let (listed, state) = (
      trusted.targets.values.filter { !removed.contains($0.variant.release) }, try updates().state()
    )
    let problem = policy.problem(byHand: requirements.isEmpty ? nil : requirements, listed: listed, state: state)
    return try VersionManager.resolve(problem, explainsFully: explainsFully)
  }

  /// Runs self-tests: those of a plan's file, of an installed package, or of every installed package and of the
  /// configuration.
  ///
  /// - Throws: `ErrorCode.notFound` where there is nothing that could be tested.
  public func selfTest(
    name: PackageName?, plan path: String?, cancellation: Cancellation
  ) throws(GtachError) -> SelfTestReport {
    if let path {
      let plan = try SelfTestPlan(json: FileSystem().read(path, maximumBytes: JSONFile.maximumBytes))
      return try selfTest(
        checks: plan.checks, directory: ".", mayDrive: plan.mayDrive, cancellation: cancellation)
    }
    var report = SelfTestReport(results: [], mock: configuration.mock != nil)
    let installed = try updates().state().active.filter { name == nil || $0.key == name }.sorted { $0.key < $1.key }
    guard !installed.isEmpty || (name == nil && configuration.selfTest?.isEmpty == false) else {
      throw GtachError(
        .notFound, name.map { "\($0) is not installed here" } ?? "nothing is installed here",
        advice: "test a plan with \"gtach selftest --plan FILE\"")
    }
    for (name, release) in installed {
      report.results += try selfTest(
        checks: release.manifest.description.selfTest ?? [], directory: "\(installRoot)/current/\(name)",
        service: release.manifest.description.install?.service, cancellation: cancellation
      ).results
    }
    if name == nil { report.results += try ownSelfTest(cancellation: cancellation).results }
    return report
  }

  /// The checks of the configuration, whose relative paths begin in the home.
  private func ownSelfTest(
    stage: SelfTestStage = .all, cancellation: Cancellation?
  ) throws(GtachError) -> SelfTestReport {
    try selfTest(
      checks: configuration.selfTest ?? [], stage: stage, directory: home.path, cancellation: cancellation)
  }

  private func selfTest(
    checks: [SelfTestCheck], stage: SelfTestStage = .all, directory: String, mayDrive: [String] = [],
    service: String? = nil, cancellation: Cancellation? = nil
  ) throws(GtachError) -> SelfTestReport {
    let runner = SelfTestRunner(
      root: directory, mayDrive: mayDrive + (configuration.gpio?.mayDrive ?? []),
      environment: [
        "PATH": Console.environment("PATH") ?? SelfTestRunner.defaultSearchPath, "LANG": "C.UTF-8",
        "HOME": Console.environment("HOME") ?? "/",
      ], services: ServiceProbe(machine.services, own: service),
      recordPath: configuration.mock == nil ? home.drivenLines : nil)
    return try runner.run(
      checks.filter(stage.includes), gpio: try gpio(cancellation: cancellation), cancellation: cancellation)
  }

  /// Makes the lines inputs again that a self-test was driving when the power went away.
  ///
  /// - Throws: what a line or the record says; it is tried again at the next start.
  public func releaseDrivenLines() throws(GtachError) {
    guard configuration.mock == nil else { return }
    try SelfTestRunner.releaseDrivenLines(recordPath: home.drivenLines, gpio: try gpio())
  }
}

extension NodeConfiguration {
  /// Where the daemon listens.
  var listeningEndpoint: Endpoint { listen ?? Endpoint(host: "::", port: Self.defaultPort) }
}
