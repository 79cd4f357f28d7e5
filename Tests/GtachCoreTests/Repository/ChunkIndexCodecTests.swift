import GtachCore
import GtachModel
import GtachSystem
import Testing

@Suite("Index of chunks")
struct ChunkIndexCodecTests {
  static func digest(_ number: Int) -> Digest { SHA256().digest(of: Array("\(number)".utf8)) }
  static func id(_ number: Int) -> ObjectID {
    ObjectID(units: [UnitDigest(of: digest(number).bytes[...], hashing: SHA256())], hashing: SHA256())
  }

  let index = ChunkIndex(
    unitSize: 8192,
    chunks: [(1, 70_000), (2, 262_144), (1, 70_000), (3, 1 << 20)].map {
      ChunkIndex.Chunk(digest: digest($0.0), size: $0.1)
    },
    bases: [
      ChunkIndex.Base(archive: ChunkIndexCodecTests.digest(21), size: 5000),
      ChunkIndex.Base(archive: ChunkIndexCodecTests.digest(22), size: 1 << 30),
    ],
    objects: [
      (11, 50, 0, .full), (12, 1000, 1, .full), (14, 10, 1, .patch(base: 0)), (15, 20, 1, .patch(base: 1)),
      (13, (1 << 20) + 4096, 3, .full), (16, 300, 3, .patch(base: 1)),
    ].map { (id: Int, size: Int, chunk: Int, encoding: ChunkIndex.Encoding) in
      ChunkIndex.Object(id: ChunkIndexCodecTests.id(id), size: size, chunk: chunk, encoding: encoding)
    })

  func code(_ bytes: [UInt8]) -> ErrorCode? {
    do throws(GtachError) {
      _ = try ChunkIndexCodec.decode(bytes)
      return nil
    } catch {
      return error.code
    }
  }

  /// The index with something else in it.
  func changed(_ chunks: ((inout [ChunkIndex.Chunk]) -> Void)?, _ objects: ((inout [ChunkIndex.Object]) -> Void)?)
    -> [UInt8]
  {
    var newChunks = index.chunks
    var newObjects = index.objects
    chunks?(&newChunks)
    objects?(&newObjects)
    return ChunkIndexCodec.encode(
      ChunkIndex(unitSize: index.unitSize, chunks: newChunks, bases: index.bases, objects: newObjects))
  }

  @Test("what is written is read")
  func roundTrip() throws {
    let bytes = ChunkIndexCodec.encode(index)
    // The magic, unit size and counts; chunks; bases; objects; how many patches of each base, and of which chunks.
    let lengths = [8, 2 + 1 + 1, 4 * 32 + 4 * 3, 2 * 32 + 2 + 5, 6 * 16 + 10, 1 + 1, 1 + 2]
    #expect(bytes.count == lengths.reduce(0, +))
    #expect(try ChunkIndexCodec.decode(bytes) == index)
    #expect(index.archiveSize == 70_000 + 262_144 + 70_000 + (1 << 20))
    #expect(index.objectsByChunk == [0..<1, 1..<4, 4..<6])
  }

  @Test("every truncation and every addition is refused")
  func lengths() {
    let bytes = ChunkIndexCodec.encode(index)
    for end in 0..<bytes.count { #expect(code(Array(bytes[..<end])) == .indexCorrupt) }
    #expect(code(bytes + [0]) == .indexCorrupt)
  }

  @Test("huge counts are refused before anything is allocated for them")
  func counts() {
    let chunks: [UInt8] = Array("gtachix4".utf8) + [0x80, 0x40]
    let bases: [UInt8] = [chunks, [1], index.chunks[0].digest.bytes, [100]].flatMap { $0 }
    let patches: [UInt8] = [bases, [1], Self.digest(21).bytes, [100], Self.id(11).bytes, [50]].flatMap { $0 }
    for start in [chunks, bases, patches] {
      for count: [UInt8] in [[0x81, 0x80, 4], [0x80, 0x80, 0x80, 0x80, 1], [0xFF, 0xFF, 0xFF, 0xFF, 0x7F]] {
        #expect(code(start + count + [UInt8](repeating: 1, count: 100)) == .indexCorrupt)
      }
    }
    // What they were in front of, as it should be.
    let whole: [UInt8] = [patches, [1, 0], Self.id(12).bytes, [9]].flatMap { $0 }
    #expect(code(whole) == nil)
  }

  @Test("sizes out of bounds are refused", arguments: [0, (1 << 20) + 1, Int(UInt32.max)])
  func sizes(size: Int) {
    #expect(code(changed({ $0[0] = .init(digest: $0[0].digest, size: size) }, nil)) == .indexCorrupt)
    let object = index.objects[4]
    let tooMany = size == 0 ? 0 : size + 8192
    #expect(
      code(changed(nil) { $0[4] = .init(id: object.id, size: tooMany, chunk: 3, encoding: .full) }) == .indexCorrupt)
    #expect(
      code(changed(nil) { $0[5] = .init(id: object.id, size: tooMany, chunk: 3, encoding: .patch(base: 1)) })
        == .indexCorrupt)
    for unitSize in [0, 4095, 65_537, size] {
      let hostile = ChunkIndex(
        unitSize: unitSize, chunks: index.chunks, bases: index.bases, objects: index.objects)
      #expect(code(ChunkIndexCodec.encode(hostile)) == .indexCorrupt)
    }
  }

  @Test("an index can be written in one way only")
  func canonical() {
    // An object that is listed twice, a chunk that has none, two sizes of one chunk.
    for number in [1, 2, 3, 5] {
      let object = index.objects[number]
      #expect(
        code(
          changed(nil) {
            $0[number] = .init(id: $0[0].id, size: object.size, chunk: object.chunk, encoding: object.encoding)
          }) == .indexCorrupt)
    }
    // The same patch from one base for two chunks; from two bases it may be for one as well as for two.
    func patch(_ number: Int, sameAs other: Int) -> [UInt8] {
      changed(nil) {
        let object = $0[number]
        $0[number] = .init(id: $0[other].id, size: object.size, chunk: object.chunk, encoding: object.encoding)
      }
    }
    #expect(code(patch(5, sameAs: 3)) == .indexCorrupt)
    #expect(code(patch(2, sameAs: 3)) == nil && code(patch(2, sameAs: 5)) == nil)
    #expect(code(changed(nil) { $0.remove(at: 4) }) == .indexCorrupt)
    #expect(code(changed({ $0[2] = .init(digest: $0[2].digest, size: 70_001) }, nil)) == .indexCorrupt)
    // One patch from two bases that are the same there.
    #expect(
      code(changed(nil) { $0[3] = .init(id: $0[2].id, size: 10, chunk: 1, encoding: .patch(base: 1)) }) == nil)
    // A tiny chunk that is not the last.
    #expect(code(changed({ $0[1] = .init(digest: $0[1].digest, size: 65_535) }, nil)) == .indexCorrupt)
    #expect(code(changed({ $0[3] = .init(digest: $0[3].digest, size: 1 << 20 - 1) }, nil)) == nil)
    // A base without patches, and one that is listed twice.
    #expect(code(changed(nil) { $0.remove(at: 2) }) == .indexCorrupt)
    let twice = ChunkIndex(
      unitSize: index.unitSize, chunks: index.chunks, bases: [index.bases[0], index.bases[0]], objects: index.objects)
    #expect(code(ChunkIndexCodec.encode(twice)) == .indexCorrupt)
    // A number that is spelled longer than need be: the unit size.
    var bytes = ChunkIndexCodec.encode(index)
    bytes[9] |= 0x80
    bytes.insert(0, at: 10)
    #expect(code(bytes) == .indexCorrupt)
    bytes = ChunkIndexCodec.encode(index)
    bytes[7] ^= 1
    #expect(code(bytes) == .indexCorrupt)
  }

  @Test("a patch of a chunk that is not there, or before the one before it, is refused")
  func patchPositions() {
    let bytes = ChunkIndexCodec.encode(index)
    // The last table: two patches, of the second different chunk and of the one after it.
    let table = bytes.count - (2 * 16 + 1 + 2) - 3
    #expect(Array(bytes[table..<table + 3]) == [2, 1, 1])
    for places: [UInt8] in [[1, 0], [0, 3], [3, 1], [1, 2], [2, 1]] {
      var hostile = bytes
      hostile.replaceSubrange(table + 1..<table + 3, with: places)
      #expect(code(hostile) == .indexCorrupt, "\(places)")
    }
    var other = bytes
    other.replaceSubrange(table + 1..<table + 3, with: [0, 2])
    #expect(code(other) == nil)
  }

  @Test("no byte sequence crashes the reader")
  func noise() {
    var generator = SeededGenerator(seed: 5)
    let bytes = ChunkIndexCodec.encode(index)
    for _ in 0..<3000 {
      var hostile = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        hostile[Int.random(in: 0..<hostile.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      }
      let error = code(hostile)
      #expect(error == nil || error == .indexCorrupt)
    }
  }
}
