import GtachModel

/// What the operator asks for: one command and the options that every command takes.
public struct Invocation: Hashable, Sendable {
  /// The options that every command takes.
  public var options: GlobalOptions
  /// The command and its own options.
  public var command: Command

  /// An invocation from its parts.
  public init(options: GlobalOptions = GlobalOptions(), command: Command) {
    self.options = options
    self.command = command
  }

  /// Why a command line is none, and the options that were understood nevertheless: they say how to show the error.
  public struct Failure: Error, Hashable, Sendable {
    /// The options, as far as they could be read.
    public var options: GlobalOptions
    /// What is wrong.
    public var error: GtachError
  }

  /// Reads a command line, the program's own name not included.
  ///
  /// Options may stand before and after the command and its arguments, as `--option VALUE` or `--option=VALUE`; what
  /// follows `--` is never an option.
  public static func parse(_ arguments: [String]) -> Result<Invocation, Failure> {
    do {
      return .success(try InvocationParser.parse(arguments))
    } catch {
      // Whoever wrote --json reads JSON, even where the rest of the line makes no sense.
      let beforeDashes = arguments.prefix { $0 != "--" }
      let options = GlobalOptions(json: beforeDashes.contains("--json"))
      return .failure(Failure(options: options, error: error))
    }
  }
}

/// The options that every command takes.
public struct GlobalOptions: Hashable, Sendable {
  /// The home directory; nil for `GTACH_HOME` and the other places where a home may be.
  public var home: String?
  /// One JSON document instead of text.
  public var json: Bool
  /// Results only: no progress, no hints, no log line that is not a failure.
  public var quiet: Bool
  /// More log lines.
  public var verbose: Bool

  /// Options from their fields.
  public init(home: String? = nil, json: Bool = false, quiet: Bool = false, verbose: Bool = false) {
    self.home = home
    self.json = json
    self.quiet = quiet
    self.verbose = verbose
  }
}

/// The commands and their own options.
public enum Command: Hashable, Sendable {
  /// Show how something is used.
  case help(HelpTopic)
  /// Show the program's own version.
  case programVersion
  /// Make a fleet, of that name, on a machine of that name.
  case initialize(fleet: String?, node: NodeName?)
  /// Let a machine of that name join within so many minutes; it may reach this machine at these addresses.
  case invite(node: NodeName, addresses: [Endpoint], minutes: Int)
  /// Join a fleet; the address replaces those of the token.
  case join(token: String, address: Endpoint?)
  /// Make a release of a directory or an archive.
  case pack(PackOptions)
  /// The releases that are here, of one name or of all.
  case list(name: PackageName?)
  /// The releases that are here and fit.
  case search(ReleaseQuery)
  /// All that is known of a release, the newest of its name without a version.
  case info(name: PackageName, version: SemanticVersion?)
  /// Write a release's tree into a directory; the variant for a platform.
  case extract(ReleaseID, platform: Platform?, directory: String)
  /// Write a release for another machine of the fleet.
  case export(ReleaseID, to: TransferPlace)
  /// Bring releases into the repository that another machine wrote; from casync's directory perhaps only one.
  case importRelease(from: TransferPlace, release: ReleaseID?)
  /// Take a release out of the repository; by force on the publisher too.
  case remove(ReleaseID, force: Bool)
  /// Hash all that is here, or what is here of a package or a release, and repair it.
  case verify(name: PackageName?, version: SemanticVersion?, repairs: Bool)
  /// Compare what is installed with what was packed.
  case verifyInstalled(name: PackageName?, version: SemanticVersion?)
  /// Make the package index anew.
  case reindex
  /// Take away what nothing needs, or only say what that is.
  case collectGarbage(dryRun: Bool)
  /// Run the daemon.
  case node(NodeOptions)
  /// Fetch now what the policy wants and what is named.
  case sync(SyncOptions)
  /// The neighbours.
  case peers
  /// How this machine stands.
  case status
  /// Install the newest release that the requirement accepts, with its service where `services` says so.
  case install(Requirement, services: Bool)
  /// Take the orders of the daemon whose home it is, over the socket of that path or over systemd's.
  case installer(source: String, socket: String?)
  /// Make inputs of the GPIO lines that a self-test left driven.
  case releaseLines
  /// Make an earlier release active again, the previous one without a version.
  case rollback(name: PackageName, version: SemanticVersion?)
  /// How the last updates ended, of one package or of all.
  case history(name: PackageName?)
  /// Test the hardware: after an installed package, after a plan, or after all that is installed.
  case selfTest(name: PackageName?, plan: String?, mock: String?)
  /// Answer a question about versions.
  case version(VersionQuestion)
  /// Say what it would take to install something, or what is installed by itself.
  case resolve([Requirement])

  /// Where `gtach export` writes to and `gtach import` reads from.
  public enum TransferPlace: Hashable, Sendable {
    /// A release file.
    case file(String)
    /// A directory with indexes and a store of casync.
    case casync(directory: String)
  }

  /// What `gtach pack` is told.
  public struct PackOptions: Hashable, Sendable {
    /// The source tree: a directory or an archive.
    public var source: String
    /// Replaces the description's name.
    public var name: PackageName?
    /// Replaces the description's version.
    public var version: SemanticVersion?
    /// Which part of the description's version to raise, in the file too.
    public var bump: SemanticVersion.Part?
    /// The zstd level of the objects; nil for the usual one.
    public var level: Int?
    /// Whether time counts and bytes do not.
    public var isFast: Bool
    /// From how many earlier releases patches are made; nil for the usual number.
    public var patches: Int?
    /// The description's file; nil for `gtach.json` in the directory.
    public var description: String?
    /// The variant's platform.
    public var platform: Platform
    /// The board that the self-tests must pass on; nil for one that is as they want it.
    public var mock: String?

    /// Options from their fields.
    public init(
      source: String, name: PackageName? = nil, version: SemanticVersion? = nil,
      bump: SemanticVersion.Part? = nil, level: Int? = nil,
      isFast: Bool = false, patches: Int? = nil, description: String? = nil, platform: Platform = .any,
      mock: String? = nil
    ) {
      self.source = source
      self.name = name
      self.version = version
      self.bump = bump
      self.level = level
      self.isFast = isFast
      self.patches = patches
      self.description = description
      self.platform = platform
      self.mock = mock
    }
  }

  /// What `gtach node` is told.
  public struct NodeOptions: Hashable, Sendable {
    /// Replaces the configuration's address.
    public var listen: Endpoint?
    /// Peers beside the configuration's.
    public var peers: [Endpoint]
    /// Whether to advertise and to browse.
    public var discovery: Bool
    /// Replaces the configuration's mock of the GPIO lines.
    public var mock: String?
    /// Whether services may be installed; the configuration may forbid it.
    public var services: Bool
    /// The file for the secrets of TLS connections.
    public var keyLog: String?

    /// Options from their fields.
    public init(
      listen: Endpoint? = nil, peers: [Endpoint] = [], discovery: Bool = true, mock: String? = nil,
      services: Bool = true, keyLog: String? = nil
    ) {
      self.listen = listen
      self.peers = peers
      self.discovery = discovery
      self.mock = mock
      self.services = services
      self.keyLog = keyLog
    }
  }

  /// What `gtach sync` is told.
  public struct SyncOptions: Hashable, Sendable {
    /// What is wanted beside what the policy wants.
    public var requirements: [Requirement]
    /// Peers beside those that are known.
    public var peers: [Endpoint]
    /// Whether to browse.
    public var discovery: Bool
    /// Only say what would be fetched.
    public var dryRun: Bool
    /// Install what is named, too.
    public var install: Bool
    /// Whether services may be installed; the configuration may forbid it.
    public var services: Bool

    /// Options from their fields.
    public init(
      requirements: [Requirement] = [], peers: [Endpoint] = [], discovery: Bool = true, dryRun: Bool = false,
      install: Bool = false, services: Bool = true
    ) {
      self.requirements = requirements
      self.peers = peers
      self.discovery = discovery
      self.dryRun = dryRun
      self.install = install
      self.services = services
    }
  }
}

/// What help is about.
public enum HelpTopic: Hashable, Sendable {
  /// The program.
  case overview
  /// One command, `version bump` for instance.
  case command(String)
  /// The program, because the line has no command: a mistake, so it ends with `ErrorCode.usage`.
  case missingCommand
}

/// What `gtach version` answers without looking at anything.
public enum VersionQuestion: Hashable, Sendable {
  /// Is this text a version?
  case check(String)
  /// Which of the two is newer?
  case compare(SemanticVersion, SemanticVersion)
  /// What kind of change leads from one to the other?
  case compatibility(from: SemanticVersion, to: SemanticVersion)
  /// Does the range accept the version?
  case satisfies(SemanticVersion, VersionRange)
  /// What is the next version?
  case bump(SemanticVersion, SemanticVersion.Part)
}
