import GtachModel

/// The bucket digests of an index digest (binary): id u32, a bit for each of the 256 buckets, the first one highest,
/// that says whether anything is in it, and 16 bytes for each of which it says so.
public struct Buckets: Hashable, Sendable {
  static let headerBytes = 4 + Limits.buckets / 8

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
    let isFilled = Array(try reader.bytes(Limits.buckets / 8))
    var digests = Array(repeating: ShortDigest.zero, count: Limits.buckets)
    for number in digests.indices where isFilled[number / 8] & 0x80 >> (number % 8) != 0 {
      guard let digest = ShortDigest(try reader.bytes(ShortDigest.byteCount)), digest != .zero else {
        throw reader.malformed("bucket \(number) has no digest")
      }
      digests[number] = digest
    }
    try reader.end()
    self.digests = digests
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    let filled = digests.indices.filter { digests[$0] != .zero }
    var isFilled = [UInt8](repeating: 0, count: Limits.buckets / 8)
    for number in filled { isFilled[number / 8] |= 0x80 >> (number % 8) }
    var writer = FrameWriter(
      type: Self.type.rawValue, bodyBytes: Self.headerBytes + filled.count * ShortDigest.byteCount)
    writer.append(id)
    writer.append(isFilled)
    for number in filled { writer.append(digests[number].bytes) }
    return writer.bytes
  }
}
