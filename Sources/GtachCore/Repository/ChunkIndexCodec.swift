import GtachModel

/// `chunks.index` as bytes. Numbers are big-endian, 4 bytes each:
///
///     8 bytes   "gtachix2"
///     number    unit size, in bytes
///     number    how many chunks, then for each:   32 bytes SHA-256, number: size in bytes
///     number    how many objects, then for each:  16 bytes id, number: size in bytes, number: position of its chunk,
///                                                 1 byte encoding (1: full)
///
/// There is exactly one way to write an index: each different chunk has one object, which names the chunk where it
/// occurs first; objects are in the order of their chunks, and nothing follows.
public enum ChunkIndexCodec {
  /// The most chunks that an archive may have: 16 GiB of them at their usual size.
  public static let maximumChunks = 65_536
  /// The longest index in bytes.
  public static let maximumBytes = 8 + 3 * 4 + maximumChunks * (36 + 25)

  private static let magic = Array("gtachix2".utf8)
  private static let fullEncoding: UInt8 = 1

  /// The longest object in bytes that a chunk of that many may have: what zstd makes of bytes that it cannot compress
  /// (ZSTD_COMPRESSBOUND), and some room.
  public static func maximumObjectBytes(chunkSize: Int) -> Int { chunkSize + chunkSize >> 8 + 1024 }

  /// Writes an index.
  public static func encode(_ index: ChunkIndex) -> [UInt8] {
    var bytes = magic
    bytes.reserveCapacity(magic.count + 12 + index.chunks.count * 36 + index.objects.count * 25)
    func append(_ number: Int) {
      for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
    append(index.unitSize)
    append(index.chunks.count)
    for chunk in index.chunks {
      bytes += chunk.digest.bytes
      append(chunk.size)
    }
    append(index.objects.count)
    for object in index.objects {
      bytes += object.id.bytes
      append(object.size)
      append(object.chunk)
      switch object.encoding {
      case .full: bytes.append(fullEncoding)
      }
    }
    return bytes
  }

  /// Reads an index. Nothing is allocated for what the bytes only claim.
  ///
  /// - Throws: `ErrorCode.indexCorrupt`.
  public static func decode(_ bytes: [UInt8]) throws(GtachError) -> ChunkIndex {
    guard bytes.count <= maximumBytes else { throw fail("it is longer than \(maximumBytes) bytes") }
    var reader = Reader(bytes: bytes[...])
    guard try Array(reader.take(magic.count)) == magic else { throw fail("it does not start like one") }
    let unitSize = try reader.number()
    guard UnitList.unitSizes.contains(unitSize) else { throw fail("units of \(unitSize) bytes") }

    let chunkCount = try reader.count(of: 36, what: "chunks")
    var chunks: [ChunkIndex.Chunk] = []
    chunks.reserveCapacity(chunkCount)
    // Where each different chunk occurs first, in that order: the objects' chunks.
    var firsts: [Int] = []
    var sizes: [Digest: Int] = [:]
    for position in 0..<chunkCount {
      let digest = try reader.digest()
      let size = try reader.number()
      guard (1...Chunker.maximumBytes).contains(size) else { throw fail("a chunk of \(size) bytes") }
      if let known = sizes[digest] {
        guard known == size else { throw fail("a chunk has two sizes") }
      } else {
        sizes[digest] = size
        firsts.append(position)
      }
      chunks.append(ChunkIndex.Chunk(digest: digest, size: size))
    }

    let objectCount = try reader.count(of: 25, what: "objects")
    guard objectCount == firsts.count else { throw fail("\(objectCount) objects for \(firsts.count) chunks") }
    var objects: [ChunkIndex.Object] = []
    objects.reserveCapacity(objectCount)
    var ids: Set<ObjectID> = []
    for first in firsts {
      let id = try reader.objectID()
      let size = try reader.number()
      let chunk = try reader.number()
      guard chunk == first else { throw fail("an object is of chunk \(chunk) instead of \(first)") }
      guard (1...maximumObjectBytes(chunkSize: chunks[chunk].size)).contains(size) else {
        throw fail("an object of \(size) bytes for a chunk of \(chunks[chunk].size)")
      }
      guard try reader.take(1).first == fullEncoding else { throw fail("an object has an unknown encoding") }
      guard ids.insert(id).inserted else { throw fail("two chunks have one object") }
      objects.append(ChunkIndex.Object(id: id, size: size, chunk: chunk, encoding: .full))
    }
    guard reader.bytes.isEmpty else { throw fail("something follows it") }
    return ChunkIndex(unitSize: unitSize, chunks: chunks, objects: objects)
  }

  private struct Reader {
    var bytes: ArraySlice<UInt8>

    mutating func take(_ count: Int) throws(GtachError) -> ArraySlice<UInt8> {
      guard bytes.count >= count else { throw fail("it ends too early") }
      defer { bytes = bytes.dropFirst(count) }
      return bytes.prefix(count)
    }

    mutating func number() throws(GtachError) -> Int { try take(4).reduce(0) { $0 << 8 | Int($1) } }

    mutating func digest() throws(GtachError) -> Digest {
      guard let digest = Digest(try take(Digest.byteCount)) else { throw fail("it ends too early") }
      return digest
    }

    mutating func objectID() throws(GtachError) -> ObjectID {
      guard let id = ObjectID(try take(ObjectID.byteCount)) else { throw fail("it ends too early") }
      return id
    }

    mutating func count(of size: Int, what: String) throws(GtachError) -> Int {
      let count = try number()
      guard (1...maximumChunks).contains(count), bytes.count >= count * size else { throw fail("\(count) \(what)") }
      return count
    }
  }

  private static func fail(_ reason: String) -> GtachError {
    GtachError(.indexCorrupt, "an index of chunks cannot be read", reason: reason)
  }
}
