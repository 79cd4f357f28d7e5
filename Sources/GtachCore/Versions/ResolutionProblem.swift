import GtachModel

/// What a plan is to be found for: what is asked, what there is, and what stands already.
public struct ResolutionProblem: Sendable {
  /// A package that is installed.
  public struct Installed: Hashable, Sendable {
    /// The version that is active.
    public var version: SemanticVersion
    /// What that release needs.
    public var dependencies: [PackageName: VersionRange]
    /// Whether it is held where it is.
    public var isHeld: Bool
    /// Whether it is here only because others need it.
    public var isDependency: Bool

    /// An installed package from its fields.
    public init(
      version: SemanticVersion, dependencies: [PackageName: VersionRange] = [:], isHeld: Bool = false,
      isDependency: Bool = false
    ) {
      self.version = version
      self.dependencies = dependencies
      self.isHeld = isHeld
      self.isDependency = isDependency
    }
  }

  /// What is asked for, the most important first.
  public var requirements: [Requirement]
  /// The variants that signed metadata lists.
  public var listed: [ListedVariant]
  /// What the machine runs on.
  public var machine: Platform
  /// The board's own name of itself; nil where it has none.
  public var model: String?
  /// What is installed.
  public var installed: [PackageName: Installed]
  /// Which changes of an installed package are allowed that nobody asked for by hand.
  public var policy: UpdatePolicy
  /// Whether an operator asks. What is named then may change in any way, is no longer held, and is tried again although
  /// it failed; it goes back to an earlier version only where the range that was typed excludes the installed one.
  public var isByHand: Bool
  /// Variants that failed here and are not tried again by themselves.
  public var refused: Set<VariantID>
  /// Whether each requirement is for the newest release alone that the real one accepts: a question of why that fails.
  var isNarrowed = false

  /// A problem from its fields.
  public init(
    requirements: [Requirement], listed: [ListedVariant], machine: Platform, model: String? = nil,
    installed: [PackageName: Installed] = [:], policy: UpdatePolicy = .automatic, isByHand: Bool = true,
    refused: Set<VariantID> = []
  ) {
    self.requirements = requirements
    self.listed = listed
    self.machine = machine
    self.model = model
    self.installed = installed
    self.policy = policy
    self.isByHand = isByHand
    self.refused = refused
  }

  /// Whether a package is asked for.
  func isNamed(_ name: PackageName) -> Bool { requirements.contains { $0.name == name } }
}
