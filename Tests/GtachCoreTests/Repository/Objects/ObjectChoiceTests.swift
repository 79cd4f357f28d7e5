import GtachCore
import GtachModel
import Testing

@Suite("Which objects are fetched")
struct ObjectChoiceTests {
  let index = ChunkIndex(
    unitSize: 4096, chunks: [1, 2, 1, 3].map { ChunkIndex.Chunk(digest: ChunkIndexCodecTests.digest($0), size: 1000) },
    bases: [21, 22].map { ChunkIndex.Base(archive: ChunkIndexCodecTests.digest($0), size: 9000) },
    objects: [
      (11, 500, 0, .full), (12, 600, 1, .full), (13, 40, 1, .patch(base: 0)), (14, 600, 1, .patch(base: 1)),
      (15, 700, 3, .full), (16, 30, 3, .patch(base: 1)),
    ].map { (id: Int, size: Int, chunk: Int, encoding: ChunkIndex.Encoding) in
      ChunkIndex.Object(id: ChunkIndexCodecTests.id(id), size: size, chunk: chunk, encoding: encoding)
    })

  @Test("what can be decoded, the fewest bytes first")
  func ways() {
    func ways(_ bases: Set<Int>) -> [[Int]] {
      index.objectsByChunk.map { ObjectChoice(bases: bases).ways($0, of: index) }
    }
    #expect(ways([]) == [[0], [1], [4]])
    #expect(ways([0]) == [[0], [2, 1], [4]])
    // Of equals the full one.
    #expect(ways([1]) == [[0], [1, 3], [5, 4]])
    #expect(ways([0, 1]) == [[0], [2, 1, 3], [5, 4]])
  }

  @Test("how many bytes it takes from one release to another")
  func bytes() {
    let digest = ChunkIndexCodecTests.digest
    #expect(ObjectChoice.bytes(from: nil, archive: nil, to: index) == 500 + 600 + 700)
    let held = ChunkIndex(
      unitSize: 4096, chunks: [ChunkIndex.Chunk(digest: digest(1), size: 1000)],
      objects: [ChunkIndex.Object(id: ChunkIndexCodecTests.id(11), size: 500, chunk: 0, encoding: .full)])
    #expect(ObjectChoice.bytes(from: held, archive: digest(99), to: index) == 600 + 700)
    #expect(ObjectChoice.bytes(from: held, archive: digest(21), to: index) == 40 + 700)
    #expect(ObjectChoice.bytes(from: held, archive: digest(22), to: index) == 600 + 30)
    #expect(ObjectChoice.bytes(from: index, archive: digest(1), to: index) == 0)
  }
}
