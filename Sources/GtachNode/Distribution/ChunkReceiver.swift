import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// The arrival of one chunk as it is: a zstd frame in parts, which is decoded and hashed when it is whole.
struct ChunkReceiver {
  /// Its position in the index.
  let position: Int
  let chunk: ChunkIndex.Chunk
  private(set) var frame: [UInt8] = []
  private var total: Int?

  init(position: Int, index: ChunkIndex) {
    self.position = position
    chunk = index.chunks[position]
  }

  /// The question that brings it.
  func request(id: UInt32) -> Message { .getChunk(GetChunk(id: id, digest: chunk.digest)) }

  /// Takes a part.
  ///
  /// - Throws: `ErrorCode.frameOversize` where the peer means to send more than a chunk of that size needs;
  ///   `protocolViolation` for parts that do not belong together.
  mutating func accept(_ part: ChunkPart) throws(GtachError) {
    let maximum = Limits.zstdFrameBytes(size: chunk.size)
    guard part.total <= maximum else {
      throw GtachError(
        .frameOversize, "the peer sends \(part.total) bytes for a chunk of \(chunk.size)",
        reason: "at most \(maximum) may be")
    }
    guard total ?? part.total == part.total, frame.count + part.bytes.count <= part.total else {
      throw GtachError(.protocolViolation, "the parts of a chunk do not belong together")
    }
    total = part.total
    frame += part.bytes
  }

  /// Whether every part is here.
  var isWhole: Bool { frame.count == total }

  /// The chunk that came.
  ///
  /// - Throws: `ErrorCode.chunkCorrupt` where it is another one, which is the peer's fault.
  func bytes() throws(GtachError) -> [UInt8] {
    do throws(GtachError) {
      let bytes = try Zstd.decompress(frame, size: chunk.size)
      if SHA256().digest(of: bytes) == chunk.digest { return bytes }
    } catch {
      guard error.code == .objectCorrupt else { throw error }
    }
    throw GtachError(.chunkCorrupt, "the peer sent other bytes than those of the chunk \(chunk.digest)")
  }
}
