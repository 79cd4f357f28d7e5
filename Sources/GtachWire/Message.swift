import GtachModel

/// Everything that nodes say to each other.
public enum Message: Hashable, Sendable {
  /// Who speaks.
  case hello(Hello)
  /// A request or the connection failed.
  case failure(Failure)
  /// Asks for a file.
  case getFile(GetFile)
  /// A part of a file.
  case filePart(FilePart)
  /// Asks for the bucket digests.
  case getBuckets(GetBuckets)
  /// The bucket digests.
  case buckets(Buckets)
  /// Asks for the entries of some buckets.
  case getEntries(GetEntries)
  /// Some of these entries.
  case entries(Entries)
  /// Asks for the digests of some objects' units.
  case getUnitLists(GetUnitLists)
  /// The digests of an object's units.
  case unitList(UnitListing)
  /// Asks for any one of some units.
  case getUnit(GetUnit)
  /// One unit.
  case unit(ObjectUnit)
  /// Asks to be told of a change.
  case watch(Watch)
  /// What holds now.
  case changed(Changed)
  /// Asks for a chunk as it is.
  case getChunk(GetChunk)
  /// A part of a chunk.
  case chunkPart(ChunkPart)
  /// Asks to be told which units of a variant the peer has.
  case follow(Follow)
  /// Some of these units.
  case have(Have)
  /// Asks for a certificate.
  case join(Join)
  /// The certificate.
  case welcome(Welcome)
  /// Asks for a lease.
  case claim(Claim)
  /// The lease is granted, or taken back.
  case lease(Lease)
  /// A follow or a claim is no longer wanted.
  case end(End)
  /// Asks whom the peer has met.
  case getPeers(GetPeers)
  /// Whom it has met.
  case peers(Peers)
  /// An extension that this program does not know: to be ignored.
  case unknown(Frame)

  /// Reads a frame.
  ///
  /// - Throws: `ErrorCode.frameMalformed`; `ErrorCode.frameOversize` for a body that is too large for its type;
  ///   `ErrorCode.protocolVersion` for a `hello` without a common version; `ErrorCode.protocolViolation` for an unknown
  ///   type below `MessageType.firstExtension`.
  public init(frame: Frame) throws(GtachError) {
    let body = frame.body[...]
    guard let type = MessageType(rawValue: frame.type) else {
      guard frame.type >= MessageType.firstExtension else { throw .unknownType(frame.type) }
      self = .unknown(frame)
      return
    }
    guard body.count <= type.bodyBytes else {
      throw GtachError(
        .frameOversize, "the peer sent too large a \(type.name)",
        reason: "\(body.count) bytes, allowed are \(type.bodyBytes)")
    }
    switch type {
    case .hello: self = .hello(try Hello(body: body))
    case .failure: self = .failure(try Failure(body: body))
    case .getFile: self = .getFile(try GetFile(body: body))
    case .filePart: self = .filePart(try FilePart(body: body))
    case .getBuckets: self = .getBuckets(try GetBuckets(body: body))
    case .buckets: self = .buckets(try Buckets(body: body))
    case .getEntries: self = .getEntries(try GetEntries(body: body))
    case .entries: self = .entries(try Entries(body: body))
    case .getUnitLists: self = .getUnitLists(try GetUnitLists(body: body))
    case .unitList: self = .unitList(try UnitListing(body: body))
    case .getUnit: self = .getUnit(try GetUnit(body: body))
    case .unit: self = .unit(try ObjectUnit(body: body))
    case .watch: self = .watch(try Watch(body: body))
    case .changed: self = .changed(try Changed(body: body))
    case .getChunk: self = .getChunk(try GetChunk(body: body))
    case .chunkPart: self = .chunkPart(try ChunkPart(body: body))
    case .follow: self = .follow(try Follow(body: body))
    case .have: self = .have(try Have(body: body))
    case .join: self = .join(try Join(body: body))
    case .welcome: self = .welcome(try Welcome(body: body))
    case .claim: self = .claim(try Claim(body: body))
    case .lease: self = .lease(try Lease(body: body))
    case .end: self = .end(try End(body: body))
    case .getPeers: self = .getPeers(try GetPeers(body: body))
    case .peers: self = .peers(try Peers(body: body))
    }
  }

  /// The whole frame as it travels, header included.
  public func encoded() -> [UInt8] {
    if case .unknown(let frame) = self { return frame.encoded() }
    return content?.encoded() ?? []
  }

  /// The number of the request that this is, answers or ends; nil where a message has none.
  public var id: UInt32? {
    switch self {
    case .failure(let message): message.id
    case .getFile(let message): message.id
    case .filePart(let message): message.id
    case .getBuckets(let message): message.id
    case .buckets(let message): message.id
    case .getEntries(let message): message.id
    case .entries(let message): message.id
    case .getUnitLists(let message): message.id
    case .unitList(let message): message.id
    case .getUnit(let message): message.id
    case .unit(let message): message.id
    case .watch(let message): message.id
    case .changed(let message): message.id
    case .getChunk(let message): message.id
    case .chunkPart(let message): message.id
    case .follow(let message): message.id
    case .have(let message): message.id
    case .claim(let message): message.id
    case .lease(let message): message.id
    case .end(let message): message.id
    case .getPeers(let message): message.id
    case .peers(let message): message.id
    case .hello, .join, .welcome, .unknown: nil
    }
  }

  /// The message itself; nil for an unknown extension.
  private var content: (any MessageBody)? {
    switch self {
    case .hello(let message): message
    case .failure(let message): message
    case .getFile(let message): message
    case .filePart(let message): message
    case .getBuckets(let message): message
    case .buckets(let message): message
    case .getEntries(let message): message
    case .entries(let message): message
    case .getUnitLists(let message): message
    case .unitList(let message): message
    case .getUnit(let message): message
    case .unit(let message): message
    case .watch(let message): message
    case .changed(let message): message
    case .getChunk(let message): message
    case .chunkPart(let message): message
    case .follow(let message): message
    case .have(let message): message
    case .join(let message): message
    case .welcome(let message): message
    case .claim(let message): message
    case .lease(let message): message
    case .end(let message): message
    case .getPeers(let message): message
    case .peers(let message): message
    case .unknown: nil
    }
  }
}
