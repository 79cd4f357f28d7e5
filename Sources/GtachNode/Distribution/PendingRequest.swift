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

  /// A chunk that comes, or has come, in the form in which it was asked for.
  enum Arrival {
    case object(ObjectReceiver)
    case bare(ChunkReceiver)

    /// What has come of it, in bytes.
    var receivedBytes: Int {
      switch self {
      case .object(let receiver): receiver.receivedBytes
      case .bare(let receiver): receiver.frame.count
      }
    }
  }

  private let request: SessionRequest
  /// What the question names as known to this node.
  private let bases: [ShortDigest]
  private var file: FileReceiver
  private var entries: [VariantID: Digest] = [:]
  private var arrival: Arrival?

  /// - Parameter bases: Files that the answer may refer to, where the question is for a file.
  init(_ request: SessionRequest, bases: [[UInt8]]) {
    self.request = request
    self.bases = bases.map { ShortDigest(SHA256().digest(of: $0)) }
    let maximumBytes =
      switch request {
      case .metadata(_, let bytes): bytes
      case .manifest(_, let content), .index(_, let content): content.size
      case .buckets, .entries, .chunk, .watch: 0
      }
    file = FileReceiver(bases: bases, maximumBytes: maximumBytes)
    guard case .chunk(let variant, let position, let form, let index) = request else { return }
    arrival =
      switch form {
      case .object(let number): .object(ObjectReceiver(variant: variant, number: number, index: index))
      case .bare: .bare(ChunkReceiver(variant: variant, position: position, index: index))
      }
  }

  /// What has come of the answer, in bytes.
  var receivedBytes: Int { file.frame.count + entries.count * Digest.byteCount + (arrival?.receivedBytes ?? 0) }

  /// Whether the peer may take its time.
  var isWatch: Bool { if case .watch = request { true } else { false } }

  /// The message that puts the question.
  func message(id: UInt32) -> Message {
    switch request {
    case .metadata(let name, _): .getFile(GetFile(id: id, file: .metadata(name), bases: bases))
    case .manifest(_, let content): .getFile(GetFile(id: id, file: .manifest(content.digest), bases: bases))
    case .index(_, let content): .getFile(GetFile(id: id, file: .index(content.digest), bases: bases))
    case .buckets: .getBuckets(GetBuckets(id: id))
    case .entries(let buckets): .getEntries(GetEntries(id: id, buckets: buckets))
    case .chunk(let variant, _, .object(let number), let index):
      ObjectReceiver(variant: variant, number: number, index: index).request(id: id)
    case .chunk(let variant, let position, .bare, let index):
      ChunkReceiver(variant: variant, position: position, index: index).request(id: id)
    case .watch(let told): .watch(Watch(id: id, indexRoot: told.indexRoot, metadataVersion: told.metadataVersion))
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
    case (.entries(let some), .entries):
      for entry in some.entries {
        guard entries.updateValue(entry.manifest, forKey: entry.variant) == nil else {
          throw GtachError(.protocolViolation, "the peer lists a variant twice")
        }
      }
      guard entries.count <= DistributionLimits.entries else {
        throw GtachError(.protocolViolation, "the peer lists more than \(DistributionLimits.entries) variants")
      }
      return some.more ? Step() : Step(isLast: true, reply: .entries(entries))
    case (.unit, .chunk), (.chunkPart, .chunk): return try takeContent(message)
    case (.changed(let changed), .watch):
      let told = Advertisement(indexRoot: changed.indexRoot, metadataVersion: changed.metadataVersion)
      return Step(isLast: true, reply: .changed(told))
    default:
      throw GtachError(.protocolViolation, "the peer's answer does not belong to the question")
    }
  }

  private mutating func takeContent(_ message: Message) throws(GtachError) -> Step {
    switch (message, arrival) {
    case (.unit(let unit), .object(var receiver)?):
      try receiver.accept(unit)
      arrival = .object(receiver)
      return receiver.isWhole ? Step(isLast: true, arrival: arrival) : Step()
    case (.chunkPart(let part), .bare(var receiver)?):
      try receiver.accept(part)
      arrival = .bare(receiver)
      return receiver.isWhole ? Step(isLast: true, arrival: arrival) : Step()
    default:
      throw GtachError(.protocolViolation, "the peer sent a chunk in another form than it was asked for")
    }
  }

  /// A file that the peer does not have is an answer; any other failure ends the session.
  private func failed(_ failure: Failure) throws(GtachError) -> Step {
    guard failure.error.code == .notFound || failure.error.code == .chunkMissing else { throw failure.error }
    switch request {
    case .metadata(let name, _): return Step(isLast: true, reply: .metadata(name: name, nil))
    case .manifest(let variant, _), .index(let variant, _):
      return Step(isLast: true, reply: .missing(variant))
    case .chunk(let variant, let position, let form, _):
      return Step(isLast: true, reply: .chunkLacking(variant, position: position, form: form))
    case .buckets, .entries, .watch: throw failure.error
    }
  }

  private func reply(_ bytes: [UInt8]) -> SessionReply? {
    switch request {
    case .metadata(let name, _): .metadata(name: name, bytes)
    case .manifest(let variant, _): .manifest(variant, bytes)
    case .index(let variant, _): .index(variant, bytes)
    case .buckets, .entries, .chunk, .watch: nil
    }
  }
}

/// What a node bears of a peer, beside the limits of the protocol.
enum DistributionLimits {
  /// The variants that one peer may list.
  static let entries = 50_000
  /// Connections that are served at a time.
  static let connections = 128
  /// Connections that are served at a time before they have proved that they are of the fleet.
  static let handshakes = 32
  /// Connections of one node that are served at a time: one is enough, and the others are those that it has lost.
  static let connectionsPerNode = 4
  /// How slow an answer may be on the average, in bytes per millisecond.
  static let leastBytesPerMillisecond = 16
}
