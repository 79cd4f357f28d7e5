import GtachModel
import Testing

@testable import GtachNode

@Suite("When a daemon rests")
struct RestTests {
  private func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

  private func isDue(_ rest: inout Rest, waitedSince began: Int64, now: Int64) -> Bool {
    rest.isDue(waitedSince: at(began), now: at(now))
  }

  @Test("the first pause is waited for, and after it nobody is woken")
  func first() {
    var rest = Rest()
    #expect(rest.deadline(beside: nil, now: at(100)) == at(5_100))
    #expect(rest.deadline(beside: at(4_000), now: at(100)) == at(4_000))
    #expect(rest.deadline(beside: at(60_000), now: at(100)) == at(5_100))
    let tooSoon = isDue(&rest, waitedSince: 100, now: 5_099)
    #expect(!tooSoon)
    #expect(rest.deadline(beside: nil, now: at(5_099)) == at(10_099))
    let due = isDue(&rest, waitedSince: 5_099, now: 10_099)
    #expect(due)
    #expect(rest.deadline(beside: nil, now: at(10_099)) == nil)
    #expect(rest.deadline(beside: at(90_000), now: at(10_099)) == at(90_000))
  }

  @Test("each pause is followed by a rest, however it ends, and nothing else is")
  func later() {
    var rest = Rest()
    let rests = [
      isDue(&rest, waitedSince: 0, now: 5_000), isDue(&rest, waitedSince: 5_000, now: 6_000),
      isDue(&rest, waitedSince: 6_000, now: 70_000),
    ]
    #expect(rests == [true, false, true])
  }
}
