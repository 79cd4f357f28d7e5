import GtachModel

/// Cuts an archive that comes in whatever pieces into the chunks of its index.
public struct ChunkCutter: Sendable {
  private let chunks: [ChunkIndex.Chunk]
  private var position = 0
  private var buffer: [UInt8] = []
  private var isTooLong = false

  /// A cutter along an index.
  public init(_ index: ChunkIndex) { chunks = index.chunks }

  /// Takes the next bytes of the archive.
  ///
  /// - Returns: The chunks that are whole with them. What they hash to is for others to check.
  public mutating func append(_ bytes: [UInt8]) -> [(chunk: ChunkIndex.Chunk, bytes: [UInt8])] {
    var pieces: [(chunk: ChunkIndex.Chunk, bytes: [UInt8])] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      guard chunks.indices.contains(position) else {
        isTooLong = true
        break
      }
      let chunk = chunks[position]
      let part = rest.prefix(chunk.size - buffer.count)
      buffer += part
      rest = rest.dropFirst(part.count)
      if buffer.count == chunk.size {
        pieces.append((chunk, buffer))
        buffer = []
        position += 1
      }
    }
    return pieces
  }

  /// Whether every chunk has come and nothing else.
  public var isFinished: Bool { position == chunks.count && !isTooLong }
}
