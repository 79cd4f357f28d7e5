import GtachModel

/// Gives chunks that are stored.
public protocol ChunkSource {
  /// The bytes of a chunk, exactly as many as its size.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here; `ErrorCode.inputOutput`.
  func bytes(of chunk: ChunkIndex.Chunk) throws(GtachError) -> [UInt8]
}

/// Where the chunks of an archive are: any stretch of it can be read from its index and its chunks.
public struct ArchiveMap: Sendable {
  /// The chunks in their order.
  public let chunks: [ChunkIndex.Chunk]
  /// Where each chunk begins, and where the last one ends.
  private let offsets: [Int]

  /// The archive that consists of these chunks.
  public init(_ chunks: [ChunkIndex.Chunk]) {
    self.chunks = chunks
    var offsets = [0]
    offsets.reserveCapacity(chunks.count + 1)
    for chunk in chunks { offsets.append(offsets[offsets.count - 1] + chunk.size) }
    self.offsets = offsets
  }

  /// The length of the archive in bytes.
  public var size: Int { offsets[offsets.count - 1] }

  /// Which chunks a stretch touches, as positions in the index.
  public func positions(of range: Range<Int>) -> Range<Int> {
    precondition(range.lowerBound >= 0 && range.upperBound <= size)
    guard !range.isEmpty else { return 0..<0 }
    var (low, high) = (0, chunks.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsets[middle] <= range.lowerBound { low = middle } else { high = middle }
    }
    var end = low + 1
    while offsets[end] < range.upperBound { end += 1 }
    return low..<end
  }

  /// Reads stretches, one after the other.
  ///
  /// - Parameter bytes: Becomes what was read, in the memory that it has already.
  /// - Throws: What the source throws; `ErrorCode.chunkCorrupt` where it gives a chunk of another length.
  public func read(
    _ ranges: [Range<Int>], from source: some ChunkSource, into bytes: inout [UInt8]
  ) throws(GtachError) {
    bytes.removeAll(keepingCapacity: true)
    bytes.reserveCapacity(ranges.reduce(0) { $0 + $1.count })
    for range in ranges {
      for position in positions(of: range) {
        let chunk = try source.bytes(of: chunks[position])
        guard chunk.count == chunks[position].size else {
          throw GtachError(.chunkCorrupt, "the chunk \(chunks[position].digest) has \(chunk.count) bytes")
        }
        let wanted = range.clamped(to: offsets[position]..<offsets[position + 1])
        bytes += chunk[wanted.lowerBound - offsets[position]..<wanted.upperBound - offsets[position]]
      }
    }
  }
}
