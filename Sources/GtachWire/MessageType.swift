import GtachModel

/// The second field of a frame: what its body is. From 0x10 on, a request is even and its answer, if it has one, is the
/// next number.
public enum MessageType: UInt8, Hashable, Sendable, CaseIterable {
  /// Who speaks; the first frame in both directions.
  case hello = 0x01
  /// A request, or the connection, failed.
  case failure = 0x02
  /// Asks for a file.
  case getFile = 0x10
  /// A part of a file.
  case filePart = 0x11
  /// Asks for the 256 bucket digests.
  case getBuckets = 0x12
  /// The 256 bucket digests.
  case buckets = 0x13
  /// Asks for the entries of some buckets.
  case getEntries = 0x14
  /// Some of these entries.
  case entries = 0x15
  /// Asks for the digests of some objects' units.
  case getUnitLists = 0x16
  /// The digests of an object's units.
  case unitList = 0x17
  /// Asks for any one of some units.
  case getUnit = 0x18
  /// One unit.
  case unit = 0x19
  /// Asks to be told of a change.
  case watch = 0x1A
  /// What holds now.
  case changed = 0x1B
  /// Asks for a chunk as it is.
  case getChunk = 0x1C
  /// A part of a chunk.
  case chunkPart = 0x1D
  /// Asks to be told which units of a variant the peer has.
  case follow = 0x1E
  /// Some of these units.
  case have = 0x1F
  /// Asks for a certificate.
  case join = 0x20
  /// The certificate.
  case welcome = 0x21
  /// Asks for a lease.
  case claim = 0x22
  /// The lease is granted, or taken back.
  case lease = 0x23
  /// A follow or a claim is no longer wanted.
  case end = 0x24
  /// Asks whom the peer has met: an extension.
  case getPeers = 0x82
  /// Whom it has met: an extension.
  case peers = 0x83

  /// Types from this one on are extensions: who does not know one ignores its frames.
  public static let firstExtension: UInt8 = 0x80

  /// The largest body of a frame of this type, in bytes.
  public var bodyBytes: Int {
    switch self {
    case .hello, .failure, .getFile, .getBuckets, .getEntries, .entries, .watch, .changed, .getPeers:
      Limits.controlBodyBytes
    case .peers: Limits.peersBodyBytes
    case .join: Limits.joinBodyBytes
    case .welcome: Limits.welcomeBodyBytes
    case .filePart: FilePart.headerBytes + Limits.partBytes
    case .buckets: Buckets.headerBytes + Limits.buckets * ShortDigest.byteCount
    case .getUnitLists: GetUnitLists.headerBytes + Limits.objectsPerGetUnitLists * Limits.unitNumberBytes
    case .unitList: 4 + Limits.unitNumberBytes + Limits.unitsPerObject * UnitDigest.byteCount
    case .getUnit: GetUnit.headerBytes + Limits.unitsPerGetUnit * Limits.unitNumberBytes
    case .unit: 4 + Limits.unitNumberBytes + Limits.unitBytes
    case .getChunk: GetChunk.bodyBytes
    case .chunkPart: ChunkPart.headerBytes + Limits.unitBytes
    case .follow: Follow.bodyBytes
    case .have: Limits.haveBodyBytes
    case .claim: Claim.bodyBytes
    case .lease: Lease.bodyBytes
    case .end: End.bodyBytes
    }
  }

  /// The type's name in the specification, in logs and in the vectors.
  public var name: String { "\(self)" }
}

/// One direction of a connection, and so which messages may come along it.
public enum MessageStream: Hashable, Sendable, CaseIterable {
  /// From the node that dialled to the node that accepted.
  case requests
  /// From the node that accepted to the node that dialled.
  case answers
  /// From a machine that wants to join to the node that invited it.
  case joinRequests
  /// From the node that invited to the machine that wants to join.
  case joinAnswers

  /// Whether a frame of this type belongs here. Extensions that nobody knows belong everywhere.
  public func carries(_ type: MessageType) -> Bool {
    switch type {
    case .failure: true
    case .hello: self == .requests || self == .answers
    case .getFile, .getBuckets, .getEntries, .getUnitLists, .getUnit, .watch, .getChunk, .follow, .claim, .end,
      .getPeers:
      self == .requests
    case .filePart, .buckets, .entries, .unitList, .unit, .changed, .chunkPart, .have, .lease, .peers: self == .answers
    case .join: self == .joinRequests
    case .welcome: self == .joinAnswers
    }
  }
}
