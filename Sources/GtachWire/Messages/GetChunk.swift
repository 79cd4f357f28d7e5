import GtachModel

/// Asks for a chunk as it is, by its SHA-256 (binary): id u32, digest 32 bytes; answered by one or more `chunkPart`.
public struct GetChunk: Hashable, Sendable {
  static let bodyBytes = 4 + Digest.byteCount

  /// The request's number, repeated in every answer.
  public let id: UInt32
  /// The SHA-256 of the chunk.
  public let digest: Digest

  /// A request from its fields.
  public init(id: UInt32, digest: Digest) {
    self.id = id
    self.digest = digest
  }
}

extension GetChunk: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .getChunk }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    digest = try reader.digest()
    try reader.end()
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.bodyBytes)
    writer.append(id)
    writer.append(digest.bytes)
    return writer.bytes
  }
}
