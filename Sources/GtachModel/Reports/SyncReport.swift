/// What a synchronisation did, as `gtach sync` shows it.
public struct SyncReport: Hashable, Sendable, Codable {
  /// A variant that was fetched, and from whom.
  public struct Fetch: Hashable, Sendable, Codable {
    /// What came from one peer.
    public struct Share: Hashable, Sendable, Codable {
      /// The peer's name.
      public var peer: String
      /// Bytes of objects.
      public var bytes: Int
      /// A share from its fields.
      public init(peer: String, bytes: Int) {
        self.peer = peer
        self.bytes = bytes
      }
    }
    /// The release, `NAME@VERSION`.
    public var release: String
    /// The variant's platform.
    public var platform: Platform
    /// Who sent what.
    public var shares: [Share]
    /// Bytes of objects that were here already, and so were not fetched.
    public var reusedBytes: Int
    /// How long it took.
    public var milliseconds: Int

    /// A fetch from its fields.
    public init(release: String, platform: Platform, shares: [Share], reusedBytes: Int, milliseconds: Int) {
      self.release = release
      self.platform = platform
      self.shares = shares
      self.reusedBytes = reusedBytes
      self.milliseconds = milliseconds
    }
  }

  /// How many peers answered.
  public var peers: Int
  /// The version of the TUF timestamp that this node now trusts.
  public var metadataVersion: Int
  /// What was fetched.
  public var fetched: [Fetch]
  /// What would be fetched, with `--dry-run`: `NAME@VERSION`.
  public var pending: [String]
  /// What was installed, or was tried to be.
  public var updates: [UpdateResult]
  /// What went wrong on the way, although the rest went on.
  public var errors: [ErrorReport]

  /// A report from its fields.
  public init(
    peers: Int, metadataVersion: Int, fetched: [Fetch] = [], pending: [String] = [], updates: [UpdateResult] = [],
    errors: [ErrorReport] = []
  ) {
    self.peers = peers
    self.metadataVersion = metadataVersion
    self.fetched = fetched
    self.pending = pending
    self.updates = updates
    self.errors = errors
  }
}
