import GtachCore
import GtachModel
import Testing

@Suite("Sampled hashes")
struct SampledHashTests {
  private let noise = ChunkerTests.noise(1 << 20, seed: 10)

  @Test("about one window in 64 is chosen, by what is in it alone")
  func sampling() {
    let hashes = SampledHash.hashes(of: noise[...])
    #expect((14_000...19_000).contains(hashes.count))
    let shifted = SampledHash.hashes(of: (Array("shifted".utf8) + noise)[...])
    let known = Set(hashes.map(\.value))
    #expect(shifted.filter { !known.contains($0.value) }.count <= 1)
    // The hash of a window depends on nothing but its 32 bytes.
    for hash in hashes.prefix(100) {
      let window = noise[Int(hash.offset)..<Int(hash.offset) + SampledHash.windowBytes]
      #expect(SampledHash.hashes(of: window).map(\.value) == [hash.value])
    }
  }

  @Test("a run counts once, and what is shorter than a window not at all")
  func runs() {
    for byte in UInt8.min...UInt8.max {
      #expect(SampledHash.hashes(of: [UInt8](repeating: byte, count: 100_000)[...]).count <= 1)
    }
    #expect(SampledHash.hashes(of: noise.prefix(31)).isEmpty)
    #expect(SampledHash.hashes(of: []).isEmpty)
  }
}

@Suite("Choosing prefixes")
struct PrefixChooserTests {
  private static let old = ChunkerTests.noise(5 << 20, seed: 11)
  private static let oldArchive = archive(old)
  private let old = Self.old

  private static func archive(_ bytes: [UInt8]) -> SampledArchive {
    var archive = SampledArchive(size: bytes.count)
    for start in stride(from: 0, to: bytes.count, by: 1 << 18) {
      archive.add(SampledHash.hashes(of: bytes[start..<min(start + 1 << 18, bytes.count)]), at: start)
    }
    archive.finish()
    return archive
  }

  private func check(
    _ pieces: [Range<Int>], chunk: Int, archive: Int, excess: Int = ObjectHeader.maximumExcess
  ) {
    #expect(pieces.count <= ObjectHeader.maximumPieces)
    #expect(pieces.reduce(0) { $0 + $1.count } <= chunk + excess)
    let sorted = pieces.sorted { $0.lowerBound < $1.lowerBound }
    for (piece, next) in zip(sorted, sorted.dropFirst()) { #expect(piece.upperBound <= next.lowerBound) }
    for piece in pieces {
      #expect(!piece.isEmpty && piece.lowerBound >= 0 && piece.upperBound <= archive)
      #expect(piece.lowerBound % ObjectHeader.pieceUnit == 0)
      #expect(piece.upperBound % ObjectHeader.pieceUnit == 0 || piece.upperBound == archive)
    }
  }

  @Test("what moved is found where it was, with what stands around it")
  func moved() {
    let chooser = PrefixChooser(archive: Self.oldArchive)
    let chunk = Array(old[2_000_001..<2_100_000]) + ChunkerTests.noise(1000, seed: 12) + old[4_000_003..<4_050_000]
    let pieces = chooser.pieces(for: chunk[...])
    check(pieces, chunk: chunk.count, archive: old.count)
    #expect(pieces.contains { $0.contains(2_000_100) && $0.contains(2_099_900) })
    #expect(pieces.contains { $0.contains(4_000_100) && $0.contains(4_049_900) })
    #expect(pieces.reduce(0) { $0 + $1.count } > 2 << 20)
    // The piece with more in common stands last.
    #expect(pieces.last?.contains(2_050_000) == true)
    // The same with less around it.
    let fewer = chooser.pieces(for: chunk[...], excess: 100_000)
    check(fewer, chunk: chunk.count, archive: old.count, excess: 100_000)
    #expect(fewer.contains { $0.contains(2_000_100) && $0.contains(2_099_900) })
    #expect(fewer.reduce(0) { $0 + $1.count } > chunk.count + 80_000)
  }

  @Test("nothing in common gives nothing; an archive that is smaller than the budget is taken whole")
  func extremes() {
    let chooser = PrefixChooser(archive: Self.oldArchive)
    #expect(chooser.pieces(for: ChunkerTests.noise(200_000, seed: 13)[...]).isEmpty)
    #expect(chooser.pieces(for: []).isEmpty)
    let small = Array(old.prefix(700_001))
    #expect(PrefixChooser(archive: Self.archive(small)).pieces(for: old[300_000..<400_000]) == [0..<700_001])
    #expect(PrefixChooser(archive: Self.archive([])).pieces(for: old[0..<100_000]).isEmpty)
  }

  @Test("chunks of many places keep to the limits", arguments: 1...8 as ClosedRange<UInt64>)
  func scattered(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var chunk: [UInt8] = []
    while chunk.count < 400_000 {
      let start = Int.random(in: 0..<old.count - 30_000, using: &random)
      chunk += old[start..<start + Int.random(in: 100...30_000, using: &random)]
    }
    check(PrefixChooser(archive: Self.oldArchive).pieces(for: chunk[...]), chunk: chunk.count, archive: old.count)
  }

  @Test("similar earlier chunks are found, the best last, never the chunk itself or a later one")
  func similar() {
    let size = 100_000
    var bytes = Array(old.prefix(10 * size))
    bytes.replaceSubrange(6 * size..<6 * size + 50_000, with: old[2 * size..<2 * size + 50_000])
    bytes.replaceSubrange(6 * size + 50_000..<6 * size + 70_000, with: old[4 * size..<4 * size + 20_000])
    bytes.replaceSubrange(8 * size..<9 * size, with: bytes[6 * size..<7 * size])
    let similar = SimilarChunks(in: Self.archive(bytes), sizes: Array(repeating: size, count: 10))
    #expect(similar.similar(to: bytes[6 * size..<7 * size], at: 6) == [4, 2])
    #expect(similar.similar(to: bytes[6 * size..<7 * size], at: 6, minimumGain: 500) == [2])
    #expect(similar.similar(to: bytes[8 * size..<9 * size], at: 8) == [6])
    #expect(similar.similar(to: bytes[2 * size..<3 * size], at: 2).isEmpty)
    #expect(similar.similar(to: bytes[0..<size], at: 0).isEmpty)
  }
}
