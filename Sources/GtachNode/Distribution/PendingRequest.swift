import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// A question whose answer has not wholly come, and what has come of it.
struct PendingRequest {
  /// What one message of an answer led to.
  struct Step {
    var isLast = false
    var reply: SessionReply?
    var arrival: Arrival?
  }

  /// What is to be stored.
  enum Arrival {
    case unit(number: Int, [UInt8])
    case list(object: Int, [UnitDigest])
    case chunk(ChunkReceiver)
  }

  /// A question about a variant, and what its numbers mean.
  struct Fetch {
    let followed: FetchConversation.Followed
    let question: ChunkFetch.Question
  }

  private let request: SessionRequest
  /// What is asked of a variant that is followed.
  let fetch: Fetch?
  /// What the question names as known to this node.
  private let bases: [ShortDigest]
  private var file: FileReceiver
  private var entries: [VariantID: Digest] = [:]
  private var gone: EntryIDs?
  private var chunk: ChunkReceiver?
  /// Objects whose lists have still to come.
  private var objects: [Int] = []
  private var listBytes = 0

  /// - Parameters:
  ///   - bases: Files that the answer may refer to, where the question is for a file.
  ///   - fetch: What the question is about, where it is about a variant.
  init(_ request: SessionRequest, bases: [[UInt8]], fetch: Fetch?) {
    self.request = request
    self.fetch = fetch
    self.bases = bases.map { ShortDigest(SHA256().digest(of: $0)) }
    let maximumBytes =
      switch request {
      case .metadata(_, let bytes): bytes
      case .manifest(_, let content), .index(_, let content): content.size
      case .buckets, .entries, .watch, .peers, .follow, .unfollow, .fetch: 0
      }
    file = FileReceiver(bases: bases, maximumBytes: maximumBytes)
    switch fetch?.question {
    case .chunk(let position)?: chunk = fetch.map { ChunkReceiver(position: position, index: $0.followed.map.index) }
    case .lists(let objects)?: self.objects = objects
    case .unit?, .claim?, .endClaim?, nil: break
    }
  }

  /// What has come of the answer, in bytes.
  var receivedBytes: Int {
    file.frame.count + entries.count * Digest.byteCount + (chunk?.frame.count ?? 0) + listBytes
  }

  /// Whether the peer may take its time, or may not know at all what is asked.
  var mayTakeLong: Bool {
    switch request {
    case .watch, .peers: true
    default: false
    }
  }

  /// The message that puts the question; nil for what has no answer.
  func message(id: UInt32) -> Message? {
    switch request {
    case .metadata(let name, _): .getFile(GetFile(id: id, file: .metadata(name), bases: bases))
    case .manifest(_, let content): .getFile(GetFile(id: id, file: .manifest(content.digest), bases: bases))
    case .index(_, let content): .getFile(GetFile(id: id, file: .index(content.digest), bases: bases))
    case .buckets: .getBuckets(GetBuckets(id: id))
    case .entries(let buckets, let known): .getEntries(GetEntries(id: id, buckets: buckets, known: known))
    case .peers: .getPeers(GetPeers(id: id))
    case .watch(let told): .watch(Watch(id: id, indexRoot: told.indexRoot, metadataVersion: told.metadataVersion))
    case .fetch:
      switch fetch?.question {
      case .lists(let objects)?:
        fetch.map { .getUnitLists(GetUnitLists(id: id, follow: $0.followed.follow, objects: objects)) }
      case .unit(let units, let have)?:
        fetch.map { .getUnit(GetUnit(id: id, claim: $0.followed.claim ?? id, have: have, units: units)) }
      case .chunk?: chunk?.request(id: id)
      case .claim?, .endClaim?, nil: nil
      }
    case .follow, .unfollow: nil
    }
  }

  /// Takes a message of the answer.
  ///
  /// - Throws: `ErrorCode.protocolViolation` for one that does not belong to the question, `objectCorrupt` and
  ///   `chunkCorrupt` for bytes that are not what they are named by, or the peer's own error.
  mutating func take(_ message: Message) throws(GtachError) -> Step {
    switch (message, request) {
    case (.failure(let failure), _): return try failed(failure)
    case (.filePart(let part), .metadata), (.filePart(let part), .manifest), (.filePart(let part), .index):
      try file.accept(part)
      return file.isWhole ? Step(isLast: true, reply: reply(try file.bytes())) : Step()
    case (.buckets(let buckets), .buckets):
      return Step(isLast: true, reply: .buckets(buckets.digests))
    case (.peers(let told), .peers): return Step(isLast: true, reply: .peers(told.peers))
    case (.entries(let some), .entries):
      gone = gone ?? some.gone
      for entry in some.entries {
        guard entries.updateValue(entry.manifest, forKey: entry.variant) == nil else {
          throw GtachError(.protocolViolation, "the peer lists a variant twice")
        }
      }
      guard entries.count <= DistributionLimits.entries else {
        throw GtachError(.protocolViolation, "the peer lists more than \(DistributionLimits.entries) variants")
      }
      return some.more ? Step() : Step(isLast: true, reply: .entries(entries, gone: gone))
    case (.changed(let changed), .watch):
      let told = Advertisement(indexRoot: changed.indexRoot, metadataVersion: changed.metadataVersion)
      return Step(isLast: true, reply: .changed(told))
    case (_, .fetch): return try takeContent(message)
    default: throw Self.foreign
    }
  }

  private mutating func takeContent(_ message: Message) throws(GtachError) -> Step {
    switch (message, fetch?.question) {
    case (.unit(let unit), .unit(let asked, _)?):
      guard asked.contains(unit.unit) else { throw Self.foreign }
      guard unit.bytes.count == fetch?.followed.map.bytes(unit.unit) else {
        throw GtachError(.objectCorrupt, "the peer sent a unit of another length than it has")
      }
      return Step(isLast: true, arrival: .unit(number: unit.unit, unit.bytes))
    case (.unitList(let list), .lists?):
      guard objects.first == list.object else { throw Self.foreign }
      objects.removeFirst()
      listBytes += list.digests.count * UnitDigest.byteCount
      return Step(isLast: objects.isEmpty, arrival: .list(object: list.object, list.digests))
    case (.chunkPart(let part), .chunk?):
      try chunk?.accept(part)
      return chunk?.isWhole == true ? Step(isLast: true, arrival: chunk.map { .chunk($0) }) : Step()
    default: throw Self.foreign
    }
  }

  private static var foreign: GtachError {
    GtachError(.protocolViolation, "the peer's answer does not belong to the question")
  }

  /// What the peer does not have is an answer; any other failure ends the session.
  private func failed(_ failure: Failure) throws(GtachError) -> Step {
    let code = failure.error.code
    switch request {
    case .metadata(let name, _) where code == .notFound: return Step(isLast: true, reply: .metadata(name: name, nil))
    case .manifest(let variant, _) where code == .notFound, .index(let variant, _) where code == .notFound:
      return Step(isLast: true, reply: .missing(variant))
    case .fetch(let variant, let question):
      let reply: ChunkFetch.Reply
      switch question {
      case _ where code == .uploadOff: reply = .notGiven
      case .unit where code == .noLease: reply = .leaseOver
      case .unit(let units, _) where code == .chunkMissing: reply = .unitsLacking(units)
      // It ends the answer, and says nothing of the objects after the one that it is about.
      case .lists where code == .chunkMissing: reply = .listsLacking(Array(objects.prefix(1)))
      case .chunk(let position) where code == .chunkMissing: reply = .chunkLacking(position)
      default: throw failure.error
      }
      return Step(isLast: true, reply: .fetch(variant, reply))
    default: throw failure.error
    }
  }

  private func reply(_ bytes: [UInt8]) -> SessionReply? {
    switch request {
    case .metadata(let name, _): .metadata(name: name, bytes)
    case .manifest(let variant, _): .manifest(variant, bytes)
    case .index(let variant, _): .index(variant, bytes)
    default: nil
    }
  }
}

/// What a node bears of a peer, beside the limits of the protocol.
enum DistributionLimits {
  /// The variants that one peer may list.
  static let entries = NodeState.maximumVariants
  /// Connections that are served at a time.
  static let connections = 128
  /// Connections that are served at a time before they have proved that they are of the fleet.
  static let handshakes = 32
  /// Connections of one node that are served at a time: one is enough, and the others are those that it has lost.
  static let connectionsPerNode = 4
  /// How much of what one session heard may wait for the decisions, in bytes.
  static let backlogBytes = 256 << 10
  /// How much of what a peer is to be told of its leases may wait before its next claim does.
  static let untoldLeases = 64
  /// How many chunks that could not be given out may wait to be looked at.
  static let doubts = 64
  /// How slow an answer may be on the average, in bytes per millisecond.
  static let leastBytesPerMillisecond = 16
}
