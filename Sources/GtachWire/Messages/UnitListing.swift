import GtachModel

/// The digests of an object's units (binary, type `unitList`): id u32, the object's number, then 16 bytes a unit. The
/// receiver checks that they hash to the object's id before it believes any.
public struct UnitListing: Hashable, Sendable {
  /// The request that it answers.
  public let id: UInt32
  /// The number of the object in the index.
  public let object: Int
  /// The digest of every unit, in order: 2 to `Limits.unitsPerObject`.
  public let digests: [UnitDigest]

  /// An answer from its fields.
  public init(id: UInt32, object: Int, digests: [UnitDigest]) {
    self.id = id
    self.object = object
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
    object = try reader.numberInVariant()
    var digests: [UnitDigest] = []
    digests.reserveCapacity(reader.remaining / UnitDigest.byteCount)
    while reader.remaining > 0 { digests.append(try reader.unitDigest()) }
    self.digests = digests
    guard (2...Limits.unitsPerObject).contains(digests.count) else {
      throw reader.malformed("it lists \(digests.count) units")
    }
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    let number = VariableInteger.bytes(of: [object])
    var writer = FrameWriter(
      type: Self.type.rawValue, bodyBytes: 4 + number.count + digests.count * UnitDigest.byteCount)
    writer.append(id)
    writer.append(number)
    for digest in digests { writer.append(digest.bytes) }
    return writer.bytes
  }
}
