import GtachCore
import GtachModel
import GtachSystem
import Testing

@Suite("Chunker")
struct ChunkerTests {
  static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count { withUnsafeBytes(of: generator.next().littleEndian) { bytes += $0 } }
    return Array(bytes.prefix(count))
  }

  func chunks(_ bytes: [UInt8], pieces: Int = .max) -> [[UInt8]] {
    var chunker = Chunker()
    var chunks: [[UInt8]] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      chunks += chunker.append(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
    }
    if let last = chunker.finish() { chunks.append(last) }
    return chunks
  }

  @Test("the chunks are the bytes, and their sizes are within the bounds")
  func sizes() {
    let bytes = Self.noise(8 << 20, seed: 1)
    let chunks = chunks(bytes)
    #expect(Array(chunks.joined()) == bytes)
    #expect(chunks.allSatisfy { $0.count <= Chunker.maximumBytes })
    #expect(chunks.dropLast().allSatisfy { $0.count > Chunker.minimumBytes })
    let mean = bytes.count / chunks.count
    #expect((200 << 10...400 << 10).contains(mean))
  }

  @Test("how the bytes arrive changes nothing", arguments: [1, 777, 65_536, 1 << 20])
  func pieces(length: Int) {
    let bytes = Self.noise(length == 1 ? 400_000 : 2 << 20, seed: 2)
    #expect(chunks(bytes, pieces: length) == chunks(bytes))
  }

  @Test("an insertion changes the chunks around it only")
  func insertion() {
    let bytes = Self.noise(4 << 20, seed: 3)
    var changed = bytes
    changed.insert(contentsOf: Array("inserted".utf8), at: 2 << 20)
    let before = Set(chunks(bytes))
    let after = chunks(changed)
    #expect(after.filter { !before.contains($0) }.count <= 2)
    #expect(after.count > 8)
  }

  @Test("bytes that are all alike are cut at the largest size, and nothing gives no chunk")
  func uniform() {
    let zeros = [UInt8](repeating: 0, count: (5 << 20) / 2)
    #expect(chunks(zeros).map(\.count) == [1 << 20, 1 << 20, 1 << 19])
    #expect(chunks([]).isEmpty)
    #expect(chunks([1]) == [[1]])
    #expect(chunks([UInt8](repeating: 0, count: 1 << 20)).count == 1)
  }

  @Test("the cuts are part of the format: they never change")
  func fixed() {
    let sizes = chunks(Self.noise(3 << 20, seed: 4)).map(\.count)
    #expect(sizes == Self.knownSizes)
    #expect(sizes.reduce(0, +) == 3 << 20)
  }

  static let knownSizes = [
    294_025, 229_520, 301_711, 309_647, 280_839, 270_054, 276_051, 375_991, 270_305, 332_684, 204_901,
  ]
}
