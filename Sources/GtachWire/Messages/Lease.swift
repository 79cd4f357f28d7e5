import GtachModel

/// A claim got its lease, or has lost it and is over (binary): id u32, state u8.
public struct Lease: Hashable, Sendable {
  static let bodyBytes = 5

  /// The `claim` that it answers.
  public let id: UInt32
  /// Whether the lease is granted; false: it is taken back.
  public let granted: Bool

  /// An answer from its fields.
  public init(id: UInt32, granted: Bool) {
    self.id = id
    self.granted = granted
  }
}

extension Lease: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .lease }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    granted = try reader.flag()
    try reader.end()
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.bodyBytes)
    writer.append(id)
    writer.append(granted ? 1 as UInt8 : 0)
    return writer.bytes
  }
}
