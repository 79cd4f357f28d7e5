import GtachModel

/// Asks for the digests of an object's units (binary): id u32, object 16 bytes; answered by one `unitList`.
public struct GetUnitList: Hashable, Sendable {
  static let bodyBytes = 4 + ObjectID.byteCount

  /// The request's number, repeated in the answer.
  public let id: UInt32
  /// The object's id.
  public let object: ObjectID

  /// A request from its fields.
  public init(id: UInt32, object: ObjectID) {
    self.id = id
    self.object = object
  }
}

extension GetUnitList: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .getUnitList }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    object = try reader.objectID()
    try reader.end()
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.bodyBytes)
    writer.append(id)
    writer.append(object.bytes)
    return writer.bytes
  }
}
