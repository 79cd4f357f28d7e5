import GtachModel

/// The transaction that is under way: `journal.json`, on the disk before the step that it names begins.
///
/// ```
/// staging -> staged (attempt n) -> activated (attempt n) -> self-tested
///                   |                     |
///                   +-----> rolling-back <+
/// ```
///
/// All that the end of the transaction writes follows from the journal and nothing else, so that doing it twice,
/// because the power was lost in between, is the same as doing it once.
///
/// A transaction is about one release or about several that take over at once: releases that need each other are
/// committed together or not at all.
public struct UpdateJournal: Hashable, Sendable, Codable {
  /// How far it has come.
  public enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
    /// The release is being written; it is not complete.
    case staging
    /// The release is complete and not active; the hook before the activation runs.
    case staged
    /// The release is active on trial; the hook after the activation and the self-test run.
    case activated
    /// It passed, and nothing undoes it: what remains is to write that down, and to remove old releases.
    case selfTested = "self-tested"
    /// It is written down: an earlier gtach noted that here as well.
    case committed
    /// It failed; the previous release becomes active again.
    case rollingBack = "rolling-back"
  }

  /// One release of the transaction.
  public struct Member: Hashable, Sendable, Codable {
    /// The release that is to be active.
    public var release: InstallState.Release
    /// How its package stood before.
    public var before: InstallState.Package
    /// Whether the operator asked for it: such an install ends a hold, and such a rollback begins one.
    public var byOperator: Bool
    /// Whether the package comes only because others need it; nil for no.
    public var isDependency: Bool?
    /// What the self-test read.
    public var selfTest: SelfTestReport?
    /// The preserved paths that this transaction makes in the package's directory, which had them not; nil for none. On
    /// the disk before the first of them is made.
    public var seeded: [String]?
    /// Whether the release is here already and gets another configuration, which waits beside its own; nil for no.
    public var isReconfigured: Bool?
    /// Whether the unit file of the service stays as it was found; nil for no.
    public var keepsUnit: Bool?
    /// Whether a rollback records the release as refused; nil for no.
    public var isRefused: Bool?

    /// The package.
    public var name: PackageName { release.id.name }

    /// Whether the release was here before the transaction, so that its directory outlives a rollback.
    var wasKept: Bool { before.kept(release.id.version) != nil }
  }

  /// A release that stays active and needs one of the transaction.
  public struct Dependent: Hashable, Sendable, Codable {
    /// The release.
    public var release: InstallState.Release
    /// Whether its service ran before; nil where it has none.
    public var isRunning: Bool?
    /// What the self-test read.
    public var selfTest: SelfTestReport?
    /// Whether it does not work with what was tried; nil for no.
    public var hasFailed: Bool?

    /// A dependent of which nothing is known yet.
    init(release: InstallState.Release) { self.release = release }

    /// Whether it is tried: not where its service was stopped by somebody.
    var isTried: Bool { release.service == nil || isRunning == true }
  }

  /// The only format that this program writes and reads.
  public static let format = 2
  /// How often a release is tried where the power is lost while trying.
  public static let maximumAttempts = 3

  /// The format of the file.
  public private(set) var format = UpdateJournal.format
  /// The number of the transaction, and of the generation that it makes.
  public var transaction: Int
  /// What it is.
  public var kind: UpdateKind
  /// How far it has come.
  public var phase: Phase
  /// How often the present phase was begun and did not end; from 1.
  public var attempt: Int
  /// What is to be active, each release after those that it needs. Never empty.
  public var members: [Member]
  /// The generation that was active before.
  public var generationBefore: Int
  /// How many releases of a package stay beside the active one.
  public var keepInstalled: Int
  /// The machine's configuration, for a refusal.
  public var circumstances: String
  /// When it began, as far as this machine knew the time.
  public var started: Timestamp
  /// Whether services were ever stopped for the new generation, or `current` swapped to it.
  public var wasActivated = false
  /// What did not hold.
  public var errors: [ErrorReport] = []
  /// What the hooks said that have run.
  public var hooks: [HookReport] = []
  /// What became of the services that were started last; nil for none.
  public var startedServices: [ServiceReport]?
  /// The releases that need one of the transaction, each after those that it needs; nil for none.
  public var neededBy: [Dependent]?

  /// Begins a transaction.
  public init(
    transaction: Int, kind: UpdateKind, phase: Phase, members: [Member], generationBefore: Int, keepInstalled: Int,
    circumstances: String, started: Timestamp, neededBy: [Dependent]? = nil
  ) {
    self.transaction = transaction
    self.kind = kind
    self.phase = phase
    attempt = 1
    self.members = members
    self.generationBefore = generationBefore
    self.keepInstalled = keepInstalled
    self.circumstances = circumstances
    self.started = started
    self.neededBy = neededBy
  }

  /// What became of the services that were started last.
  var services: [ServiceReport] {
    get { startedServices ?? [] }
    set { startedServices = newValue.isEmpty ? nil : newValue }
  }

  /// The releases that need one of the transaction, each after those that it needs.
  var dependents: [Dependent] {
    get { neededBy ?? [] }
    set { neededBy = newValue.isEmpty ? nil : newValue }
  }

  /// What the self-tests read, all in one; nil where none ran.
  var selfTest: SelfTestReport? {
    let reports = members.compactMap(\.selfTest) + dependents.compactMap(\.selfTest)
    guard !reports.isEmpty else { return nil }
    return SelfTestReport(results: reports.flatMap(\.results), mock: reports.contains { $0.mock })
  }

  /// How everything stands once the transaction is committed.
  func committed(to state: InstallState) -> InstallState {
    var state = state
    for dependent in dependents {
      if let report = dependent.selfTest { state.packages[dependent.release.id.name]?.selfTest = report }
    }
    return ended(state, generation: transaction) { member in
      var package = member.before
      package.activate(member.release, keeping: keepInstalled)
      package.selfTest = member.selfTest
      package.refused.removeAll { $0.version == member.release.id.version }
      package.isDependency = member.isDependency
      package.held =
        kind == .rollback ? member.byOperator || member.before.held : member.before.held && !member.byOperator
      return package
    }
  }

  /// How everything stands once the transaction is rolled back.
  func rolledBack(in state: InstallState) -> InstallState {
    ended(state, generation: generationBefore) { member in
      var package = member.before
      guard member.isRefused == true else { return package }
      let (version, digest) = (member.release.id.version, member.release.digest)
      package.refused.removeAll { $0.version == version && $0.digest == digest }
      package.refused.append(
        InstallState.Refusal(
          version: version, digest: digest, circumstances: circumstances, errors: errors, time: started))
      package.refused.removeFirst(max(0, package.refused.count - InstallState.maximumRefusals))
      return package
    }
  }

  private func ended(
    _ state: InstallState, generation: Int, _ package: (Member) -> InstallState.Package
  ) -> InstallState {
    var state = state
    for member in members { state.packages[member.name] = package(member) }
    state.generation = generation
    state.lastTransaction = max(state.lastTransaction, transaction)
    return state
  }
}
