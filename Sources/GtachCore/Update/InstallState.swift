import GtachModel

/// What is installed under an install root, what was before it, and what is not to be tried again: `state.json`.
public struct InstallState: Hashable, Sendable, Codable {
  /// A release that was installed: all that is needed to activate it again.
  public struct Release: Hashable, Sendable, Codable {
    /// What its manifest says.
    public var manifest: Manifest
    /// The SHA-256 of the manifest.
    public var digest: Digest
    /// What its templates became here, by path; nil where it has none, and none was kept of the release before.
    public var configuration: [String: RenderedFile]?
    /// Its service, as it was installed the last time; nil where it had none.
    public var service: InstalledService?

    /// A release from its manifest.
    public init(manifest: Manifest, digest: Digest) {
      self.manifest = manifest
      self.digest = digest
    }

    /// `NAME@VERSION`.
    public var id: ReleaseID { manifest.variant.release }
  }

  /// A file of a release's configuration.
  public struct RenderedFile: Hashable, Sendable, Codable {
    /// The SHA-256 of what its template became: whatever else is there was written by an operator.
    public var digest: Digest
    /// Whether an operator's file stands in its place, and what its template became lies beside it; nil for no.
    public var isKept: Bool?
    /// Whether it is an operator's file, and the release has no such template; nil for no.
    public var isObsolete: Bool?

    /// A file from its fields.
    public init(digest: Digest, isKept: Bool? = nil, isObsolete: Bool? = nil) {
      self.digest = digest
      self.isKept = isKept
      self.isObsolete = isObsolete
    }
  }

  /// A release that failed here.
  public struct Refusal: Hashable, Sendable, Codable {
    /// Its version.
    public var version: SemanticVersion
    /// The SHA-256 of its manifest.
    public var digest: Digest
    /// What the machine's configuration was, in any words: where that changes, the release may be tried again.
    public var circumstances: String
    /// Why it failed.
    public var errors: [ErrorReport]
    /// When it was first tried, as far as this machine knew the time.
    public var time: Timestamp

    /// A refusal from its fields.
    public init(
      version: SemanticVersion, digest: Digest, circumstances: String, errors: [ErrorReport], time: Timestamp
    ) {
      self.version = version
      self.digest = digest
      self.circumstances = circumstances
      self.errors = errors
      self.time = time
    }
  }

  /// How one package stands.
  public struct Package: Hashable, Sendable, Codable {
    /// The committed release; nil where none ever was.
    public var active: Release?
    /// The release before it, kept whole.
    public var previous: Release?
    /// Releases before that one, kept whole, the newest first; nil for none.
    public var older: [Release]?
    /// Releases that failed here, the newest failure last.
    public var refused: [Refusal] = []
    /// Whether a rollback by hand holds the package where it is.
    public var held = false
    /// Whether the package is here only because others need it; nil for no.
    public var isDependency: Bool?
    /// What the self-test of the active release said.
    public var selfTest: SelfTestReport?

    /// A package of which nothing is known.
    public init() {}

    /// Whether a release is not to be tried again by itself under these circumstances.
    public func refuses(_ version: SemanticVersion, digest: Digest, circumstances: String) -> Refusal? {
      refused.last {
        $0.version == version && $0.digest == digest && $0.circumstances == circumstances
      }
    }

    /// The releases that are kept whole here: the active one, and then those that can be gone back to.
    public var kept: [Release] { [active, previous].compactMap { $0 } + (older ?? []) }

    /// The release of that version that is kept whole here.
    func kept(_ version: SemanticVersion) -> Release? {
      kept.first { $0.manifest.description.version == version }
    }

    /// Makes a release active, and keeps so many of those that were kept before.
    mutating func activate(_ release: Release, keeping count: Int) {
      let others = kept.filter { $0.id != release.id }.prefix(max(1, count))
      active = release
      previous = others.first
      older = others.count > 1 ? Array(others.dropFirst()) : nil
    }
  }

  /// The only format that this program writes and reads.
  public static let format = 1
  /// How many refusals of one package are remembered.
  public static let maximumRefusals = 16

  /// The format of the file.
  public private(set) var format = InstallState.format
  /// The generation that `current` leads to while no transaction is under way.
  public var generation = 0
  /// The number of the last transaction that ended: generations are numbered by transactions.
  public var lastTransaction = 0
  /// The packages.
  public var packages: [PackageName: Package] = [:]

  /// Nothing is installed.
  public init() {}

  /// The releases that are active, by name.
  public var active: [PackageName: Release] { packages.compactMapValues(\.active) }

  /// What failed here, for people, sorted by name.
  public var refusals: [StatusReport.Refusal] {
    packages.sorted { $0.key < $1.key }.flatMap { name, package in
      package.refused.map { StatusReport.Refusal(release: "\(name)@\($0.version)", errors: $0.errors) }
    }
  }

  /// What is installed, for people, sorted by name.
  public var installed: [StatusReport.Installed] {
    packages.sorted { $0.key < $1.key }.compactMap { name, package in
      guard let active = package.active else { return nil }
      return StatusReport.Installed(
        name: name, version: active.id.version, previous: package.previous?.id.version,
        older: package.older?.map(\.id.version), refused: package.refused.map(\.version), held: package.held,
        selfTest: package.selfTest, kept: active.keptFiles)
    }
  }
}
