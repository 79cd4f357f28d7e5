import GtachCore
import GtachModel
import GtachWire
import Testing

@testable import GtachNode

@Suite("Questions whose answers have not come")
struct PendingRequestsTests {
  private let start = Instant(milliseconds: 1_000)
  private let patience = 2 * Limits.answerMilliseconds

  private func take(_ id: UInt32, from pending: inout PendingRequests) throws -> PendingRequest {
    let taken = pending.take(id)
    return try #require(taken)
  }

  private func add(_ id: UInt32, _ request: SessionRequest = .buckets, to pending: inout PendingRequests) {
    pending.add(PendingRequest(request, bases: [], fetch: nil), id: id)
  }

  @Test func theFirstAnswerIsDueAndThenTheNext() throws {
    var pending = PendingRequests()
    add(1, .watch(Advertisement(indexRoot: .zero, metadataVersion: 1)), to: &pending)
    #expect(!pending.isAnswerDue && !pending.isLate(now: start))
    for id in UInt32(2)...4 { add(id, to: &pending) }
    #expect(pending.isAnswerDue && !pending.isLate(now: start))
    #expect(pending.isLate(now: start.advanced(byMilliseconds: patience - 1)) == false)
    #expect(pending.isLate(now: start.advanced(byMilliseconds: patience)) == true)
    // An answer out of turn changes nothing, the first one does.
    _ = try take(3, from: &pending)
    pending.end(3)
    #expect(pending.isLate(now: start.advanced(byMilliseconds: patience)) == true)
    _ = try take(2, from: &pending)
    pending.end(2)
    let later = start.advanced(byMilliseconds: patience)
    #expect(!pending.isLate(now: later) && pending.isAnswerDue)
    #expect(pending.isLate(now: later.advanced(byMilliseconds: patience)) == true)
    pending.end(4)
    #expect(!pending.isAnswerDue)
    _ = try take(1, from: &pending)
  }

  @Test func whatIsPutBackIsThereAndNothingIsForgottenAmongMany() throws {
    var pending = PendingRequests()
    for id in UInt32(0)..<500 { add(id, to: &pending) }
    for id in UInt32(0)..<499 {
      pending.putBack(try take(id, from: &pending), id: id)
      _ = try take(id, from: &pending)
      #expect(pending.isAnswerDue)
      pending.end(id)
    }
    #expect(pending.isAnswerDue)
    pending.end(499)
    #expect(!pending.isAnswerDue)
  }
}
