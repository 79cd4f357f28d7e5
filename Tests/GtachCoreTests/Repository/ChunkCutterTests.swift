import GtachModel
import Testing

@testable import GtachCore

@Suite("Cutting an archive along its index")
struct ChunkCutterTests {
  private static let sizes = [5, 1, 3, 7, 4]
  private static let blob = (0..<20).map { UInt8($0) }

  private var index: ChunkIndex {
    let chunks = Self.sizes.map { ChunkIndex.Chunk(digest: TestHashing().digest(of: [UInt8($0)]), size: $0) }
    return ChunkIndex(unitSize: 4096, chunks: chunks, objects: [])
  }

  private func cut(_ blob: [UInt8], pieces: Int) -> (chunks: [[UInt8]], isFinished: Bool) {
    var cutter = ChunkCutter(index)
    var chunks: [[UInt8]] = []
    for start in stride(from: 0, to: blob.count, by: pieces) {
      for (chunk, bytes) in cutter.append(Array(blob[start..<min(start + pieces, blob.count)])) {
        #expect(chunk == index.chunks[chunks.count])
        chunks.append(bytes)
      }
    }
    return (chunks, cutter.isFinished)
  }

  @Test func thePiecesDoNotMatter() {
    for pieces in 1...21 {
      let (chunks, isFinished) = cut(Self.blob, pieces: pieces)
      #expect(chunks.map(\.count) == Self.sizes)
      #expect(chunks.flatMap { $0 } == Self.blob)
      #expect(isFinished)
    }
  }

  @Test func tooLittleAndTooMuchAreNoticed() {
    for pieces in [1, 6, 40] {
      #expect(!cut(Array(Self.blob.dropLast()), pieces: pieces).isFinished)
      #expect(!cut(Self.blob + [0], pieces: pieces).isFinished)
      #expect(!cut([], pieces: pieces).isFinished)
    }
  }
}
