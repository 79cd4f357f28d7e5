import GtachModel

/// The fetching of one variant: first its manifest and index from anybody who has it, then its objects from everybody
/// who has it.
///
/// Which object is asked of whom is decided here; verifying, decoding and storing are the session's. A session never
/// has more than `Download.objectsPerSession` questions open, so that a slow peer holds little back, and an object is
/// asked of one peer at a time: no byte comes twice.
public struct Download: Sendable {
  /// How many objects are asked of one peer before the first has come: the next question travels while an answer does.
  public static let objectsPerSession = 2

  /// How far it is.
  public enum Phase: Sendable {
    /// The manifest is wanted, or asked for.
    case manifest(SessionID?)
    /// The index is wanted, or asked for.
    case index(SessionID?)
    /// The disk is asked what is missing.
    case inspecting
    /// Objects are coming.
    case objects
    /// Everything is here and is being made visible.
    case completing
  }

  /// What the signed metadata says of the variant.
  public let listed: ListedVariant
  /// How far it is.
  public internal(set) var phase = Phase.manifest(nil)
  /// When it began.
  public let started: Instant
  /// The manifest's bytes, verified.
  public internal(set) var manifest: [UInt8] = []
  /// The same, read.
  var parsedManifest: Manifest?
  /// The index's bytes, verified.
  public internal(set) var indexBytes: [UInt8] = []
  /// The index.
  public internal(set) var index: ChunkIndex?
  /// Objects that nobody was asked for yet.
  private var missing: [Int] = []
  /// Who was asked for what.
  private var asked: [Int: SessionID] = [:]
  /// Bytes of objects that must come.
  public private(set) var totalBytes = 0
  /// Bytes of objects that have come.
  public private(set) var receivedBytes = 0
  /// Who sent how many bytes, by name.
  public private(set) var shares: [String: Int] = [:]

  /// A download that has not begun.
  public init(_ listed: ListedVariant, now: Instant) {
    self.listed = listed
    started = now
  }

  /// The disk has answered what is missing.
  public mutating func begin(missing numbers: [Int]) {
    missing = numbers
    totalBytes = numbers.reduce(0) { $0 + (index?.objects[$1].size ?? 0) }
    phase = .objects
  }

  /// Whether all objects are here.
  public var isComplete: Bool {
    if case .objects = phase { missing.isEmpty && asked.isEmpty } else { false }
  }

  /// Bytes of objects that were here before.
  public var reusedBytes: Int { (index?.objects.reduce(0) { $0 + $1.size } ?? 0) - totalBytes }

  /// Chooses what to ask of whom: equal peers in turn, objects at random, so that neighbours who fetch at the same
  /// time soon hold different ones.
  public mutating func assign(
    holders: [SessionID], load: [SessionID: Int], using generator: inout some RandomNumberGenerator
  ) -> [(session: SessionID, object: Int)] {
    var load = load
    var result: [(session: SessionID, object: Int)] = []
    while !missing.isEmpty {
      let free = holders.filter { load[$0, default: 0] < Self.objectsPerSession }
      guard let least = free.map({ load[$0, default: 0] }).min(),
        let session = free.filter({ load[$0, default: 0] == least }).randomElement(using: &generator),
        let position = missing.indices.randomElement(using: &generator)
      else { break }
      missing.swapAt(position, missing.endIndex - 1)
      let object = missing.removeLast()
      asked[object] = session
      load[session, default: 0] += 1
      result.append((session, object))
    }
    return result
  }

  /// An object is stored.
  public mutating func stored(_ object: Int, bytes: Int, from peer: String) {
    guard asked.removeValue(forKey: object) != nil else { return }
    receivedBytes += bytes
    shares[peer, default: 0] += bytes
  }

  /// A peer has not, or could not send, an object: others are asked.
  public mutating func returned(_ object: Int) {
    if asked.removeValue(forKey: object) != nil { missing.append(object) }
  }

  /// A session ended: whatever was asked of it is asked of others.
  public mutating func lost(_ session: SessionID) {
    switch phase {
    case .manifest(let asked) where asked == session: phase = .manifest(nil)
    case .index(let asked) where asked == session: phase = .index(nil)
    default: break
    }
    for (object, owner) in asked where owner == session { returned(object) }
  }

  /// What came from whom, for people.
  public func report(now: Instant) -> SyncReport.Fetch {
    SyncReport.Fetch(
      release: listed.variant.release.description, platform: listed.variant.platform,
      shares: shares.sorted { $0.key < $1.key }.map { SyncReport.Fetch.Share(peer: $0.key, bytes: $0.value) },
      reusedBytes: reusedBytes, milliseconds: Int(now.milliseconds - started.milliseconds))
  }
}
