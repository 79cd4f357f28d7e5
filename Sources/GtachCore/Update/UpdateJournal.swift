import GtachModel

/// The transaction that is under way: `journal.json`, on the disk before the step that it names begins.
///
/// ```
/// staging -> staged (attempt n) -> activated (attempt n) -> self-tested -> committed
///                   |                     |
///                   +-----> rolling-back <+
/// ```
///
/// All that the end of the transaction writes follows from the journal and nothing else, so that doing it twice,
/// because the power was lost in between, is the same as doing it once.
public struct UpdateJournal: Hashable, Sendable, Codable {
  /// What the transaction is.
  public enum Kind: String, Hashable, Sendable, Codable {
    /// A release takes the place of another or of none.
    case install
    /// An operator wants the previous release back.
    case rollback
  }

  /// How far it has come.
  public enum Phase: String, Hashable, Sendable, Codable, CaseIterable {
    /// The release is being written; it is not complete.
    case staging
    /// The release is complete and not active; the hook before the activation runs.
    case staged
    /// The release is active on trial; the hook after the activation and the self-test run.
    case activated
    /// It passed: what remains is to write that down.
    case selfTested = "self-tested"
    /// It is written down; nothing undoes it. Old releases are being removed.
    case committed
    /// It failed; the previous release becomes active again.
    case rollingBack = "rolling-back"
  }

  /// How often a release is tried where the power is lost while trying.
  public static let maximumAttempts = 3

  /// The format of the file, that of `InstallState`.
  public private(set) var format = InstallState.format
  /// The number of the transaction, and of the generation that it makes.
  public var transaction: Int
  /// What it is.
  public var kind: Kind
  /// How far it has come.
  public var phase: Phase
  /// How often the present phase was begun and neither ended nor was stopped in an orderly way; from 1.
  public var attempt: Int
  /// The release that is to be active.
  public var release: InstallState.Release
  /// How the package stood before.
  public var before: InstallState.Package
  /// The generation that was active before.
  public var generationBefore: Int
  /// Whether the operator asked for it: such an install ends a hold.
  public var byOperator: Bool
  /// Whether the package comes only because others need it; nil for no.
  public var isDependency: Bool?
  /// The machine's configuration, for a refusal.
  public var circumstances: String
  /// When it began, as far as this machine knew the time.
  public var started: Timestamp
  /// Whether `current` was ever swapped to the new generation.
  public var wasActivated = false
  /// Whether a rollback records the release as refused.
  public var refuses = false
  /// What did not hold.
  public var errors: [ErrorReport] = []
  /// What the self-test read.
  public var selfTest: SelfTestReport?

  /// Begins a transaction.
  public init(
    transaction: Int, kind: Kind, phase: Phase, release: InstallState.Release, before: InstallState.Package,
    generationBefore: Int, byOperator: Bool, isDependency: Bool = false, circumstances: String, started: Timestamp
  ) {
    self.transaction = transaction
    self.kind = kind
    self.phase = phase
    attempt = 1
    self.release = release
    self.before = before
    self.generationBefore = generationBefore
    self.byOperator = byOperator
    self.isDependency = isDependency ? true : nil
    self.circumstances = circumstances
    self.started = started
  }

  /// The package.
  public var name: PackageName { release.id.name }

  /// Whether the release was here before the transaction, so that its directory outlives a rollback.
  var wasKept: Bool { before.kept(release.id.version) != nil }

  /// How everything stands once the transaction is committed.
  func committed(to state: InstallState) -> InstallState {
    var package = before
    package.previous = before.active
    package.active = release
    package.selfTest = selfTest
    package.refused.removeAll { $0.version == release.id.version }
    package.isDependency = isDependency
    package.held = kind == .rollback || (before.held && !byOperator)
    return ended(state, package, generation: transaction)
  }

  /// How everything stands once the transaction is rolled back.
  func rolledBack(in state: InstallState) -> InstallState {
    var package = before
    if refuses {
      package.refused.removeAll { $0.version == release.id.version && $0.digest == release.digest }
      package.refused.append(
        InstallState.Refusal(
          version: release.id.version, digest: release.digest, circumstances: circumstances, errors: errors,
          time: started))
      package.refused.removeFirst(max(0, package.refused.count - InstallState.maximumRefusals))
    }
    return ended(state, package, generation: generationBefore)
  }

  private func ended(_ state: InstallState, _ package: InstallState.Package, generation: Int) -> InstallState {
    var state = state
    state.packages[name] = package
    state.generation = generation
    state.lastTransaction = max(state.lastTransaction, transaction)
    return state
  }
}
