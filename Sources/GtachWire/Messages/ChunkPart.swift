import GtachModel

/// A part of a chunk that travels on its own, as a zstd frame (binary): id u32, total u32, bytes. The parts of an
/// answer follow one another without a gap.
public struct ChunkPart: Hashable, Sendable {
  static let headerBytes = 8

  /// The request that it answers.
  public let id: UInt32
  /// The length of the whole zstd frame in bytes: 1 to `Limits.objectBytes`.
  public let total: Int
  /// Its bytes: 1 to `Limits.unitBytes`.
  public let bytes: [UInt8]

  /// A part from its fields.
  public init(id: UInt32, total: Int, bytes: [UInt8]) {
    self.id = id
    self.total = total
    self.bytes = bytes
  }

  /// A zstd frame in as few parts as there may be.
  public static func messages(id: UInt32, frame: [UInt8]) -> [ChunkPart] {
    stride(from: 0, to: frame.count, by: Limits.unitBytes).map {
      ChunkPart(id: id, total: frame.count, bytes: Array(frame[$0..<min($0 + Limits.unitBytes, frame.count)]))
    }
  }
}

extension ChunkPart: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .chunkPart }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    total = Int(try reader.number(UInt32.self))
    bytes = reader.remainder()
    guard (1...Limits.objectBytes).contains(total) else { throw reader.malformed("the chunk has \(total) bytes") }
    guard (1...min(Limits.unitBytes, total)).contains(bytes.count) else {
      throw reader.malformed("it has \(bytes.count) of \(total) bytes")
    }
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.headerBytes + bytes.count)
    writer.append(id)
    writer.append(UInt32(total))
    writer.append(bytes)
    return writer.bytes
  }
}
