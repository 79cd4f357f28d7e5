import GtachModel

/// Asks for some units of an object (binary): id u32, object 16 bytes, first u16, count u16; answered by `count`
/// messages `unit` in ascending order, or by some of them and a `failure`.
public struct GetUnits: Hashable, Sendable {
  static let bodyBytes = 4 + ObjectID.byteCount + 4

  /// The request's number, repeated in every answer.
  public let id: UInt32
  /// The object's id.
  public let object: ObjectID
  /// The number of the first unit that is wanted, counted from 0.
  public let first: UInt16
  /// How many: 1 to `Limits.unitsPerObject`, and none beyond that number.
  public let count: UInt16

  /// A request from its fields.
  public init(id: UInt32, object: ObjectID, first: UInt16, count: UInt16) {
    self.id = id
    self.object = object
    self.first = first
    self.count = count
  }

  /// The numbers of the units that are wanted.
  public var units: Range<Int> { Int(first)..<(Int(first) + Int(count)) }
}

extension GetUnits: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .getUnits }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    object = try reader.objectID()
    first = try reader.number(UInt16.self)
    count = try reader.number(UInt16.self)
    try reader.end()
    guard count > 0, units.upperBound <= Limits.unitsPerObject else {
      throw reader.malformed("it asks for \(count) units from number \(first) on")
    }
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.bodyBytes)
    writer.append(id)
    writer.append(object.bytes)
    writer.append(first)
    writer.append(count)
    return writer.bytes
  }
}
