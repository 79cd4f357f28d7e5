import GtachCore
import GtachModel
import GtachSystem

/// Installs, validates, commits and rolls back releases under one install root, and survives power loss at every
/// instant. What is done and in which order, `UpdateMachine` decides; this carries it out.
///
/// Threads and processes may use one install root at once: whoever changes it holds its lock, and the next is told
/// that it is `ErrorCode.busy`.
public final class UpdateManager: Sendable {
  /// Runs the checks of a stage of the self-test of a release in its directory. Where it throws, or where the report
  /// has a result whose code is `cancelled`, the test was not run to its end.
  public typealias SelfTest =
    @Sendable (_ manifest: Manifest, _ releaseDirectory: String, _ stage: SelfTestStage) throws(GtachError) ->
    SelfTestReport

  let layout: InstallLayout
  private let machine: InstallMachine
  private let fileSystem: FileSystem
  private let hooks: HookRunner
  private let services: ServiceKeeper
  private let remote: InstallerClient?
  private let selfTest: SelfTest
  private let events: @Sendable (NodeEvent) -> Void

  /// A manager of an install root; nothing is touched yet.
  ///
  /// - Parameters:
  ///   - installRoot: The install root: an absolute path. It is made where it is missing.
  ///   - machine: The machine and what its configuration allows.
  ///   - cancellation: What ends a hook early, because the daemon is told to stop: the transaction is then left to
  ///     the next start, and the release is not blamed.
  ///   - services: Who runs services.
  ///   - remote: The installer that does it all, where this process may only read the install root; nil to do it here.
  ///   - selfTest: Runs the self-test of a release.
  ///   - events: Is told of each step and of how it ended, on the caller's thread.
  /// - Throws: `ErrorCode.configurationInvalid` for a path that is not absolute.
  public init(
    installRoot: String, machine: InstallMachine, fileSystem: FileSystem = FileSystem(),
    cancellation: Cancellation? = nil, services: any ServiceControl = Systemd(), selfTest: @escaping SelfTest,
    throughInstallerAt remote: String? = nil,
    events: @escaping @Sendable (NodeEvent) -> Void = { _ in }
  ) throws(GtachError) {
    let parts = installRoot.split(separator: "/")
    guard installRoot.hasPrefix("/"), !parts.isEmpty else {
      throw GtachError(
        .configurationInvalid, "the install root \"\(installRoot)\" is not an absolute path below /",
        advice: "write \"installRoot\" as in \"/opt/gtach\"")
    }
    layout = InstallLayout(root: "/" + parts.joined(separator: "/"))
    self.machine = machine
    self.fileSystem = fileSystem
    hooks = HookRunner(fileSystem: fileSystem, cancellation: cancellation)
    self.services = ServiceKeeper(control: services, cancellation: cancellation)
    self.remote = remote.map { InstallerClient(socket: $0, cancellation: cancellation) }
    self.selfTest = selfTest
    self.events = events
  }

  /// Installs releases that take over at once: stages them, makes them active on trial, runs their hooks and
  /// self-tests, and commits them all or rolls all of them back. What an earlier run left unfinished is finished first.
  ///
  /// A result without success says what did not hold: a condition (nothing was written then), a hook or a self-test
  /// (the previous releases are active again, and the one that failed is recorded as refused).
  ///
  /// - Parameters:
  ///   - requests: The releases, each after those that it needs, and why they are to be installed.
  ///   - stage: Writes a release's archive into a directory, which is there and empty, and verifies it.
  /// - Throws: `ErrorCode.busy` while another thread or process changes the install root; `ErrorCode.journalCorrupt`;
  ///   what `stage` throws, after which nothing is changed; `ErrorCode.diskFull` and `ErrorCode.inputOutput`, after
  ///   which `recover` finishes or undoes it; `ErrorCode.cancelled`, after which `recover` goes on with it.
  public func install(
    _ requests: [RequestedRelease], stage: (ReleaseID, String) throws(GtachError) -> Void
  ) throws(GtachError) -> UpdateResult {
    if let remote {
      let releases = requests.map { request in
        InstallerRequest.Activation(
          name: request.release.id.name, version: request.release.id.version, isForced: request.isForced,
          isDependency: request.isDependency)
      }
      return try remote.carryOut(.activate(releases: releases), events: events)
    }
    let lock = try acquire()
    defer { withExtendedLifetime(lock) {} }
    _ = try recoverLocked()
    let update = try UpdateMachine.installing(
      requests, records: try records(), layout: layout, machine: machine,
      freeBytes: Int64(try fileSystem.freeBytes(of: layout.root)), now: SystemClock.now(),
      hashing: SHA256())
    return try run(update, stage: stage)
  }

  /// Makes an earlier release of a package active again because an operator wants it, and holds the package there.
  /// Its hook and its self-test run and are reported, but do not decide.
  ///
  /// - Parameter version: Which of those that are kept; nil for the previous one.
  /// - Throws: `ErrorCode.notFound` where that is not kept; otherwise as `install` does.
  public func rollback(name: PackageName, version: SemanticVersion? = nil) throws(GtachError) -> UpdateResult {
    if let remote { return try remote.carryOut(.rollBack(name: name, version: version), events: events) }
    let lock = try acquire()
    defer { withExtendedLifetime(lock) {} }
    _ = try recoverLocked()
    let update = try UpdateMachine.rollingBack(
      name, to: version, records: try records(), layout: layout, machine: machine, now: SystemClock.now())
    return try run(update, stage: Self.stageNothing)
  }

  /// Finishes or undoes what an earlier run left unfinished. Every start of a daemon begins with this.
  ///
  /// - Returns: How that ended; empty where nothing was unfinished.
  /// - Throws: As `install` does.
  public func recover() throws(GtachError) -> [UpdateResult] {
    // The installer does that, whenever it starts.
    guard remote == nil, try fileSystem.exists(layout.root) else { return [] }
    let lock = try acquire()
    defer { withExtendedLifetime(lock) {} }
    return try recoverLocked()
  }

  /// Whether no earlier run left anything unfinished. Looks only, so that one may ask where nothing can be written.
  ///
  /// - Throws: `ErrorCode.journalCorrupt`, `ErrorCode.inputOutput`.
  func isAtRest() throws(GtachError) -> Bool {
    if remote != nil { return true }
    let records = try records()
    guard records.journal == nil else { return false }
    return records.isNew ? true : try currentTarget() == layout.currentTarget(records.state.generation)
  }

  /// What is installed. While an update is under way, that is what was installed before it.
  ///
  /// - Throws: `ErrorCode.journalCorrupt`, `ErrorCode.inputOutput`.
  public func state() throws(GtachError) -> InstallState {
    // No lock: state.json is replaced as a whole.
    let entries = try list()
    let state = try read(layout.state)
    return try InstallRecords(state: state, journal: nil, history: [], entries: entries).state
  }

  /// The releases that are installed, that can be gone back to, or that an update under way is about.
  ///
  /// - Throws: As `state` does.
  func needed() throws(GtachError) -> Set<ReleaseID> {
    let entries = try list()
    let records = try InstallRecords(
      state: read(layout.state), journal: read(layout.journal), history: [], entries: entries)
    let members = records.journal?.members ?? []
    let packages = Array(records.state.packages.values) + members.map(\.before)
    return Set((packages.flatMap(\.kept) + members.map(\.release)).map(\.id))
  }

  /// What is installed, for people.
  ///
  /// - Throws: As `state` does.
  public func installed() throws(GtachError) -> [StatusReport.Installed] { try state().installed }

  /// How the last transactions ended, the newest last.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  public func history() throws(GtachError) -> [HistoryEntry] {
    InstallHistory.entries(try read(layout.history) ?? [])
  }

  // MARK: - Carrying out

  private func recoverLocked() throws(GtachError) -> [UpdateResult] {
    let records = try records()
    guard let update = UpdateMachine.recovering(records, layout: layout, machine: machine) else {
      try fileSystem.perform(records.opening(layout: layout, currentTarget: currentTarget()))
      return []
    }
    return [try run(update, stage: Self.stageNothing)]
  }

  private func run(
    _ start: UpdateMachine, stage: (ReleaseID, String) throws(GtachError) -> Void
  ) throws(GtachError) -> UpdateResult {
    var update = start
    while true {
      announce(update.action)
      switch update.action {
      case .finish(let result): return result
      case .fail(let error): throw error
      case .perform(let operations):
        update.advance(outcome { () throws(GtachError) in try fileSystem.perform(operations) })
      case .stage(let release, let directory):
        update.advance(outcome { () throws(GtachError) in try stage(release, directory) })
      case .inspect(let places):
        do throws(GtachError) {
          update.advance(.seen(try fileSystem.contents(of: places)))
        } catch {
          update.advance(.failed(error))
        }
      case .runHook(let hook):
        do throws(GtachError) {
          let (report, error) = try hooks.run(hook)
          update.advance(.ran(report, error))
        } catch {
          update.advance(.failed(error))
        }
      case .inspectService(let unit, let service, let path):
        do throws(GtachError) {
          update.advance(.inspected(try services.inspect(unit: unit, service: service, installedAt: path)))
        } catch {
          update.advance(.failed(error))
        }
      case .service(let order):
        update.advance(outcome { () throws(GtachError) in try services.carryOut(order) })
      case .selfTest(let release, let directory, let stage):
        do throws(GtachError) {
          update.advance(.tested(try selfTest(release.manifest, directory, stage)))
        } catch {
          update.advance(.failed(error))
        }
      case .verifyActive(let generation, let releases):
        update.advance(outcome { () throws(GtachError) in try verify(generation, releases) })
      }
    }
  }

  private func outcome(_ body: () throws(GtachError) -> Void) -> UpdateMachine.Outcome {
    do throws(GtachError) {
      try body()
      return .done
    } catch {
      return .failed(error)
    }
  }

  private func announce(_ action: UpdateAction) {
    switch action {
    case .stage(let release, _): events(.updateStep(release: release.description, step: "staging"))
    case .runHook(let hook): events(.updateStep(release: hook.release.description, step: "hook"))
    case .service(.start(let service, _)): events(.updateStep(release: service.name, step: "start"))
    case .service(.stop(let service)): events(.updateStep(release: service.name, step: "stop"))
    case .selfTest(let release, _, _): events(.updateStep(release: release.id.description, step: "self-test"))
    case .finish(let result): events(.updateFinished(result: result))
    case .perform, .inspect, .inspectService, .service, .verifyActive, .fail: return
    }
  }

  /// Looks whether a generation is active and its links lead to these releases.
  private func verify(_ generation: Int, _ releases: [ReleaseID]) throws(GtachError) {
    func fail(_ reason: String) -> GtachError {
      GtachError(.inputOutput, "what was active before is not active again", reason: reason)
    }
    let target = try currentTarget()
    guard target == layout.currentTarget(generation) else {
      throw fail("\(layout.current) \(target.map { "leads to \($0)" } ?? "is missing")")
    }
    for release in releases {
      let link = layout.active(release.name)
      guard try fileSystem.kind(of: link) == .symbolicLink else { throw fail("\(link) is missing") }
      guard try fileSystem.readLink(link) == layout.linkTarget(release),
        try fileSystem.kind(of: layout.release(release)) == .directory
      else { throw fail("\(link) does not lead to \(release)") }
    }
  }

  private static func stageNothing(_ release: ReleaseID, _ directory: String) throws(GtachError) {
    throw GtachError(.bug, "a release was to be staged that is here already")
  }

  // MARK: - Reading

  private func currentTarget() throws(GtachError) -> String? {
    try fileSystem.kind(of: layout.current) == .symbolicLink ? fileSystem.readLink(layout.current) : nil
  }

  private func acquire() throws(GtachError) -> FileLock {
    try fileSystem.perform(.makeDirectory(layout.root))
    do throws(GtachError) {
      return try FileLock(path: layout.lock, wait: MonotonicClock.now())
    } catch {
      guard error.code == .busy else { throw error }
      throw GtachError(
        .busy, "an update is under way", reason: error.reason.map { "\($0): \(layout.lock) is locked" },
        advice: "try again when it is done")
    }
  }

  private func records() throws(GtachError) -> InstallRecords {
    let entries = try list()
    var records = try InstallRecords(
      state: read(layout.state), journal: read(layout.journal), history: read(layout.history) ?? [],
      entries: entries)
    try records.forget { (release) throws(GtachError) in
      try fileSystem.kind(of: layout.release(release)) == .directory
    }
    return records
  }

  private func read(_ path: String) throws(GtachError) -> [UInt8]? {
    do throws(GtachError) {
      return try fileSystem.read(path, maximumBytes: InstallRecords.maximumBytes)
    } catch {
      if error.code == .notFound { return nil }
      throw error
    }
  }

  private func list() throws(GtachError) -> [String] {
    try fileSystem.exists(layout.root) ? try fileSystem.list(layout.root) : []
  }
}
