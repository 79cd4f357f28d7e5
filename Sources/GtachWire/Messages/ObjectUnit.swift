import GtachModel

/// One unit of an object (binary, type `unit`): id u32, number u16, bytes.
public struct ObjectUnit: Hashable, Sendable {
  static let headerBytes = 6

  /// The request that it answers.
  public let id: UInt32
  /// The unit's number in its object, counted from 0.
  public let number: UInt16
  /// Its bytes: 1 to `Limits.unitBytes`.
  public let bytes: [UInt8]

  /// A unit from its fields.
  public init(id: UInt32, number: UInt16, bytes: [UInt8]) {
    self.id = id
    self.number = number
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
    number = try reader.number(UInt16.self)
    bytes = reader.remainder()
    guard Int(number) < Limits.unitsPerObject else { throw reader.malformed("no object has a unit \(number)") }
    guard (1...Limits.unitBytes).contains(bytes.count) else { throw reader.malformed("it has \(bytes.count) bytes") }
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.headerBytes + bytes.count)
    writer.append(id)
    writer.append(number)
    writer.append(bytes)
    return writer.bytes
  }
}
