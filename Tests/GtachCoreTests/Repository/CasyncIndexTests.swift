import GtachModel
import Testing

@testable import GtachCore

@Suite("casync's indexes")
struct CasyncIndexTests {
  /// What `casync make --digest=sha256` of Debian 12 (casync 2, 20201210) writes for a blob of six bytes, "gtach\n".
  private static let real = """
    3000000000000000 f99f127b9c4d8296 0000000000000090 0040000000000000 0000010000000000 0000040000000000
    ffffffffffffffff 7d41172f119e5be7
    0600000000000000 eef63b7deec8ad513836fdada3e17612977abd53ab917fbc61ffdd0f1ab9e636
    0000000000000000 0000000000000000 3000000000000000 6000000000000000 d1ec49550e054f4b
    """

  private var chunks: [ChunkIndex.Chunk] {
    (1...5).map {
      ChunkIndex.Chunk(digest: TestHashing().digest(of: [UInt8($0)]), size: $0 == 3 ? 1 << 20 : $0 * 70_000)
    }
  }

  private func rejects(_ bytes: [UInt8]) -> Bool {
    do {
      _ = try CasyncIndex(bytes)
      return false
    } catch {
      return error.code == .indexCorrupt
    }
  }

  @Test func whatIsWrittenIsRead() throws {
    let index = CasyncIndex(chunks: chunks)
    #expect(try CasyncIndex(index.bytes) == index)
    #expect(index.blobSize == chunks.reduce(0) { $0 + $1.size })
    #expect(try CasyncIndex(CasyncIndex(chunks: []).bytes).chunks.isEmpty)
  }

  @Test func aFileOfCasyncIsRead() throws {
    let bytes = try #require(Hexadecimal.decode(Self.real.filter { !$0.isWhitespace }))
    let index = try CasyncIndex(bytes)
    #expect(index.chunks.map(\.size) == [6])
    #expect(index.chunks.map(\.digest.hex) == ["eef63b7deec8ad513836fdada3e17612977abd53ab917fbc61ffdd0f1ab9e636"])
    // Only the sizes that it says chunks are cut with differ: they are gtach's own.
    let written = index.bytes
    #expect(written.count == bytes.count)
    #expect(written[..<24] == bytes[..<24])
    #expect(written[48...] == bytes[48...])
  }

  @Test func onlyWholeFilesAreRead() {
    let bytes = CasyncIndex(chunks: chunks).bytes
    for count in 0..<bytes.count { #expect(rejects(Array(bytes[..<count])), "\(count)") }
    #expect(rejects(bytes + [0]))
    #expect(rejects(bytes + [UInt8](repeating: 0, count: 40)))
    #expect(rejects([UInt8](repeating: 0, count: CasyncIndex.maximumBytes + 40)))
  }

  @Test func everyFieldOfHeadAndTailCounts() {
    let bytes = CasyncIndex(chunks: chunks).bytes
    // Flags that say nothing about digests, and the sizes that casync cut with, do not matter to whoever only restores.
    let free = Set(16..<23).union(24..<48)
    for position in Array(0..<64) + Array(bytes.count - 40..<bytes.count) where !free.contains(position) {
      var changed = bytes
      changed[position] ^= 0x20
      #expect(rejects(changed), "\(position)")
    }
  }

  @Test func chunksThatEndBeforeTheyBeginOrAreHugeAreRefused() {
    let bytes = CasyncIndex(chunks: chunks).bytes
    func with(end: UInt64, of chunk: Int) -> [UInt8] {
      var changed = bytes
      for byte in 0..<8 { changed[64 + chunk * 40 + byte] = UInt8(truncatingIfNeeded: end >> UInt64(8 * byte)) }
      return changed
    }
    #expect(rejects(with(end: 0, of: 0)))
    #expect(rejects(with(end: 70_000, of: 1)))
    #expect(rejects(with(end: 69_999, of: 1)))
    #expect(rejects(with(end: UInt64(CasyncIndex.maximumChunkBytes) + 1, of: 0)))
    #expect(rejects(with(end: .max, of: 4)))
    #expect(!rejects(with(end: 69_999, of: 0)))
  }

  @Test func anotherDigestIsNamed() throws {
    var bytes = CasyncIndex(chunks: chunks).bytes
    bytes[23] |= 0x20
    do {
      _ = try CasyncIndex(bytes)
      Issue.record("SHA-512/256 was taken for SHA-256")
    } catch {
      #expect(error.code == .indexCorrupt)
      #expect(error.advice?.contains("--digest=sha256") == true)
    }
  }

  @Test func damageNeverCrashes() {
    var generator = SeededGenerator(seed: 7)
    let bytes = CasyncIndex(chunks: chunks).bytes
    for _ in 0..<2_000 {
      var changed = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        changed[Int.random(in: changed.indices, using: &generator)] = UInt8.random(in: .min ... .max, using: &generator)
      }
      if !rejects(changed) {
        let index = try? CasyncIndex(changed)
        #expect(index?.chunks.allSatisfy { (1...CasyncIndex.maximumChunkBytes).contains($0.size) } == true)
      }
    }
  }
}
