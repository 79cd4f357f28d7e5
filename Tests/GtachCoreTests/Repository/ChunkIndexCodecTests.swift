import GtachCore
import GtachModel
import GtachSystem
import Testing

@Suite("Index of chunks")
struct ChunkIndexCodecTests {
  static func digest(_ number: Int) -> Digest { SHA256().digest(of: Array("\(number)".utf8)) }
  static func id(_ number: Int) -> ObjectID { ObjectID(units: [digest(number)], hashing: SHA256()) }

  let index = ChunkIndex(
    unitSize: 8192,
    chunks: [(1, 100), (2, 262_144), (1, 100), (3, 1 << 20)].map {
      ChunkIndex.Chunk(digest: digest($0.0), size: $0.1)
    },
    objects: [(11, 50, 0), (12, 1000, 1), (13, (1 << 20) + 4096, 3)].map {
      ChunkIndex.Object(id: id($0.0), size: $0.1, chunk: $0.2, encoding: .full)
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
    return ChunkIndexCodec.encode(ChunkIndex(unitSize: index.unitSize, chunks: newChunks, objects: newObjects))
  }

  @Test("what is written is read")
  func roundTrip() throws {
    let bytes = ChunkIndexCodec.encode(index)
    #expect(bytes.count == 8 + 12 + 4 * 36 + 3 * 25)
    #expect(try ChunkIndexCodec.decode(bytes) == index)
    #expect(index.archiveSize == 100 + 262_144 + 100 + (1 << 20))
  }

  @Test("every truncation and every addition is refused")
  func lengths() {
    let bytes = ChunkIndexCodec.encode(index)
    for end in 0..<bytes.count { #expect(code(Array(bytes[..<end])) == .indexCorrupt) }
    #expect(code(bytes + [0]) == .indexCorrupt)
  }

  @Test("huge counts are refused before anything is allocated for them")
  func counts() {
    let bytes = ChunkIndexCodec.encode(index)
    for value: [UInt8] in [[255, 255, 255, 255], [0, 1, 0, 1], [0, 0, 0, 0], [0, 1, 0, 0], [128, 0, 0, 0]] {
      for position in [12, 16 + 4 * 36] {
        var hostile = bytes
        hostile.replaceSubrange(position..<position + 4, with: value)
        #expect(code(hostile) == .indexCorrupt)
      }
    }
  }

  @Test("sizes out of bounds are refused", arguments: [0, (1 << 20) + 1, Int(UInt32.max)])
  func sizes(size: Int) {
    #expect(code(changed({ $0[0] = .init(digest: $0[0].digest, size: size) }, nil)) == .indexCorrupt)
    let object = index.objects[2]
    #expect(
      code(
        changed(nil) {
          $0[2] = .init(
            id: object.id, size: size == 0 ? 0 : min(size + 8192, Int(UInt32.max)), chunk: 3, encoding: .full)
        }) == .indexCorrupt)
    for unitSize in [0, 4095, 65_537, size] {
      let hostile = ChunkIndex(unitSize: unitSize, chunks: index.chunks, objects: index.objects)
      #expect(code(ChunkIndexCodec.encode(hostile)) == .indexCorrupt)
    }
  }

  @Test("an index can be written in one way only")
  func canonical() {
    let objects = index.objects
    #expect(code(changed(nil) { $0.swapAt(0, 1) }) == .indexCorrupt)
    #expect(code(changed(nil) { $0[0] = .init(id: $0[0].id, size: 50, chunk: 2, encoding: .full) }) == .indexCorrupt)
    #expect(code(changed(nil) { $0[0] = .init(id: $0[0].id, size: 50, chunk: 9, encoding: .full) }) == .indexCorrupt)
    #expect(
      code(changed(nil) { $0[1] = .init(id: objects[0].id, size: 50, chunk: 1, encoding: .full) }) == .indexCorrupt)
    #expect(code(changed(nil) { $0.removeLast() }) == .indexCorrupt)
    #expect(code(changed(nil) { $0.append(objects[0]) }) == .indexCorrupt)
    #expect(code(changed({ $0[2] = .init(digest: $0[2].digest, size: 99) }, nil)) == .indexCorrupt)
    var bytes = ChunkIndexCodec.encode(index)
    bytes[bytes.count - 1] = 2
    #expect(code(bytes) == .indexCorrupt)
    bytes = ChunkIndexCodec.encode(index)
    bytes[7] ^= 1
    #expect(code(bytes) == .indexCorrupt)
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
