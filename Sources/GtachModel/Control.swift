/// What the command line asks of the daemon, one JSON document a line over the Unix socket in the node's home.
public enum ControlRequest: Hashable, Sendable, Codable {
  /// How the machine stands.
  case status
  /// The neighbours.
  case peers
  /// Fetch now what the policy wants and `names` ask for, from these peers too; install it too where `install` says.
  case sync(requirements: [Requirement], peers: [Endpoint], dryRun: Bool, install: Bool)
  /// Install the newest release that a requirement accepts, although it failed before.
  case install(Requirement)
  /// Make an earlier release active again, and hold the package there.
  case rollback(name: PackageName, version: SemanticVersion?)
  /// Read the repository and the invitations again: another process changed them.
  case reload
}

/// A package, and which versions of it: `NAME` or `NAME@RANGE`.
public struct Requirement: Hashable, Sendable, Codable {
  /// The package.
  public var name: PackageName
  /// Which versions; nil for any but prereleases.
  public var range: VersionRange?

  /// A requirement from its fields.
  public init(name: PackageName, range: VersionRange? = nil) {
    self.name = name
    self.range = range
  }

  /// Reads `NAME` or `NAME@RANGE`.
  ///
  /// - Throws: `ErrorCode.nameInvalid` or `ErrorCode.rangeInvalid`.
  public init(_ text: String) throws(GtachError) {
    guard let at = text.firstIndex(of: "@") else {
      try self.init(name: PackageName(text))
      return
    }
    try self.init(
      name: PackageName(String(text[..<at])), range: VersionRange(String(text[text.index(after: at)...])))
  }
}

extension Requirement: CustomStringConvertible {
  /// `NAME` or `NAME@RANGE`.
  public var description: String { range.map { "\(name)@\($0)" } ?? "\(name)" }
}

/// What the daemon answers: any number of events, then one report or failure.
public enum ControlReply: Hashable, Sendable, Codable {
  /// Something happened on the way.
  case event(NodeEvent)
  /// The answer to `status`.
  case status(StatusReport)
  /// The answer to `peers`.
  case peers([PeerReport])
  /// The answer to `sync`.
  case sync(SyncReport)
  /// The answer to `install` and `rollback`.
  case update(UpdateResult)
  /// The answer to `reload`.
  case done
  /// It could not be done.
  case failed(ErrorReport)
}

/// What a node tells its operator while it works: the daemon's log and the progress of `gtach sync`.
public enum NodeEvent: Hashable, Sendable, Codable {
  /// The daemon listens here.
  case listening(endpoint: Endpoint)
  /// Discovery works.
  case discoveryAvailable
  /// Discovery does not work, and why; static and remembered peers still do.
  case discoveryUnavailable(error: ErrorReport)
  /// A peer was met.
  case peerConnected(name: String, endpoint: Endpoint)
  /// A peer is gone or misbehaved.
  case peerFailed(name: String, error: ErrorReport)
  /// New signed metadata was verified.
  case metadataUpdated(version: Int, from: String)
  /// A fetch began.
  case fetchStarted(release: String, bytes: Int, peers: Int)
  /// Part of it is here.
  case fetchProgress(release: String, receivedBytes: Int, totalBytes: Int)
  /// An object of it yields another chunk than it should, as its publisher made it wrongly; the chunk comes otherwise.
  case objectUseless(release: String, error: ErrorReport)
  /// A peer that lists it has not got all of it; others are asked, and the peer again when it has news.
  case holderLacking(name: String, release: String)
  /// All of it is here, verified.
  case fetchFinished(fetch: SyncReport.Fetch)
  /// It could not be fetched; it will be tried again.
  case fetchFailed(release: String, error: ErrorReport)
  /// A step of an update began: `staging`, `hook`, `self-test`.
  case updateStep(release: String, step: String)
  /// An update could not even begin; it will be tried again.
  case updateFailed(name: String, error: ErrorReport)
  /// An update ended.
  case updateFinished(result: UpdateResult)
  /// The repository was cleaned, and this is what went.
  case cleaned(report: GarbageReport)
  /// It could not be cleaned; it will be tried again.
  case cleaningFailed(error: ErrorReport)
  /// What was complete here is so no longer: a part of it is missing or damaged. It is fetched again.
  case releaseDamaged(release: String)
  /// What is here could not be looked at, although a part of it may be missing or damaged.
  case checkFailed(error: ErrorReport)
  /// A machine joined the fleet through this node.
  case nodeJoined(name: String)
}
