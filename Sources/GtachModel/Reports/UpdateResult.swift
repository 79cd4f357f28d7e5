/// How an update, or a rollback by hand, ended.
public struct UpdateResult: Hashable, Sendable, Codable {
  /// The package.
  public var name: PackageName
  /// The version that was to be installed.
  public var version: SemanticVersion
  /// Whether that version is now committed.
  public var success: Bool
  /// One sentence for people.
  public var message: String
  /// Whether the previous release was made active again.
  public var rollbackPerformed: Bool
  /// What did not hold: conditions, hooks, self-tests.
  public var validationErrors: [ErrorReport]
  /// Where the previous release is kept; nil where there is none.
  public var backupLocation: String?
  /// What the self-tests read; nil where none ran.
  public var selfTest: SelfTestReport?
  /// The releases that were to take over with it, at once or not at all; nil where it was alone.
  public var together: [String]?
  /// What hooks said, in the order in which they ran; nil where none did.
  public var hooks: [HookReport]?
  /// What became of the services that were started last; nil where none was.
  public var services: [ServiceReport]?
  /// The configuration files that it left as they were changed here; nil where there are none.
  public var kept: [KeptFile]?

  /// A result from its fields.
  public init(
    name: PackageName, version: SemanticVersion, success: Bool, message: String, rollbackPerformed: Bool = false,
    validationErrors: [ErrorReport] = [], backupLocation: String? = nil, selfTest: SelfTestReport? = nil,
    together: [String]? = nil, hooks: [HookReport]? = nil, services: [ServiceReport]? = nil, kept: [KeptFile]? = nil
  ) {
    self.name = name
    self.version = version
    self.success = success
    self.message = message
    self.rollbackPerformed = rollbackPerformed
    self.validationErrors = validationErrors
    self.backupLocation = backupLocation
    self.selfTest = selfTest
    self.together = together
    self.hooks = hooks
    self.kept = kept
    self.services = services
  }
}
