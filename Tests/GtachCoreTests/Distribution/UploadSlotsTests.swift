import GtachCore
import Testing

@Suite("Who is served")
struct UploadSlotsTests {
  private typealias Slots = UploadSlots<Int>

  /// Slots that are all taken, by the claims 0 to 3, which have 100 units and more.
  private func full() -> Slots {
    var slots = Slots()
    for claim in 0..<LeaseRoom.usual {
      #expect(slots.claim(claim, have: 100 + claim, urgent: false) == [.grant(claim)])
    }
    return slots
  }

  @Test("leases are granted while there is room, once each, and may be used")
  func granting() {
    var slots = full()
    #expect(slots.claim(0, have: 0, urgent: true).isEmpty, "it has one")
    #expect(slots.claim(7, have: 100, urgent: false).isEmpty)
    #expect((0..<4).allSatisfy(slots.mayAsk) && !slots.mayAsk(7))
  }

  @Test("a lease that is given back goes to the poorest who waits")
  func poorestFirst() {
    var slots = full()
    for (claim, have) in [(5, 50), (6, 10), (7, 10), (8, 60)] {
      #expect(slots.claim(claim, have: have, urgent: false).isEmpty)
    }
    #expect(slots.claim(8, have: 20, urgent: false).isEmpty, "it says anew what it has")
    let granted = [1, 2, 0, 3].flatMap { slots.end($0) }
    #expect(granted == [.grant(6), .grant(7), .grant(8), .grant(5)])
    #expect(!slots.mayAsk(0))
    let last = [5, 6, 7, 8].flatMap { slots.end($0) }
    #expect(last.isEmpty)
    #expect(slots.measure().isEmpty && ![5, 6, 7, 8].contains(where: slots.mayAsk))
  }

  @Test("one who waits no longer gets none")
  func giveUp() {
    var slots = full()
    #expect(slots.claim(5, have: 0, urgent: false).isEmpty)
    let granted = slots.end(5) + slots.end(0)
    #expect(granted.isEmpty)
    #expect(!slots.mayAsk(5))
  }

  @Test("a demand takes the lease of the richest, and only of one who has much more")
  func urgency() {
    var slots = full()
    #expect(slots.claim(5, have: 103 - Slots.margin, urgent: true).isEmpty)
    #expect(slots.claim(5, have: 102 - Slots.margin, urgent: true) == [.revoke(3), .grant(5)])
    slots.serves(0, have: 500, bytes: 1)
    #expect(slots.claim(6, have: 0, urgent: false).isEmpty, "it does not demand")
    #expect(slots.claim(6, have: 0, urgent: true) == [.revoke(0), .grant(6)], "what it last said that it has counts")
  }

  @Test("whose lease is taken back gets what it may have asked for, and no more")
  func grace() {
    var slots = full()
    _ = slots.claim(5, have: 0, urgent: true)
    for _ in 0..<Slots.grace {
      #expect(slots.mayAsk(3))
      slots.serves(3, have: 103, bytes: 1)
    }
    #expect(!slots.mayAsk(3))
    _ = slots.claim(6, have: 0, urgent: true)
    #expect(slots.mayAsk(2))
    _ = slots.end(2)
    #expect(!slots.mayAsk(2), "an end is an end")
  }

  /// A claim of one of several that a peer makes.
  private struct Another: LeaseClaim {
    let claimant: String
    let number: Int

    static func < (left: Another, right: Another) -> Bool { left.number < right.number }
  }

  @Test("a peer has one lease, however many it claims and however urgently")
  func oneForEach() {
    var slots = UploadSlots<Another>()
    let greedy = (0..<4).map { Another(claimant: "greedy", number: $0) }
    #expect(slots.claim(greedy[0], have: 90, urgent: false) == [.grant(greedy[0])])
    #expect(slots.claim(greedy[1], have: 0, urgent: true).isEmpty)
    #expect(slots.measure().isEmpty)
    let modest = Another(claimant: "modest", number: 9)
    #expect(slots.claim(modest, have: 50, urgent: false) == [.grant(modest)])
    #expect(slots.end(greedy[0]) == [.grant(greedy[1])], "its next claim takes the place of the one before")
  }

  @Test("peers on slow links leave room for others")
  func measuring() {
    var slots = full()
    #expect(slots.claim(5, have: 0, urgent: false).isEmpty)
    for _ in 0..<3 {
      for claim in 0..<4 { slots.serves(claim, have: 100, bytes: 100_000) }
      #expect(slots.measure().isEmpty)
    }
    var granted: [Slots.Directive] = []
    for _ in 0..<10 {
      slots.serves(0, have: 100, bytes: 100_000)
      granted += slots.measure()
    }
    #expect(granted == [.grant(5)])
  }

  @Test("what was sent least often is sent first, and of these what the peer likes best")
  func servedUnits() {
    var served = ServedUnits(count: 5)
    #expect(served.choose([]) == nil)
    let sent = (0..<4).map { _ in served.choose([3, 1, 4]) }
    #expect(sent == [3, 1, 4, 3])
    #expect(served.choose([3, 0]) == 0)
    #expect(served.choose([3]) == 3)
  }

  @Test("a lease that nobody uses goes to one who waits, and stays where nobody does")
  func idle() {
    var slots = full()
    for _ in 0..<2 * Slots.idleMeasures { #expect(slots.measure().isEmpty) }
    #expect(slots.claim(7, have: 500, urgent: false).isEmpty)
    #expect(slots.measure() == [.revoke(0), .grant(7)])
    #expect(slots.mayAsk(0), "it gets what it asked for before it heard of that")
    for claim in [1, 2, 3] { slots.serves(claim, have: 100, bytes: 0) }
    #expect(slots.claim(8, have: 500, urgent: false).isEmpty)
    for _ in 1..<Slots.idleMeasures { #expect(slots.measure().isEmpty) }
    #expect(slots.claim(9, have: 500, urgent: false).isEmpty)
    slots.serves(1, have: 100, bytes: 0)
    #expect(slots.measure() == [.revoke(2), .grant(8), .revoke(3), .grant(9)])
    #expect(slots.measure().isEmpty)
  }
}
