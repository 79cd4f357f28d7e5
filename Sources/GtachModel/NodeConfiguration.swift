/// What a machine's owner writes into `config.json`; every field may be missing.
public struct NodeConfiguration: Hashable, Sendable, Codable {
  /// What this machine allows on its GPIO lines.
  public struct GPIO: Hashable, Sendable, Codable {
    /// The only lines that a self-test may drive as outputs.
    public var mayDrive: [String]?
    /// No line may be driven unless listed.
    public init(mayDrive: [String]? = nil) { self.mayDrive = mayDrive }

    private enum CodingKeys: String, CodingKey, CaseIterable { case mayDrive }

    /// Reads the fields; an unknown one is an error.
    public init(from decoder: any Decoder) throws {
      try StrictJSON.refuseUnknownKeys(decoder, CodingKeys.allCases)
      mayDrive = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent([String].self, forKey: .mayDrive)
    }
  }

  /// Where the daemon listens; every address and port 7420 where it is missing.
  public var listen: Endpoint?
  /// Peers beside those that discovery finds.
  public var peers: [Endpoint]?
  /// The directory of installed releases; `apps` in the home where it is missing.
  public var installRoot: String?
  /// The Unix socket of the installer that changes the install root for this node; nil where it does that itself.
  public var installer: String?
  /// Packages that this machine installs by itself, and which versions of them.
  public var autoInstall: [PackageName: VersionRange]?
  /// Which kinds of change that may make to what is installed; `UpdatePolicy.automatic` where it is missing.
  public var autoUpdate: UpdatePolicy?
  /// When it does that, in local time; at any time where it is missing.
  public var installWindows: InstallWindows?
  /// How many installed releases of a package stay beside the active one.
  public var keepInstalled: Int?
  /// How many of the newest releases of each name a node keeps that is not a publisher.
  public var keepReleases: Int?
  /// How many megabytes of objects stay here for others to fetch, on a node that is no publisher.
  public var objectCacheMegabytes: Int?
  /// What this machine gives out to its peers; all they ask for where it is missing.
  public var upload: UploadLimits?
  /// Whether the services of releases are installed and run; they are where it is missing.
  public var services: Bool?
  /// What is wired to this machine: checks that every update must pass beside those of its package.
  public var selfTest: [SelfTestCheck]?
  /// This machine's values of the variables in configuration templates.
  public var variables: TemplateVariables<PackageName>?
  /// GPIO lines.
  public var gpio: GPIO?
  /// Whether a self-test on the mock may commit an update.
  public var allowMock: Bool?
  /// The file that describes the mock; no mock where it is missing and the machine has GPIO.
  public var mock: String?

  /// A configuration in which nothing is said.
  public init() {}

  private enum CodingKeys: String, CodingKey, CaseIterable {
    case listen, peers, installRoot, installer, autoInstall, autoUpdate, installWindows, keepInstalled, keepReleases
    case objectCacheMegabytes, upload, services, selfTest, variables, gpio, allowMock, mock
  }

  /// Reads the fields; an unknown one is an error, so that a slip of the pen does not go unnoticed.
  public init(from decoder: any Decoder) throws {
    try StrictJSON.refuseUnknownKeys(decoder, CodingKeys.allCases)
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    listen = try fields.decodeIfPresent(Endpoint.self, forKey: .listen)
    peers = try fields.decodeIfPresent([Endpoint].self, forKey: .peers)
    installRoot = try fields.decodeIfPresent(String.self, forKey: .installRoot)
    installer = try fields.decodeIfPresent(String.self, forKey: .installer)
    autoInstall = try fields.decodeIfPresent(PackageRanges.self, forKey: .autoInstall)?.ranges
    autoUpdate = try fields.decodeIfPresent(UpdatePolicy.self, forKey: .autoUpdate)
    installWindows = try fields.decodeIfPresent(InstallWindows.self, forKey: .installWindows)
    keepInstalled = try fields.decodeIfPresent(Int.self, forKey: .keepInstalled)
    if let keepInstalled, !Self.keepInstalledLimits.contains(keepInstalled) {
      throw DecodingError.dataCorruptedError(
        forKey: .keepInstalled, in: fields,
        debugDescription: "\(keepInstalled) is not a number from 1 to \(Self.keepInstalledLimits.upperBound)")
    }
    keepReleases = try fields.decodeIfPresent(Int.self, forKey: .keepReleases)
    objectCacheMegabytes = try fields.decodeIfPresent(Int.self, forKey: .objectCacheMegabytes)
    if let objectCacheMegabytes, !Self.objectCacheLimits.contains(objectCacheMegabytes) {
      throw DecodingError.dataCorruptedError(
        forKey: .objectCacheMegabytes, in: fields,
        debugDescription: "\(objectCacheMegabytes) is not a number from 0 to \(Self.objectCacheLimits.upperBound)")
    }
    upload = try fields.decodeIfPresent(UploadLimits.self, forKey: .upload)
    services = try fields.decodeIfPresent(Bool.self, forKey: .services)
    selfTest = try fields.decodeIfPresent([SelfTestCheck].self, forKey: .selfTest)
    variables = try fields.decodeIfPresent(TemplateVariables<PackageName>.self, forKey: .variables)
    gpio = try fields.decodeIfPresent(GPIO.self, forKey: .gpio)
    allowMock = try fields.decodeIfPresent(Bool.self, forKey: .allowMock)
    mock = try fields.decodeIfPresent(String.self, forKey: .mock)
  }

  /// What this machine gives out to its peers.
  public var uploadLimits: UploadLimits { upload ?? UploadLimits() }

  /// The TCP port of a daemon whose configuration names none.
  public static let defaultPort: UInt16 = 7420
  /// How many of the newest releases of each name a node keeps where its configuration does not say.
  public static let defaultKeepReleases = 2
  /// What `keepInstalled` may be.
  public static let keepInstalledLimits = 1...16
  /// How many installed releases stay beside the active one where its configuration does not say.
  public static let defaultKeepInstalled = 1
  /// What `objectCacheMegabytes` may be: up to a terabyte.
  public static let objectCacheLimits = 0...1_000_000
  /// How many megabytes of objects stay where its configuration does not say.
  public static let defaultObjectCacheMegabytes = 256
}
