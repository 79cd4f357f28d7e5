import GtachModel

/// Asks to be told which units of a variant the peer has, from now on (binary): id u32, SHA-256 of the index 32 bytes;
/// answered by one `have` at once, and by more as units are added, until `end`.
public struct Follow: Hashable, Sendable {
  static let bodyBytes = 4 + Digest.byteCount

  /// The request's number, repeated in every answer, and named by `claim` and `getUnitLists`.
  public let id: UInt32
  /// The SHA-256 of the variant's index.
  public let index: Digest

  /// A request from its fields.
  public init(id: UInt32, index: Digest) {
    self.id = id
    self.index = index
  }
}

extension Follow: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .follow }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    index = try reader.digest()
    try reader.end()
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.bodyBytes)
    writer.append(id)
    writer.append(index.bytes)
    return writer.bytes
  }
}
