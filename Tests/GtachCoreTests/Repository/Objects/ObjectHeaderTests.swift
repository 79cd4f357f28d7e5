import GtachModel
import Testing

@testable import GtachCore

@Suite("Headers of objects")
struct ObjectHeaderTests {
  static let headers: [ObjectHeader] = [
    ObjectHeader(prefix: .none, body: .frame),
    ObjectHeader(prefix: .pieces([0..<256]), body: .frame),
    ObjectHeader(prefix: .pieces([512_000..<768_000, 0..<256_000, 999_936..<1_000_001]), body: .difference),
    ObjectHeader(prefix: .pieces((0..<16).map { $0 * 512..<$0 * 512 + 256 }), body: .difference),
    ObjectHeader(prefix: .chunks([0, .max, 0x0123_4567_89AB_CDEF, 1]), body: .frame),
    ObjectHeader(prefix: .chunks([7]), body: .difference),
  ]

  private func read(_ bytes: [UInt8], chunk: Int = 100_000, archive: Int = 1_000_001) throws(GtachError) -> (
    header: ObjectHeader, rest: [UInt8]
  ) {
    var rest = bytes[...]
    let header = try ObjectHeader(takenFrom: &rest, chunkSize: chunk, archiveSize: archive)
    return (header, Array(rest))
  }

  @Test("what is written is read, and the body remains", arguments: headers)
  func roundTrip(header: ObjectHeader) throws {
    let (again, rest) = try read(header.bytes + [1, 2, 3])
    #expect(again == header)
    #expect(rest == [1, 2, 3])
    for end in 0..<header.bytes.count {
      #expect(thrownError { try read(Array(header.bytes[..<end])) }?.code == .objectCorrupt)
    }
  }

  @Test("headers are short")
  func length() {
    #expect(Self.headers.map(\.bytes.count) == [1, 3, 12, 33, 33, 9])
  }

  @Test("a prefix outside of the archive, or a larger one than may be, is refused")
  func limits() throws {
    func error(_ bytes: [UInt8], chunk: Int = 100_000, archive: Int = 1_000_001) -> ErrorCode? {
      thrownError { try read(bytes, chunk: chunk, archive: archive) }?.code
    }
    func pieces(_ ranges: Range<Int>...) -> [UInt8] { ObjectHeader(prefix: .pieces(ranges), body: .frame).bytes }
    #expect(error(pieces(0..<1_000_192)) == nil)
    #expect(error(pieces(0..<1_000_448)) == .objectCorrupt)
    #expect(error(pieces(0..<256), archive: 0) == .objectCorrupt)
    #expect(error(pieces(0..<256), archive: 1) == nil)
    #expect(error(pieces(0..<(2 << 20) + 99_840), archive: 10 << 20) == nil)
    #expect(error(pieces(0..<(2 << 20) + 100_096), archive: 10 << 20) == .objectCorrupt)
    let many = pieces(0..<1 << 20, 2 << 20..<3 << 20, 5 << 20..<(5 << 20) + 100_096)
    #expect(error(many, archive: 10 << 20) == .objectCorrupt)
    // An empty piece; a piece before the start; the numbers' largest.
    #expect(error([1 << 3, 0, 0]) == .objectCorrupt)
    #expect(error([1 << 3, 1, 1]) == .objectCorrupt)
    let largest = [UInt8](repeating: 0xFF, count: 4) + [0x7F]
    #expect(error([1 << 3] + largest + largest) == .objectCorrupt)
    #expect(error([1 << 3, 0] + largest) == .objectCorrupt)
    // No body of that kind; too many pieces; too many chunks, or none.
    #expect(error([2]) == .objectCorrupt)
    #expect(error([3]) == .objectCorrupt)
    #expect(error([17 << 3] + [UInt8](repeating: 2, count: 34)) == .objectCorrupt)
    #expect(error([9 << 3 | 4] + [UInt8](repeating: 2, count: 72)) == .objectCorrupt)
    #expect(error([4]) == .objectCorrupt)
  }

  @Test("whatever bytes come, the header that is read is within the limits")
  func robustness() {
    var random = SeededGenerator(seed: 1)
    var accepted = 0
    for _ in 0..<20_000 {
      let count = Int.random(in: 0...40, using: &random)
      let bytes = (0..<count).map { _ in
        UInt8.random(in: 0...(Bool.random(using: &random) ? 8 : 255), using: &random)
      }
      do throws(GtachError) {
        let (header, _) = try read(bytes)
        accepted += 1
        guard case .pieces(let pieces) = header.prefix else { continue }
        #expect(pieces.allSatisfy { $0.lowerBound >= 0 && !$0.isEmpty && $0.upperBound <= 1_000_001 })
        #expect(pieces.reduce(0) { $0 + $1.count } <= 100_000 + 2 << 20)
      } catch {
        #expect(error.code == .objectCorrupt)
      }
    }
    #expect(accepted > 100)
  }
}

@Suite("Reading pieces of an archive")
struct ArchiveMapTests {
  private struct Store: ChunkSource {
    var chunks: [Digest: [UInt8]]
    func bytes(of chunk: ChunkIndex.Chunk) throws(GtachError) -> [UInt8] {
      guard let bytes = chunks[chunk.digest] else { throw GtachError(.chunkMissing, "the chunk is not here") }
      return bytes
    }
  }

  private let bytes = ChunkerTests.noise(10_000, seed: 1)
  private let chunks: [ChunkIndex.Chunk]
  private let store: Store

  init() throws {
    var (start, chunks, known) = (0, [ChunkIndex.Chunk](), [Digest: [UInt8]]())
    for (number, size) in [1000, 1, 2999, 4000, 2000].enumerated() {
      let digest = try #require(Digest([UInt8](repeating: UInt8(number), count: 32)))
      chunks.append(ChunkIndex.Chunk(digest: digest, size: size))
      known[digest] = Array(bytes[start..<start + size])
      start += size
    }
    self.chunks = chunks
    store = Store(chunks: known)
  }

  private func read(_ ranges: [Range<Int>], of map: ArchiveMap, from store: Store) throws(GtachError) -> [UInt8] {
    var bytes: [UInt8] = [1, 2, 3]
    try map.read(ranges, from: store, into: &bytes)
    return bytes
  }

  @Test("every stretch is what stands there")
  func stretches() throws {
    let map = ArchiveMap(chunks)
    #expect(map.size == 10_000)
    var random = SeededGenerator(seed: 2)
    for _ in 0..<500 {
      let start = Int.random(in: 0...10_000, using: &random)
      let range = start..<Int.random(in: start...10_000, using: &random)
      #expect(try read([range, 0..<1], of: map, from: store) == Array(bytes[range]) + [bytes[0]])
    }
    #expect(map.positions(of: 0..<10_000) == 0..<5)
    #expect(map.positions(of: 1000..<1001) == 1..<2)
    #expect(map.positions(of: 999..<1002) == 0..<3)
    #expect(map.positions(of: 500..<500).isEmpty)
  }

  @Test("a chunk that is missing, or of another length, is an error")
  func missing() {
    var (few, wrong) = (store, store)
    few.chunks[chunks[3].digest] = nil
    wrong.chunks[chunks[3].digest] = [1, 2, 3]
    let map = ArchiveMap(chunks)
    #expect(thrownError { try read([0..<5000], of: map, from: few) }?.code == .chunkMissing)
    #expect(thrownError { try read([0..<5000], of: map, from: wrong) }?.code == .chunkCorrupt)
    #expect(thrownError { try read([0..<4000], of: map, from: few) } == nil)
  }
}
