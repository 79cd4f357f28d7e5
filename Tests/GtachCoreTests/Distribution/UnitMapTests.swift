import GtachCore
import GtachModel
import Testing

@Suite("Numbers of units")
struct UnitMapTests {
  private let map = UnitMap(DistributionFixture.index)

  @Test("the objects' units come first, in the order of the index, and then each different chunk")
  func numbers() {
    #expect(map.count == 8 && map.firstBareChunk == 6)
    #expect((0..<3).map(map.units) == [0..<3, 3..<4, 4..<6])
    #expect(map.number(ofChunk: 0) == 6 && map.number(ofChunk: 1) == 7)
  }

  @Test("each number means one thing, and has its bytes")
  func parts() {
    let parts: [UnitMap.Part] = [
      .unit(0, object: 0), .unit(1, object: 0), .unit(2, object: 0), .unit(0, object: 1), .unit(0, object: 2),
      .unit(1, object: 2), .chunk(0), .chunk(1),
    ]
    #expect((0..<map.count).map(map.part) == parts)
    #expect((0..<map.count).map(map.bytes) == [4096, 4096, 1, 500, 4096, 4096, 20_000, 9_000])
  }

  @Test("a variant without content has no numbers")
  func empty() {
    let map = UnitMap(ChunkIndex(unitSize: 4096, chunks: [], objects: []))
    #expect(map.count == 0 && map.firstBareChunk == 0)
  }
}
