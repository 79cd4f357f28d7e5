/// What `gtach gc` took away, or would.
public struct GarbageReport: Hashable, Sendable, Codable {
  /// A kind of garbage.
  public struct Part: Hashable, Sendable, Codable {
    /// `releases`, `fetches`, `chunks`, `objects`, `unfinished` or `quarantine`.
    public var kind: String
    /// How many of them.
    public var count: Int
    /// How long they are together, in bytes.
    public var bytes: Int

    /// A part from its fields.
    public init(kind: String, count: Int, bytes: Int) {
      self.kind = kind
      self.count = count
      self.bytes = bytes
    }
  }

  /// Whether nothing was taken away.
  public var dryRun: Bool
  /// The releases' variants that went, as `NAME@VERSION (PLATFORM)`.
  public var releases: [String]
  /// What went, by kind; a kind of which there was nothing is left out.
  public var parts: [Part]
  /// Why chunks and objects were left for another time; nil where they were not.
  public var postponed: ErrorReport?

  /// A report from its fields.
  public init(dryRun: Bool, releases: [String], parts: [Part], postponed: ErrorReport?) {
    self.dryRun = dryRun
    self.releases = releases
    self.parts = parts
    self.postponed = postponed
  }

  /// How long all of it is, in bytes.
  public var bytes: Int { parts.reduce(0) { $0 + $1.bytes } }
}

/// What `gtach remove` did.
public struct RemovalReport: Hashable, Sendable, Codable {
  /// `NAME@VERSION`.
  public var release: String
  /// The variants that were here; none where the release was only kept from coming.
  public var platforms: [Platform]
  /// Whether the release is installed, and stays so.
  public var installed: Bool

  /// A report from its fields.
  public init(release: String, platforms: [Platform], installed: Bool) {
    self.release = release
    self.platforms = platforms
    self.installed = installed
  }
}
