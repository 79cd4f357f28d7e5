import GtachCore
import GtachModel
import Testing

extension UpdateAction {
  /// Whether it is one that a signal cuts off.
  fileprivate var takesTime: Bool {
    switch self {
    case .stage, .inspectService, .inspectActivity, .runHook, .service, .selfTest: true
    case .perform, .inspect, .verifyActive, .finish, .fail: false
    }
  }
}

/// A machine with a simulated disk that does what `UpdateMachine` says, and whose power can be cut before any step.
struct SimulatedMachine {
  struct PowerCut: Error {}

  /// How the programs of a release behave: the reason why they fail, by what they are.
  struct Behaviour {
    var stage: GtachError?
    var preInstall: GtachError?
    var postInstall: GtachError?
    var selfTest: UpdateMachine.Outcome = .tested(Sample.report(passed: true))
    /// The checks that run when the service does; as the others where it is nil.
    var runningSelfTest: UpdateMachine.Outcome?
    /// Why the service does not start, or does not stay up.
    var start, watch: GtachError?
  }

  let layout = InstallLayout(root: "/opt/gtach")
  var machine = InstallMachine(platform: Sample.linux, model: "Raspberry Pi Zero 2 W Rev 1.0", allowMock: false)
  var disk = SimulatedDisk()
  var services = SimulatedServices()
  /// By version of the app, or by `NAME@VERSION`; one that is not named works.
  var behaviours: [String: Behaviour] = [:]
  /// How many more steps there is power for; nil for ever.
  var remainingSteps: Int?
  /// At which action that takes its time the program is told to stop, counted from the first, and whether what is done
  /// then has its effect all the same.
  var interruption: (action: Int, isLate: Bool)?
  /// How many such actions there were.
  private(set) var waits = 0
  /// The operation that fails, counted in steps from now, and how.
  var failure: (step: Int, error: GtachError)?
  /// How many steps were made.
  private(set) var steps = 0
  /// Hooks and self-tests, in order: `postInstall app@1.0.0`.
  private(set) var log: [String] = []
  var freeBytes: Int64 = 1 << 30
  /// What a release has beside its usual files, by `NAME@VERSION` and path; a link begins with `-> `.
  var extras: [String: [String: String]] = [:]
  /// Units that systemd has from elsewhere.
  var knownUnits: [String: String] = [:]
  /// What fails with which error: `stop app.service`, `reload`.
  var serviceErrors: [String: GtachError] = [:]

  /// A machine that runs services.
  static func withServices() -> SimulatedMachine {
    var node = SimulatedMachine()
    node.machine.services = .available(.systemd, directory: SimulatedServices.directory)
    return node
  }

  mutating func clearLog() { log = [] }

  /// How many steps something takes, found with a copy.
  func stepCount(of work: (inout SimulatedMachine) throws -> Void) rethrows -> Int {
    var copy = self
    try work(&copy)
    return copy.steps - steps
  }

  /// What is left of this machine after gtach was killed right before a program ran.
  func cut(before entry: String, during work: (inout SimulatedMachine) throws -> Void) throws -> SimulatedMachine {
    for steps in 0...1000 {
      var node = self
      node.clearLog()
      node.remainingSteps = steps
      do { try work(&node) } catch is PowerCut {
        guard node.log.last == entry else { continue }
        node.remainingSteps = nil
        return node
      }
      break
    }
    throw GtachError(.bug, "\(entry) never came")
  }

  // MARK: - What UpdateManager does

  @discardableResult
  mutating func install(_ version: String, force: Bool = false) throws -> UpdateResult {
    try install(Sample.release(version), force: force)
  }

  @discardableResult
  mutating func install(_ release: InstallState.Release, force: Bool = false) throws -> UpdateResult {
    try install([release], force: force)
  }

  @discardableResult
  mutating func install(_ releases: [InstallState.Release], force: Bool = false) throws -> UpdateResult {
    try recover()
    return try run(
      try UpdateMachine.installing(
        releases.map { RequestedRelease($0, isForced: force) }, records: try records(), layout: layout,
        machine: machine, freeBytes: freeBytes, now: Timestamp(secondsSinceEpoch: 1000), hashing: TestHashing()))
  }

  @discardableResult
  mutating func rollBack(_ version: String? = nil, of name: PackageName = Sample.name) throws -> UpdateResult {
    try recover()
    return try run(
      try UpdateMachine.rollingBack(
        name, to: version.map(Sample.version), records: try records(), layout: layout, machine: machine,
        now: Timestamp(secondsSinceEpoch: 1000)))
  }

  @discardableResult
  mutating func recover() throws -> [UpdateResult] {
    let records = try records()
    if let update = UpdateMachine.recovering(records, layout: layout, machine: machine) { return [try run(update)] }
    for operation in try records.opening(layout: layout, currentTarget: disk.readLink(layout.current)) {
      try perform(operation)
    }
    return []
  }

  func records() throws -> InstallRecords {
    var records = try InstallRecords(
      state: disk.read(layout.state), journal: disk.read(layout.journal), history: disk.read(layout.history) ?? [],
      entries: disk.list(layout.root))
    try records.forget { (id) throws(GtachError) in disk.kind(of: layout.release(id)) == .directory }
    return records
  }

  mutating func run(_ start: UpdateMachine) throws -> UpdateResult {
    var update = start
    while true {
      if let interruption, !update.isInterrupted, update.action.takesTime {
        waits += 1
        if waits > interruption.action {
          try step()
          if interruption.isLate, case .service(let order) = update.action { _ = carryOut(order) }
          update.advance(.failed(GtachError(.cancelled, "stopped on request")))
          continue
        }
      }
      switch update.action {
      case .finish(let result): return result
      case .fail(let error): throw error
      case .perform(let operations): update.advance(try outcome { try $0.perform(operations) })
      case .stage(let release, let directory):
        update.advance(try outcome { try $0.stage(release, directory) })
      case .inspect(let places):
        try step()
        var seen: [InspectedPlace: PlaceContent] = [:]
        for place in places { seen[place] = content(of: place) }
        update.advance(.seen(seen))
      case .runHook(let hook):
        log.append("\(hook.kind.rawValue) \(hook.release)")
        try step()
        let behaviour = behaviour(of: hook.release)
        let error = hook.kind == .preInstall ? behaviour.preInstall : behaviour.postInstall
        let report = HookReport(
          release: hook.release.description, hook: hook.kind.rawValue, output: "as said\n", milliseconds: 1)
        update.advance(.ran(report, error))
      case .inspectService(let unit, let service, let path):
        try step()
        let installed = disk.kind(of: path).map { kind -> ServiceFinding.Installed in
          kind == .file ? .file(disk.read(path) ?? []) : .other
        }
        update.advance(
          .inspected(
            ServiceFinding(
              unit: disk.read(unit) ?? [], installed: installed ?? .nothing, known: knownUnits[service.name])))
      case .inspectActivity(let service):
        try step()
        let error = serviceErrors["status \(service.name)"]
        update.advance(error.map { .failed($0) } ?? .isRunning(services.running[service.name] != nil))
      case .service(let order):
        try step()
        update.advance(carryOut(order))
      case .selfTest(let release, _, let stage):
        log.append("selfTest \(release.id)" + (stage == .all ? "" : " \(stage)"))
        try step()
        let behaviour = behaviour(of: release.id)
        update.advance(stage == .serviceRunning ? behaviour.runningSelfTest ?? behaviour.selfTest : behaviour.selfTest)
      case .verifyActive(let generation, let releases):
        try step()
        update.advance(isActive(generation, releases) ? .done : .failed(GtachError(.inputOutput, "it is not active")))
      }
    }
  }

  private mutating func carryOut(_ order: ServiceOrder) -> UpdateMachine.Outcome {
    var error: GtachError?
    switch order {
    case .stop(let id):
      log.append("stop \(id.name)")
      services.stop(id.name)
      error = serviceErrors["stop \(id.name)"]
    case .reload:
      log.append("reload")
      services.reload(disk)
      error = serviceErrors["reload"]
    case .start(let id, _):
      log.append("start \(id.name)")
      if !services.start(id.name, disk) { error = GtachError(.serviceFailed, "\(id.name) is not known") }
      error = error ?? behaviour(running: id)?.start
    case .watch(let id, let seconds):
      log.append("watch \(id.name) \(seconds)")
      if services.running[id.name] == nil { error = GtachError(.serviceFailed, "\(id.name) does not run") }
      error = error ?? behaviour(running: id)?.watch
    }
    return error.map { .failed($0) } ?? .done
  }

  /// How the release behaves whose service was started.
  private func behaviour(running id: ServiceID) -> Behaviour? {
    guard let program = services.running[id.name]?.program else { return nil }
    let name = Sample.name(String(id.name.dropLast(".service".count)))
    return behaviour(of: ReleaseID(name: name, version: Sample.version(program)))
  }

  private func behaviour(of release: ReleaseID) -> Behaviour {
    let library = disk.readLink(layout.active(Sample.name("lib")))?.split(separator: "/").last ?? ""
    let own = behaviours["\(release) with lib@\(library)"] ?? behaviours[release.description]
    return own ?? (release.name == Sample.name ? behaviours[release.version.description] : nil) ?? Behaviour()
  }

  private func content(of place: InspectedPlace) -> PlaceContent {
    var path = place.root
    for name in place.names.dropLast() {
      path += "/\(name)"
      guard let kind = disk.kind(of: path) else { return .nothing }
      guard kind == .directory else { return .unreachable(path) }
    }
    return switch disk.kind(of: place.path) {
    case .directory: .directory
    case .file: .file(bytes: place.maximumBytes == nil ? [] : disk.read(place.path) ?? [], permissions: 0o644)
    case .link: .link(to: disk.readLink(place.path) ?? "")
    case nil: .nothing
    }
  }

  private func isActive(_ generation: Int, _ releases: [ReleaseID]) -> Bool {
    disk.readLink(layout.current) == layout.currentTarget(generation)
      && releases.allSatisfy {
        disk.readLink(layout.active($0.name)) == layout.linkTarget($0)
          && disk.kind(of: layout.release($0)) == .directory
      }
  }

  private mutating func outcome(_ body: (inout SimulatedMachine) throws -> Void) throws -> UpdateMachine.Outcome {
    do {
      try body(&self)
      return .done
    } catch let error as GtachError {
      return .failed(error)
    }
  }

  private mutating func perform(_ operations: [FileOperation]) throws {
    for operation in operations { try perform(operation) }
  }

  private mutating func perform(_ operation: FileOperation) throws {
    try step()
    if let failure, failure.step == steps { throw failure.error }
    try disk.perform(operation)
  }

  private mutating func step() throws {
    if remainingSteps == 0 { throw PowerCut() }
    remainingSteps = remainingSteps.map { $0 - 1 }
    steps += 1
  }

  private mutating func stage(_ release: ReleaseID, _ directory: String) throws {
    var files = Self.content(of: release).merging(Self.seeds(of: release)) { _, seed in seed }
    for (path, text) in extras[release.description] ?? [:] { files[path] = Array(text.utf8) }
    for (path, bytes) in files.sorted(by: { $0.key < $1.key }) {
      let text = String(decoding: bytes, as: UTF8.self)
      let names = path.split(separator: "/")
      try perform(.makeDirectory("\(directory)/\(names.dropLast().joined(separator: "/"))"))
      if text.hasPrefix("-> ") {
        // The links that gtach makes are not in the archive.
        if extras[release.description]?[path] == nil { continue }
        try perform(.makeSymbolicLink(at: "\(directory)/\(path)", to: String(text.dropFirst(3))))
      } else {
        try perform(.write(path: "\(directory)/\(path)", bytes: bytes, permissions: 0o755))
      }
    }
    if let error = behaviour(of: release).stage { throw error }
  }

  /// The files of a release that is installed.
  static func content(of release: ReleaseID) -> [String: [UInt8]] {
    var files: [String: [UInt8]] = [:]
    for path in ["bin/pre", "bin/post", "app.py"] { files[path] = Array("\(path) of \(release)".utf8) }
    if Sample.isConfigured(release) {
      files["conf.in"] = Array(Sample.template(release).utf8)
      files["etc/conf"] = Array("-> ../../../../configuration/\(release.name)/\(release.version)/etc/conf".utf8)
    }
    for path in seeds(of: release).keys {
      let name = path.split(separator: "/")[0]
      files["\(name)"] = Array("-> ../../../state/\(release.name)/\(name)".utf8)
    }
    files["etc/\(release.name).service"] = SimulatedServices.unit(of: release)
    return files
  }

  /// The data that a release brings: those of `store` have some, and those of `late` from 2.0.0 on.
  static func seeds(of release: ReleaseID) -> [String: [UInt8]] {
    guard Sample.preserves(release) else { return [:] }
    return ["data/seed": Array("seed of \(release)".utf8), "settings": Array("settings of \(release)".utf8)]
  }

  // MARK: - Checks

  /// The version that services find at `current/NAME`, complete; nil where there is none.
  func reachable(_ package: PackageName = Sample.name, _ location: SourceLocation = #_sourceLocation) -> String? {
    guard let target = disk.readLink(layout.active(package)) else { return nil }
    let version = target.split(separator: "/").last.map(String.init) ?? ""
    let release = ReleaseID(name: package, version: Sample.version(version))
    #expect(
      disk.tree(layout.active(package)) == Self.content(of: release), "\(release) is complete", sourceLocation: location
    )
    return version
  }

  /// Checks that nothing is half done, nothing is missing and nothing is left over.
  func checkAtRest(_ location: SourceLocation = #_sourceLocation) throws {
    let records = try records()
    let state = records.state
    #expect(records.journal == nil, sourceLocation: location)
    #expect(disk.kind(of: layout.staging) == nil, sourceLocation: location)
    #expect(disk.readLink(layout.current) == layout.currentTarget(state.generation), sourceLocation: location)
    #expect(disk.list(layout.generations) == ["\(state.generation)"], sourceLocation: location)
    #expect(disk.list(layout.current + "/.") == state.active.keys.map(\.text).sorted(), sourceLocation: location)
    for (name, package) in state.packages {
      #expect(reachable(name, location) == package.active?.id.version.description, sourceLocation: location)
      let kept = package.kept.map(\.id)
      #expect(
        disk.list(layout.releases(of: name)) == kept.map(\.version.description).sorted(), sourceLocation: location)
      for release in kept {
        #expect(
          disk.tree(layout.release(release)) == Self.content(of: release), "\(release)", sourceLocation: location)
      }
    }
  }

  /// The active version, after checking that everything is in order.
  func active(_ location: SourceLocation = #_sourceLocation) throws -> String? {
    try checkAtRest(location)
    return reachable(Sample.name, location)
  }
}
