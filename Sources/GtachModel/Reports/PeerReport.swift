/// A neighbour, as `gtach peers` shows it.
public struct PeerReport: Hashable, Sendable, Codable {
  /// How this node knows of a peer.
  public enum Source: String, Hashable, Sendable, Codable, CaseIterable {
    /// Its advertisement was seen.
    case mdns
    /// The configuration or the command line names its address.
    case manual = "static"
    /// It was met before, and its address was kept.
    case remembered
    /// It has dialled this node.
    case called
    /// Another peer told of it.
    case told
  }
  /// How things stand with it.
  public enum State: String, Hashable, Sendable, Codable, CaseIterable {
    /// A connection is up.
    case connected
    /// It was met and has nothing new.
    case idle
    /// A connection is being made.
    case connecting
    /// It did not answer; it will be tried again.
    case unreachable
  }

  /// Who it is; nil before it was met.
  public var id: NodeID?
  /// Its name for people.
  public var name: String?
  /// Where it listens.
  public var endpoints: [Endpoint]
  /// How this node knows of it.
  public var sources: [Source]
  /// How things stand.
  public var state: State
  /// The version of its TUF timestamp; nil before it was met.
  public var metadataVersion: Int?
  /// How many variants it holds complete; nil before it was met.
  public var variants: Int?
  /// Bytes of objects that came from it since this daemon started.
  public var receivedBytes: Int
  /// The last error with it.
  public var error: ErrorReport?

  /// A report from its fields.
  public init(
    id: NodeID?, name: String?, endpoints: [Endpoint], sources: [Source], state: State, metadataVersion: Int?,
    variants: Int?, receivedBytes: Int, error: ErrorReport?
  ) {
    self.id = id
    self.name = name
    self.endpoints = endpoints
    self.sources = sources
    self.state = state
    self.metadataVersion = metadataVersion
    self.variants = variants
    self.receivedBytes = receivedBytes
    self.error = error
  }
}
