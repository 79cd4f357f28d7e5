import GtachModel

/// The bucket digests of an index digest (binary): id u32, 256 times 16 bytes.
public struct Buckets: Hashable, Sendable {
  static let bodyBytes = 4 + Limits.buckets * ShortDigest.byteCount

  /// The request that it answers.
  public let id: UInt32
  /// The digests; a bucket's number is its position.
  public let digests: [ShortDigest]

  /// An answer from its fields; `digests` are exactly 256.
  public init(id: UInt32, digests: [ShortDigest]) {
    precondition(digests.count == Limits.buckets, "an index digest has 256 buckets")
    self.id = id
    self.digests = digests
  }
}

extension Buckets: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .buckets }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    var digests: [ShortDigest] = []
    digests.reserveCapacity(Limits.buckets)
    for _ in 0..<Limits.buckets {
      guard let digest = ShortDigest(try reader.bytes(ShortDigest.byteCount)) else {
        throw reader.malformed("it ends early")
      }
      digests.append(digest)
    }
    try reader.end()
    self.digests = digests
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.bodyBytes)
    writer.append(id)
    for digest in digests { writer.append(digest.bytes) }
    return writer.bytes
  }
}
