import GtachModel
import GtachWire

/// A number that the daemon gives to each connection that it dials; never used again.
public struct SessionID: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The number.
  public let number: Int
  /// The session of that number.
  public init(number: Int) { self.number = number }
  /// Whether the left one was dialled earlier.
  public static func < (left: SessionID, right: SessionID) -> Bool { left.number < right.number }
  /// `session 7`.
  public var description: String { "session \(number)" }
}

/// Where a peer that was met before listened: kept on disk, so that a fleet finds itself again without multicast.
public struct RememberedPeer: Hashable, Sendable, Codable {
  /// Who it is.
  public var id: NodeID
  /// Its name for people.
  public var name: String
  /// Where it was last reached.
  public var endpoint: Endpoint

  /// A peer to remember.
  public init(id: NodeID, name: String, endpoint: Endpoint) {
    self.id = id
    self.name = name
    self.endpoint = endpoint
  }
}

/// What this node knows of another one.
public struct Peer: Sendable {
  /// How a connection to it stands.
  public enum Link: Hashable, Sendable {
    /// There is none.
    case none
    /// One is being made.
    case dialling(SessionID)
    /// One is up: the peer has said hello.
    case up(SessionID)

    /// The connection's session; nil where there is none.
    public var session: SessionID? {
      switch self {
      case .none: nil
      case .dialling(let session), .up(let session): session
      }
    }

    /// Whether the peer has said hello.
    var isUp: Bool { if case .up = self { true } else { false } }
  }

  /// Who it is; nil for an address that nobody has answered from yet.
  public internal(set) var id: NodeID?
  /// Its name for people.
  public internal(set) var name: String?
  /// Addresses that the operator gave.
  public internal(set) var manual: [Endpoint] = []
  /// The address where it was last reached, now or in an earlier life of this node.
  public internal(set) var remembered: Endpoint?
  /// Where it called from, with the port on which it listens as it says.
  public internal(set) var called: Endpoint?
  /// Such an address at which it was not to be reached, although at another it was: it is behind a translator of
  /// addresses.
  var deafCalled: Endpoint?
  /// Addresses that other peers told, the newest first.
  public internal(set) var told: [Endpoint] = []
  /// Who told of it first, and when somebody last did.
  var toldBy: PeerKey?
  var toldAt: Instant?
  /// Its addresses by the instance name of each of its advertisements; one node may be seen under two while it is
  /// being renamed.
  public internal(set) var advertised: [String: [Endpoint]] = [:]
  /// How a connection to it stands.
  public internal(set) var link = Link.none
  /// What it said last of itself: by its advertisement or on a connection.
  public internal(set) var indexRoot: ShortDigest?
  /// The version of its TUF timestamp, likewise.
  public internal(set) var metadataVersion: Int?
  /// The buckets that `variants` was made from: the remembered copy that the next exchange is compared with.
  public internal(set) var buckets: [ShortDigest]?
  /// The root of `buckets`.
  public internal(set) var knownRoot: ShortDigest?
  /// What it holds complete: manifest digests.
  public internal(set) var variants: [VariantID: Digest] = [:]
  /// The last version of its metadata that did not verify: it is not asked for that one again.
  public internal(set) var refusedMetadataVersion: Int?
  /// The number of the last time that it was asked for metadata; 0 where it never was.
  public internal(set) var metadataTurn = 0
  /// When it was last spoken with.
  public internal(set) var lastExchange: Instant?
  /// How recent its last news is among those that multicast told: the higher the later.
  var newsNumber = 0
  /// Its failures.
  public internal(set) var backoff = Backoff()
  /// The last of them.
  public internal(set) var error: GtachError?
  /// Bytes of objects that came from it.
  public internal(set) var receivedBytes = 0

  /// Every address to try: the one from which it called, those that multicast shows now, the operator's, the remembered
  /// one, and what others say.
  public var endpoints: [Endpoint] {
    var seen = Set<Endpoint>()
    let shown = advertised.sorted { $0.key < $1.key }.flatMap(\.value)
    let all: [Endpoint] = [called].compactMap { $0 } + shown + manual + [remembered].compactMap { $0 } + told
    return all.filter { seen.insert($0).inserted }
  }

  /// Whether there is an address to try: asked of everybody after everything that happens.
  var hasAddress: Bool {
    called != nil || remembered != nil || !manual.isEmpty || !told.isEmpty
      || advertised.values.contains { !$0.isEmpty }
  }

  /// How this node knows of it.
  public var sources: [PeerReport.Source] {
    (advertised.isEmpty ? [] : [.mdns]) + (manual.isEmpty ? [] : [.manual])
      + (remembered == nil ? [] : [.remembered]) + (called == nil ? [] : [.called]) + (told.isEmpty ? [] : [.told])
  }

  /// Its name, or else its id, or else its first address.
  public var label: String { name ?? id?.description ?? endpoints.first?.description ?? "unknown" }

  /// What `gtach peers` shows of it.
  public var report: PeerReport {
    let state: PeerReport.State =
      switch link {
      case .dialling: .connecting
      case .up: .connected
      case .none: backoff.failures > 0 ? .unreachable : .idle
      }
    return PeerReport(
      id: id, name: name, endpoints: endpoints, sources: sources, state: state, metadataVersion: metadataVersion,
      variants: knownRoot == nil ? nil : variants.count, receivedBytes: receivedBytes,
      error: error.map(ErrorReport.init))
  }
}
