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
  let fileSystem: FileSystem
  let cancellation: Cancellation?
  let services: @Sendable (Cancellation?) -> any ServiceControl
  private let remote: InstallerClient?
  let selfTest: SelfTest
  let events: @Sendable (NodeEvent) -> Void

  /// A manager of an install root; nothing is touched yet.
  ///
  /// - Parameters:
  ///   - installRoot: The install root: an absolute path. It is made where it is missing.
  ///   - machine: The machine and what its configuration allows.
  ///   - cancellation: What interrupts an update, because this program is told to stop: what is not committed is taken
  ///     back at once, and the release is not blamed.
  ///   - services: Who runs services, where that cancellation ends every wait; nothing does where it is nil.
  ///   - remote: The installer that does it all, where this process may only read the install root; nil to do it here.
  ///   - selfTest: Runs the self-test of a release.
  ///   - events: Is told of each step and of how it ended, on the caller's thread.
  /// - Throws: `ErrorCode.configurationInvalid` for a path that is not absolute.
  public init(
    installRoot: String, machine: InstallMachine, fileSystem: FileSystem = FileSystem(),
    cancellation: Cancellation? = nil,
    services: @escaping @Sendable (Cancellation?) -> any ServiceControl = { Systemd(cancellation: $0) },
    selfTest: @escaping SelfTest, throughInstallerAt remote: String? = nil,
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
    self.cancellation = cancellation
    self.services = services
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
  ///   which `recover` finishes or undoes it; `ErrorCode.cancelled` where it was interrupted before anything of it
  ///   was complete. One that is interrupted later has a result that says so.
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

  // MARK: - Reading

  func currentTarget() throws(GtachError) -> String? {
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
