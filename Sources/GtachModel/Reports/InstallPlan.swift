/// Which releases are to be installed, updated, kept and removed together, and why: what `gtach resolve` prints and
/// `gtach install` follows.
public struct InstallPlan: Hashable, Sendable, Codable {
  /// What happens to a package.
  public enum Action: String, Hashable, Sendable, Codable {
    /// It comes.
    case install
    /// Another release of it takes over.
    case update
    /// It stays as it is.
    case keep
    /// It goes.
    case remove
  }

  /// One package of the plan.
  public struct Step: Hashable, Sendable, Codable {
    /// What happens to it.
    public var action: Action
    /// The package.
    public var name: PackageName
    /// The version in the plan; the one that goes where it is removed.
    public var version: SemanticVersion
    /// The variant's platform; nil where nothing is installed.
    public var platform: Platform?
    /// The version that is installed now; nil where there is none.
    public var installed: SemanticVersion?
    /// What kind of change of the installed version it is; nil where there is none.
    public var change: Compatibility?
    /// Why it is in the plan: sentences for people.
    public var reasons: [String]
    /// Why it is not a newer version, where there is one.
    public var newer: Newer?
    /// What of the installed keeps it from taking over; nil where nothing does.
    public var obstacle: String?
    /// The number of its set: what has the same one takes over at once or not at all; nil where nothing is installed.
    public var set: Int?
    /// Whether it is here only because others need it.
    public var isDependency: Bool

    /// A step from its fields.
    public init(
      action: Action, name: PackageName, version: SemanticVersion, platform: Platform? = nil,
      installed: SemanticVersion? = nil, change: Compatibility? = nil, reasons: [String], newer: Newer? = nil,
      obstacle: String? = nil, set: Int? = nil, isDependency: Bool = false
    ) {
      self.action = action
      self.name = name
      self.version = version
      self.platform = platform
      self.installed = installed
      self.change = change
      self.reasons = reasons
      self.newer = newer
      self.obstacle = obstacle
      self.set = set
      self.isDependency = isDependency
    }

    /// The variant that is to be installed; nil where nothing is.
    public var variant: VariantID? {
      guard action == .install || action == .update, let platform else { return nil }
      return VariantID(release: ReleaseID(name: name, version: version), platform: platform)
    }
  }

  /// A newer version than the plan's.
  public struct Newer: Hashable, Sendable, Codable {
    /// The version.
    public var version: SemanticVersion
    /// Why the plan does not have it: a sentence for people.
    public var reason: String

    /// A version and why not.
    public init(version: SemanticVersion, reason: String) {
      self.version = version
      self.reason = reason
    }
  }

  /// How much work it was to find a plan, counted and not timed: the same for the same question on every machine.
  public struct Effort: Hashable, Sendable, Codable {
    /// How often a release was chosen.
    public var decisions = 0
    /// How often the choices left no other one.
    public var derivations = 0
    /// How often a conflict was traced back by one step.
    public var conflicts = 0

    /// All of it.
    public var steps: Int { decisions + derivations + conflicts }

    /// No work yet.
    public init() {}
  }

  /// The packages in the order in which they take over, each after those that it needs; then those that cannot, and
  /// what is removed.
  public var steps: [Step]
  /// How much work it was.
  public var effort: Effort

  /// The variants that are to be installed, in this order.
  public var variants: [VariantID] { steps.compactMap(\.variant) }

  /// What is to be installed, in this order, each set at once.
  public var sets: [[Step]] {
    Dictionary(grouping: steps.filter { $0.variant != nil && $0.set != nil }) { $0.set ?? 0 }
      .sorted { $0.key < $1.key }.map(\.value)
  }

  /// The steps that cannot be made, as something that is installed is in the way.
  public var obstructed: [Step] { steps.filter { $0.obstacle != nil } }

  /// A plan from its fields.
  public init(steps: [Step], effort: Effort) {
    self.steps = steps
    self.effort = effort
  }
}
