import GtachModel

/// The digests of an object's units (binary): id u32, size u32, then 32 bytes a unit. The receiver checks that they
/// hash to the object's id before it believes any.
public struct UnitListing: Hashable, Sendable {
  static let headerBytes = 8

  /// The request that it answers.
  public let id: UInt32
  /// The length of the object in bytes.
  public let size: Int
  /// The SHA-256 of every unit, in order.
  public let digests: [Digest]

  /// An answer from its fields.
  public init(id: UInt32, size: Int, digests: [Digest]) {
    self.id = id
    self.size = size
    self.digests = digests
  }
}

extension UnitListing: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .unitList }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    size = Int(try reader.number(UInt32.self))
    guard (1...Limits.objectBytes).contains(size) else { throw reader.malformed("the object has \(size) bytes") }
    var digests: [Digest] = []
    digests.reserveCapacity(reader.remaining / Digest.byteCount)
    while reader.remaining > 0 { digests.append(try reader.digest()) }
    self.digests = digests
    // The unit size stands in the index; here it is only certain that some allowed one gives this many units.
    let fewest = (size + Limits.unitBytes - 1) / Limits.unitBytes
    let most = (size + Limits.smallestUnitBytes - 1) / Limits.smallestUnitBytes
    guard (fewest...most).contains(digests.count) else {
      throw reader.malformed("\(digests.count) units cannot make up \(size) bytes")
    }
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(
      type: Self.type.rawValue, bodyBytes: Self.headerBytes + digests.count * Digest.byteCount)
    writer.append(id)
    writer.append(UInt32(size))
    for digest in digests { writer.append(digest.bytes) }
    return writer.bytes
  }
}
