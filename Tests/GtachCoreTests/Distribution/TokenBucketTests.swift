import GtachCore
import GtachModel
import Testing

@Suite("Bytes in a second")
struct TokenBucketTests {
  @Test("a burst goes at once, and what follows waits for its turn")
  func burst() {
    var bucket = TokenBucket(bytesPerSecond: 1_000_000, now: Instant(milliseconds: 0))
    #expect(bucket.take(100_000, now: Instant(milliseconds: 0)) == 0)
    #expect(bucket.take(50_000, now: Instant(milliseconds: 0)) == 50)
    #expect(bucket.take(1, now: Instant(milliseconds: 0)) == 51)
    #expect(bucket.take(49_999, now: Instant(milliseconds: 50)) == 50)
  }

  @Test("who waits as it is told sends no more than the limit and one burst")
  func steady() {
    for rate in [300_000, 333_333, 1_000_000, 7_654_321, 1_000_000_000] {
      var bucket = TokenBucket(bytesPerSecond: rate, now: Instant(milliseconds: 5))
      var generator = SeededGenerator(seed: UInt64(rate))
      var (now, sent) = (Int64(5), 0)
      while now < 60_005 {
        let bytes = Int.random(in: 1...65_536, using: &generator)
        now += bucket.take(bytes, now: Instant(milliseconds: now))
        sent += bytes
        let limit = rate * Int(now - 5 + TokenBucket.burstMilliseconds) / 1_000
        #expect(sent <= limit)
        // As fast as that it is, too: it waits a millisecond too long at most.
        #expect(sent > limit - 65_536 - rate * Int(TokenBucket.burstMilliseconds + 1) / 1_000)
        if rate > 100_000_000, sent > 200_000_000 { break }
      }
    }
  }

  @Test("nothing is saved up beyond the burst, however long nobody sends, and a clock that goes back gives nothing")
  func idle() {
    var bucket = TokenBucket(bytesPerSecond: UploadLimits.mostBytesPerSecond, now: Instant(milliseconds: 0))
    let later = Instant(milliseconds: .max / 2)
    #expect(bucket.take(100_000_000_000, now: later) == 0)
    #expect(bucket.take(1_000_000_000, now: later) == 1)
    #expect(bucket.take(1_000_000_000, now: Instant(milliseconds: 0)) == 2)
  }
}
