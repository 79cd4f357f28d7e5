import Testing

@testable import GtachSimulator

@Suite struct LinkTests {
  /// Whom the link serves until nothing waits.
  private func served(_ link: inout Link) -> [Int] {
    var served: [Int] = []
    while link.begin() != nil { served.append(link.finish().neighbour) }
    return served
  }

  @Test func neighboursTakeTurnsByTheSegment() {
    var link = Link(bytesPerSecond: 1_000_000, neighbours: 9)
    let segment = Link.segmentBytes
    for (neighbour, bytes) in [(7, 2 * segment), (2, 3 * segment), (7, 1), (4, segment + 1)] {
      link.queue(neighbour, bytes: bytes, to: neighbour)
    }
    #expect(served(&link) == [2, 4, 7, 2, 4, 7, 2, 7])
    #expect(link.sentBytes == 6 * segment + 2)
    link.queue(0, bytes: 1, to: 8)
    link.queue(0, bytes: 1, to: 7)
    #expect(served(&link) == [8, 7], "after the one served last, not from the beginning")
  }

  @Test func whatIsClearedIsNotSentButForTheSegmentOnItsWay() {
    var link = Link(bytesPerSecond: 1_000_000, neighbours: 3)
    for neighbour in [0, 0, 1] { link.queue(neighbour, bytes: 10, to: neighbour) }
    #expect(link.begin() == 10)
    link.clear(0)
    link.clear(1)
    #expect(link.finish().isLast)
    #expect(served(&link) == [])
    link.queue(5, bytes: 10, to: 1)
    #expect(served(&link) == [1])
  }
}
