import GtachModel
import Testing

@testable import GtachSystem

@Suite("Threads")
struct ThreadsTests {
  @Test("messages arrive in the order of posting, those of before the close too")
  func mailboxOrder() throws {
    let mailbox = Mailbox<Int>()
    let thread = try WorkerThread(name: "poster") {
      for number in 0..<5000 { mailbox.post(number) }
      mailbox.close()
    }
    var received: [Int] = []
    while let number = mailbox.receive(until: nil) { received.append(number) }
    thread.join()
    #expect(received == Array(0..<5000))
    #expect(!mailbox.post(1))
    #expect(mailbox.receive(until: nil) == nil)
  }

  @Test("each message goes to exactly one of several receivers")
  func mailboxReceivers() throws {
    let mailbox = Mailbox<Int>()
    let results = Mailbox<Int>()
    let threads = try (0..<4).map { (number) throws(GtachError) in
      try WorkerThread(name: "receiver \(number)") {
        while let message = mailbox.receive(until: nil) { results.post(message) }
      }
    }
    for number in 0..<2000 { mailbox.post(number) }
    mailbox.close()
    for thread in threads { thread.join() }
    results.close()
    var seen: Set<Int> = []
    var count = 0
    while let number = results.receive(until: nil) {
      seen.insert(number)
      count += 1
    }
    #expect(seen == Set(0..<2000))
    #expect(count == 2000)
  }

  @Test("an empty mailbox gives nothing at the deadline, and a close wakes a receiver")
  func mailboxDeadline() throws {
    let mailbox = Mailbox<Int>()
    #expect(mailbox.receive(until: MonotonicClock.now().advanced(byMilliseconds: 20)) == nil)
    #expect(mailbox.receive(until: MonotonicClock.now().advanced(byMilliseconds: -1000)) == nil)
    let thread = try WorkerThread(name: "waiter") { _ = mailbox.receive(until: nil) }
    mailbox.close()
    thread.join()
    #expect(mailbox.isClosed)
  }

  @Test("a cancellation wakes a sleeper, and stays")
  func cancellation() throws {
    let cancellation = try Cancellation()
    #expect(!cancellation.isCancelled)
    try cancellation.check()
    try cancellation.sleep(until: MonotonicClock.now().advanced(byMilliseconds: 5))
    let errors = Mailbox<GtachError>()
    let thread = try WorkerThread(name: "sleeper") {
      do throws(GtachError) { try cancellation.sleep(until: nil) } catch { errors.post(error) }
    }
    cancellation.cancel()
    cancellation.cancel()
    thread.join()
    #expect(errors.receive(until: MonotonicClock.now())?.code == .cancelled)
    #expect(cancellation.isCancelled)
    #expect(throws: GtachError.self) { try cancellation.check() }
  }

  @Test("what a thread captured is gone once it was joined")
  func captured() throws {
    final class Witness: Sendable {}
    weak var witness: Witness?
    let thread: WorkerThread
    do {
      let object = Witness()
      witness = object
      thread = try WorkerThread(name: "a name of more than fifteen bytes") { _ = object }
    }
    thread.join()
    thread.join()
    #expect(witness == nil)
  }

  @Test("the clocks tell the time")
  func clocks() {
    let first = MonotonicClock.now()
    #expect(first <= MonotonicClock.now())
    #expect(MonotonicClock.milliseconds(until: first.advanced(byMilliseconds: -10)) == 0)
    #expect(MonotonicClock.milliseconds(until: Instant(milliseconds: .min)) == 0)
    #expect(SystemClock.now().secondsSinceEpoch > 0)
  }

  @Test("whoever has too much waiting waits until some of it is taken, or nobody takes any more")
  func backlog() throws {
    let backlog = Backlog(limit: 10)
    #expect(backlog.hasRoom)
    backlog.waitForRoom()
    backlog.add(12)
    #expect(!backlog.hasRoom)
    let steps = Mailbox<Int>()
    let thread = try WorkerThread(name: "sender") {
      backlog.waitForRoom()
      steps.post(backlog.hasRoom ? 1 : 0)
      backlog.add(10)
      backlog.waitForRoom()
      steps.post(2)
    }
    backlog.remove(1)
    #expect(steps.receive(until: MonotonicClock.now()) == nil)
    backlog.remove(11)
    #expect(steps.receive(until: nil) == 1)
    backlog.release()
    thread.join()
    #expect(steps.receive(until: nil) == 2)
    backlog.waitForRoom()
  }
}
