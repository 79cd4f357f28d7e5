import GtachModel

/// The fetching of one variant: first its manifest and index from anybody who has it, then the chunks that are lacking
/// from everybody who has it.
///
/// What is asked of whom is decided here; verifying, decoding and storing are the session's.
public struct Download: Sendable {
  /// How far it is.
  public enum Phase: Sendable {
    /// The manifest is wanted, or asked for.
    case manifest(SessionID?)
    /// The index is wanted, or asked for.
    case index(SessionID?)
    /// The disk is asked what is lacking.
    case inspecting
    /// Chunks are coming.
    case chunks
    /// Everything is here and is being made visible.
    case completing
  }

  /// What the signed metadata says of the variant.
  public let listed: ListedVariant
  /// How far it is.
  public internal(set) var phase = Phase.manifest(nil)
  /// When it began.
  public let started: Instant
  /// Since when nothing has come of the manifest or index that was asked for.
  var quietSince: Instant?
  /// The manifest's bytes, verified.
  public internal(set) var manifest: [UInt8] = []
  /// The same, read.
  var parsedManifest: Manifest?
  /// The index's bytes, verified.
  public internal(set) var indexBytes: [UInt8] = []
  /// The index.
  public internal(set) var index: ChunkIndex?
  /// The chunks that have still to come.
  var chunks: ChunkFetch?
  /// Who was asked to tell which units it has.
  var followed: Set<SessionID> = []
  /// Whether so much is lacking that others who fetch it are asked, too, and not only those who have all of it.
  private(set) var isShared = false
  /// Bytes that were expected in the beginning.
  private var startBytes = 0
  /// Of how many bytes the operator was told last.
  private var toldBytes = 0
  /// Bytes of chunks and objects that have come.
  public private(set) var receivedBytes = 0
  /// Bytes of full objects that need not come, as their chunks were here before.
  public private(set) var reusedBytes = 0
  /// Who sent how many bytes, by name.
  public private(set) var shares: [String: Int] = [:]
  /// Whether the disk was asked again what is lacking.
  private var hasLookedAgain = false
  /// Whether an object of it came that yields another chunk.
  private var hasUselessObjects = false

  /// A download that has not begun.
  public init(_ listed: ListedVariant, now: Instant) {
    self.listed = listed
    started = now
  }

  /// The disk has answered what is lacking.
  public mutating func begin(lacking chunks: [LackingChunk]) {
    guard let index else { return }
    let wanted = Set(chunks.map(\.chunk))
    if !hasLookedAgain {
      reusedBytes = index.objects.filter { $0.encoding == .full && !wanted.contains($0.chunk) }
        .reduce(0) { $0 + $1.size }
    }
    let fetch = ChunkFetch(chunks, of: index)
    isShared = fetch.lackingUnits >= Self.sharedUnits
    startBytes = fetch.expectedBytes
    self.chunks = fetch
    phase = .chunks
  }

  /// From how many units on a variant is fetched from everybody who fetches it.
  static let sharedUnits = 64

  /// Bytes of chunks and objects that have come and are expected, as far as anybody can know.
  public var totalBytes: Int { receivedBytes + (chunks?.expectedBytes ?? 0) }

  /// Whether all chunks are here.
  public var isComplete: Bool {
    if case .chunks = phase { chunks?.isEmpty ?? false } else { false }
  }

  /// Bytes of a chunk or an object came.
  ///
  /// - Returns: Whether it is time to tell the operator: at every hundredth.
  public mutating func count(_ bytes: Int, from peer: String) -> Bool {
    receivedBytes += bytes
    shares[peer, default: 0] += bytes
    guard receivedBytes - toldBytes >= startBytes / 100 || isComplete else { return false }
    toldBytes = receivedBytes
    return true
  }

  /// An object came that yields another chunk.
  ///
  /// - Returns: Whether it was the first one.
  public mutating func noteUseless() -> Bool {
    defer { hasUselessObjects = true }
    return !hasUselessObjects
  }

  /// Something came of what a peer owes to anybody here.
  mutating func heard(_ session: SessionID, now: Instant) {
    if asked == session { quietSince = now }
    chunks?.heard(session)
  }

  /// Who was asked for the manifest or the index.
  var asked: SessionID? {
    switch phase {
    case .manifest(let session), .index(let session): session
    case .inspecting, .chunks, .completing: nil
    }
  }

  /// When whoever was asked for the manifest or the index is to be called silent, so that another may be asked.
  var silentAt: Instant? {
    asked == nil
      ? nil : quietSince?.advanced(byMilliseconds: UnitFetch.measureMilliseconds * Int64(UnitFetch.silentMeasures))
  }

  /// A session ended: whatever was asked of it is asked of others.
  public mutating func lost(_ session: SessionID) {
    switch phase {
    case .manifest(let asked) where asked == session: phase = .manifest(nil)
    case .index(let asked) where asked == session: phase = .index(nil)
    default: break
    }
    followed.remove(session)
    chunks?.lost(session)
  }

  /// Something that was here is so no longer, or never was what it should be: the disk is to be asked again, once.
  ///
  /// - Returns: The index to ask for; nil where that was done already.
  public mutating func looksAgain() -> ChunkIndex? {
    guard !hasLookedAgain, let index else { return nil }
    hasLookedAgain = true
    phase = .inspecting
    return index
  }

  /// What came from whom, for people.
  public func report(now: Instant) -> SyncReport.Fetch {
    SyncReport.Fetch(
      release: listed.variant.release.description, platform: listed.variant.platform,
      shares: shares.sorted { $0.key < $1.key }.map { SyncReport.Fetch.Share(peer: $0.key, bytes: $0.value) },
      reusedBytes: reusedBytes, milliseconds: Int(now.milliseconds - started.milliseconds))
  }
}

// What is done after every input, in the download's place: a copy would be one of all that is known of its units.

extension Download {
  /// What is to be done while chunks are coming.
  enum Step {
    /// Everything is here: it is made visible.
    case complete(manifest: [UInt8], index: [UInt8])
    /// Chunks are asked for; of these sessions what is theirs of it is not followed yet.
    case fetch(newcomers: [SessionID])
  }

  /// What is to be done as things stand; nil before chunks are coming.
  mutating func step(_ holders: [SessionID], _ sessions: some Collection<SessionID>) -> Step? {
    guard case .chunks = phase, chunks != nil else { return nil }
    if isComplete {
      phase = .completing
      return .complete(manifest: manifest, index: indexBytes)
    }
    let company = isShared ? sessions.sorted() : holders
    return .fetch(newcomers: company.filter { !followed.contains($0) })
  }

  /// A session's peer is asked to tell which units it has.
  mutating func follow(_ session: SessionID) -> (map: UnitMap, index: Digest)? {
    guard let map = chunks?.map, let content = indexContent else { return nil }
    followed.insert(session)
    return (map, content.digest)
  }

  /// What to ask of whom as things stand, and who lists the variant and has not got it.
  mutating func advance(
    holders: [SessionID], isHolderComing: Bool, using generator: inout some RandomNumberGenerator
  ) -> (questions: [(session: SessionID, question: ChunkFetch.Question)], lacking: [SessionID])? {
    let told = holders.filter(followed.contains)
    let expectsMore = isHolderComing || told.count < holders.count
    guard let questions = chunks?.advance(holders: told, expectsMore: expectsMore, using: &generator) else {
      return nil
    }
    return (questions, !expectsMore && chunks?.isLackedBy(told) == true ? told : [])
  }
}
