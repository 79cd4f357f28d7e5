import GtachModel
import GtachWire

/// `chunks.index` as bytes. Numbers are `VariableInteger`s; what is alike stands together, as two indexes of a package
/// then have long stretches in common.
///
///     8 bytes   "gtachix4"
///     number    unit size, in bytes
///     number    how many chunks; the SHA-256 of each (32 bytes), then the size of each in bytes (number)
///     number    how many bases; of each the SHA-256 of its archive (32 bytes) and its size in bytes (number)
///     of the full objects, one for each different chunk, where that first occurs: all ids (16 bytes), then all sizes
///               (number)
///     of the patches from each base:
///       number  how many; by how many different chunks each is further than the one before (number; the first: than
///               the archive's first chunk), then all ids, then all sizes (number)
///
/// There is exactly one way to write an index: a base without patches is not named, and nothing follows.
public enum ChunkIndexCodec {
  /// The most chunks that an archive may have: 16 GiB of them at their usual size.
  public static let maximumChunks = 65_536
  /// The longest archive in bytes, 32 GiB: what a number in an index can say.
  public static let maximumArchiveBytes = 1 << 35 - 1
  /// The most older archives that patches may be made from.
  public static let maximumBases = 4
  /// The longest index in bytes.
  public static let maximumBytes =
    magic.count + 64 + maximumChunks
    * (Digest.byteCount + ObjectID.byteCount + 6 + maximumBases * (ObjectID.byteCount + 6))

  private static let magic = Array("gtachix4".utf8)

  /// Writes an index.
  public static func encode(_ index: ChunkIndex) -> [UInt8] {
    var bytes = magic
    bytes.reserveCapacity(
      magic.count + 256 + index.chunks.count * (Digest.byteCount + 3) + index.objects.count * (ObjectID.byteCount + 4))
    VariableInteger.append(index.unitSize, to: &bytes)
    VariableInteger.append(index.chunks.count, to: &bytes)
    for chunk in index.chunks { bytes += chunk.digest.bytes }
    for chunk in index.chunks { VariableInteger.append(chunk.size, to: &bytes) }
    VariableInteger.append(index.bases.count, to: &bytes)
    for base in index.bases {
      bytes += base.archive.bytes
      VariableInteger.append(base.size, to: &bytes)
    }
    func append(_ objects: [ChunkIndex.Object]) {
      for object in objects { bytes += object.id.bytes }
      for object in objects { VariableInteger.append(object.size, to: &bytes) }
    }
    append(index.objects.filter { $0.encoding == .full })
    var numbers: [Int: Int] = [:]
    for (number, range) in index.objectsByChunk.enumerated() { numbers[index.objects[range.lowerBound].chunk] = number }
    for base in index.bases.indices {
      let patches = index.objects.filter { $0.encoding == .patch(base: base) }
      VariableInteger.append(patches.count, to: &bytes)
      var last = 0
      for patch in patches {
        let number = numbers[patch.chunk] ?? 0
        VariableInteger.append(number - last, to: &bytes)
        last = number
      }
      append(patches)
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
    let chunks = try reader.chunks()
    let bases = try reader.bases()
    let firsts = try positions(of: chunks)

    var fullIDs: Set<ObjectID> = []
    /// The objects of the different chunks at some positions of `firsts`. Patches from different bases may be the same
    /// object, as small changes are alike; a full one is never a patch, and from one base come different chunks.
    func objects(at numbers: [Int], _ encoding: ChunkIndex.Encoding) throws(GtachError) -> [ChunkIndex.Object] {
      let found = try reader.names(numbers.count, of: ObjectID.byteCount, ObjectID.init)
      var ids = fullIDs
      var objects: [ChunkIndex.Object] = []
      objects.reserveCapacity(numbers.count)
      for (number, id) in zip(numbers, found) {
        let chunk = firsts[number]
        let size = try reader.number()
        guard (1...Limits.zstdFrameBytes(size: chunks[chunk].size)).contains(size) else {
          throw fail("an object of \(size) bytes for a chunk of \(chunks[chunk].size)")
        }
        guard ids.insert(id).inserted else { throw fail("an object is listed twice") }
        objects.append(ChunkIndex.Object(id: id, size: size, chunk: chunk, encoding: encoding))
      }
      return objects
    }
    var ways = try objects(at: Array(firsts.indices), .full).map { [$0] }
    fullIDs = Set(ways.joined().map(\.id))
    for base in bases.indices {
      let numbers = try reader.ascendingNumbers(below: firsts.count)
      for (number, patch) in zip(numbers, try objects(at: numbers, .patch(base: base))) { ways[number].append(patch) }
    }
    guard reader.bytes.isEmpty else { throw fail("something follows it") }
    return ChunkIndex(unitSize: unitSize, chunks: chunks, bases: bases, objects: ways.flatMap { $0 })
  }

  /// Where each different chunk first occurs.
  private static func positions(of chunks: [ChunkIndex.Chunk]) throws(GtachError) -> [Int] {
    var firsts: [Int] = []
    var sizes: [Digest: Int] = [:]
    for (position, chunk) in chunks.enumerated() {
      if let known = sizes[chunk.digest] {
        guard known == chunk.size else { throw fail("a chunk has two sizes") }
      } else {
        sizes[chunk.digest] = chunk.size
        firsts.append(position)
      }
    }
    return firsts
  }

  private struct Reader {
    var bytes: ArraySlice<UInt8>

    mutating func take(_ count: Int) throws(GtachError) -> ArraySlice<UInt8> {
      guard bytes.count >= count else { throw fail("it ends too early") }
      defer { bytes = bytes.dropFirst(count) }
      return bytes.prefix(count)
    }

    mutating func number() throws(GtachError) -> Int {
      guard let number = VariableInteger.take(from: &bytes) else { throw fail("a number in it cannot be read") }
      return number
    }

    mutating func names<Name>(
      _ count: Int, of byteCount: Int, _ name: (ArraySlice<UInt8>) -> Name?
    ) throws(GtachError) -> [Name] {
      let taken = try take(count * byteCount)
      return stride(from: taken.startIndex, to: taken.endIndex, by: byteCount).compactMap {
        name(taken[$0..<$0 + byteCount])
      }
    }

    mutating func chunks() throws(GtachError) -> [ChunkIndex.Chunk] {
      let count = try number()
      guard (1...maximumChunks).contains(count) else { throw fail("\(count) chunks") }
      var chunks: [ChunkIndex.Chunk] = []
      let digests = try names(count, of: Digest.byteCount, Digest.init)
      chunks.reserveCapacity(count)
      for (position, digest) in digests.enumerated() {
        let size = try number()
        // Of tiny ones, a few bytes of a piece would be thousands of files to read.
        let least = position == count - 1 ? 1 : Chunker.minimumBytes
        guard (least...Chunker.maximumBytes).contains(size) else { throw fail("a chunk of \(size) bytes") }
        chunks.append(ChunkIndex.Chunk(digest: digest, size: size))
      }
      return chunks
    }

    mutating func bases() throws(GtachError) -> [ChunkIndex.Base] {
      let count = try number()
      guard count <= maximumBases else { throw fail("\(count) bases") }
      var bases: [ChunkIndex.Base] = []
      for _ in 0..<count {
        guard let archive = Digest(try take(Digest.byteCount)), !bases.contains(where: { $0.archive == archive }) else {
          throw fail("a base is listed twice")
        }
        let size = try number()
        guard (1...maximumArchiveBytes).contains(size) else { throw fail("a base of \(size) bytes") }
        bases.append(ChunkIndex.Base(archive: archive, size: size))
      }
      return bases
    }

    /// Ascending numbers, each told by its distance from the one before.
    mutating func ascendingNumbers(below limit: Int) throws(GtachError) -> [Int] {
      let count = try number()
      guard (1...min(limit, max(1, bytes.count))).contains(count) else { throw fail("\(count) patches from one base") }
      var numbers: [Int] = []
      numbers.reserveCapacity(count)
      for _ in 0..<count {
        let distance = try number()
        let number = (numbers.last ?? 0) + distance
        guard numbers.isEmpty || distance > 0, number < limit else { throw fail("a patch is of no chunk") }
        numbers.append(number)
      }
      return numbers
    }
  }

  private static func fail(_ reason: String) -> GtachError {
    GtachError(.indexCorrupt, "an index of chunks cannot be read", reason: reason)
  }
}
