import GtachModel

/// A `follow` or a `claim` is no longer wanted; a lease that the claim has got is given back (binary): id u32. There is
/// no answer.
public struct End: Hashable, Sendable {
  static let bodyBytes = 4

  /// The id of the `follow` or the `claim`.
  public let id: UInt32

  /// A message from its field.
  public init(id: UInt32) { self.id = id }
}

extension End: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .end }

  /// Reads the field.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    try reader.end()
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.bodyBytes)
    writer.append(id)
    return writer.bytes
  }
}
