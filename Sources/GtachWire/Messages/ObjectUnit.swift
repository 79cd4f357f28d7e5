import GtachModel

/// One unit of an object (binary, type `unit`): id u32, the unit's number, bytes.
public struct ObjectUnit: Hashable, Sendable {
  /// The request that it answers.
  public let id: UInt32
  /// The unit's number among those of its variant.
  public let unit: Int
  /// Its bytes: 1 to `Limits.unitBytes`.
  public let bytes: [UInt8]

  /// A unit from its fields.
  public init(id: UInt32, unit: Int, bytes: [UInt8]) {
    self.id = id
    self.unit = unit
    self.bytes = bytes
  }
}

extension ObjectUnit: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .unit }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    unit = try reader.numberInVariant()
    bytes = reader.remainder()
    guard (1...Limits.unitBytes).contains(bytes.count) else { throw reader.malformed("it has \(bytes.count) bytes") }
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    let number = VariableInteger.bytes(of: [unit])
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: 4 + number.count + bytes.count)
    writer.append(id)
    writer.append(number)
    writer.append(bytes)
    return writer.bytes
  }
}
