/// How this machine stands, as `gtach status` shows it.
public struct StatusReport: Hashable, Sendable, Codable {
  /// An installed package.
  public struct Installed: Hashable, Sendable, Codable {
    /// The package.
    public var name: PackageName
    /// The committed version.
    public var version: SemanticVersion
    /// The version before it, kept whole.
    public var previous: SemanticVersion?
    /// The versions before that one, kept whole, the newest first; nil for none.
    public var older: [SemanticVersion]?
    /// The newest version that was rolled back here, and why it is not tried again.
    public var refused: [SemanticVersion]
    /// Whether a rollback by hand holds the package where it is.
    public var held: Bool
    /// What the last self-test said; nil where none ran.
    public var selfTest: SelfTestReport?
    /// The newest release that `autoInstall` accepts and `autoUpdate` does not; nil where there is none.
    public var withheld: Withheld?
    /// The configuration files that its installation left as they were changed here; nil where there are none.
    public var kept: [KeptFile]?

    /// A report from its fields.
    public init(
      name: PackageName, version: SemanticVersion, previous: SemanticVersion?, older: [SemanticVersion]? = nil,
      refused: [SemanticVersion], held: Bool, selfTest: SelfTestReport?, withheld: Withheld? = nil,
      kept: [KeptFile]? = nil
    ) {
      self.name = name
      self.version = version
      self.previous = previous
      self.older = older
      self.refused = refused
      self.held = held
      self.selfTest = selfTest
      self.withheld = withheld
      self.kept = kept
    }
  }

  /// A newer release that is not installed by itself because of what would change.
  public struct Withheld: Hashable, Sendable, Codable {
    /// Its version.
    public var version: SemanticVersion
    /// What kind of change it is.
    public var change: Compatibility

    /// A withheld release from its fields.
    public init(version: SemanticVersion, change: Compatibility) {
      self.version = version
      self.change = change
    }
  }

  /// A release that failed here and is not tried again by itself.
  public struct Refusal: Hashable, Sendable, Codable {
    /// The release, `NAME@VERSION`.
    public var release: String
    /// Why it failed.
    public var errors: [ErrorReport]

    /// A refusal from its fields.
    public init(release: String, errors: [ErrorReport]) {
      self.release = release
      self.errors = errors
    }
  }

  /// The node's name.
  public var node: String
  /// The node's id.
  public var id: NodeID
  /// The fleet's name.
  public var fleet: String
  /// The fleet's id.
  public var fleetID: FleetID
  /// The machine's platform.
  public var platform: Platform
  /// The home directory.
  public var home: String
  /// Whether a daemon answered; otherwise the rest was read from the disk.
  public var daemon: Bool
  /// Where the daemon listens.
  public var listening: Endpoint?
  /// `advertising`, `off`, or why not: `no avahi-daemon`.
  public var discovery: String?
  /// How many peers the daemon knows.
  public var peers: Int?
  /// The version of the TUF timestamp that this node trusts.
  public var metadataVersion: Int
  /// How many variants are here complete.
  public var variants: Int
  /// What is installed.
  public var installed: [Installed]
  /// What failed here, of packages that are installed and of those that are not.
  public var refusals: [Refusal]
  /// When this machine installs by itself; nil where that is at any time.
  public var window: WindowReport?

  /// A report from its fields.
  public init(
    node: String, id: NodeID, fleet: String, fleetID: FleetID, platform: Platform, home: String, daemon: Bool,
    listening: Endpoint?, discovery: String?, peers: Int?, metadataVersion: Int, variants: Int,
    installed: [Installed], refusals: [Refusal] = [], window: WindowReport? = nil
  ) {
    self.node = node
    self.id = id
    self.fleet = fleet
    self.fleetID = fleetID
    self.platform = platform
    self.home = home
    self.daemon = daemon
    self.listening = listening
    self.discovery = discovery
    self.peers = peers
    self.metadataVersion = metadataVersion
    self.variants = variants
    self.installed = installed
    self.refusals = refusals
    self.window = window
  }
}
