import GtachCore
import GtachModel
import Synchronization

/// Stored chunks for whoever decodes objects: not hashed as they are read, because what is made of them is. The last
/// ones are kept, as objects that stand beside each other are made from nearly the same.
final class DecodedChunks: Sendable {
  /// How many bytes of chunks are kept: those that one object with as large a prefix as it may have is made from, and
  /// some more.
  static let maximumBytes = 8 << 20

  private struct Cache {
    /// The one that was used last is at the end.
    var chunks: [(digest: Digest, bytes: [UInt8])] = []
    var size = 0
  }
  private let cache = Mutex(Cache())

  /// Forgets all.
  func removeAll() { cache.withLock { $0 = Cache() } }

  /// The bytes of a chunk; what `read` gives where it was not used before or long ago.
  func bytes(of chunk: ChunkIndex.Chunk, read: () throws(GtachError) -> [UInt8]) throws(GtachError) -> [UInt8] {
    let known = cache.withLock { cache -> [UInt8]? in
      guard let place = cache.chunks.lastIndex(where: { $0.digest == chunk.digest }) else { return nil }
      let known = cache.chunks.remove(at: place)
      cache.chunks.append(known)
      return known.bytes
    }
    if let known { return known }
    let bytes = try read()
    cache.withLock { cache in
      cache.chunks.append((chunk.digest, bytes))
      cache.size += bytes.count
      while cache.size > Self.maximumBytes { cache.size -= cache.chunks.removeFirst().bytes.count }
    }
    return bytes
  }
}

/// What an object is decoded from at the first attempt.
struct UnhashedChunks: ChunkSource {
  let repository: PackageRepository

  /// The bytes of a stored chunk, or others of the same number.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here, or was damaged; `ErrorCode.inputOutput`.
  func bytes(of chunk: ChunkIndex.Chunk) throws(GtachError) -> [UInt8] {
    try repository.decodedChunks.bytes(of: chunk) { () throws(GtachError) in
      if let bytes = try repository.storedChunk(chunk.digest, isHashed: false)?.bytes, bytes.count == chunk.size {
        return bytes
      }
      return try repository.bytes(of: chunk)
    }
  }
}
