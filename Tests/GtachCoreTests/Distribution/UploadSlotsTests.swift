import GtachCore
import GtachModel
import Testing

extension LeaseClaim: ExpressibleByIntegerLiteral {
  /// The claim of the peer of that number.
  public init(integerLiteral number: Int) { self.init(connection: number) }
}

@Suite("Who is served")
struct UploadSlotsTests {
  private let four: [LeaseClaim] = [0, 1, 2, 3]

  /// Slots that are all taken, by the claims 0 to 3, which have 100 units and more.
  private func full() -> UploadSlots {
    var slots = UploadSlots()
    for claim in four {
      #expect(slots.claim(claim, have: 100 + claim.connection, urgent: false) == [.grant(claim)])
    }
    return slots
  }

  @Test("leases are granted while there is room, once each, and may be used")
  func granting() {
    var slots = full()
    #expect(slots.claim(0, have: 0, urgent: true).isEmpty, "it has one")
    #expect(slots.claim(7, have: 100, urgent: false).isEmpty)
    #expect(four.allSatisfy(slots.mayAsk) && !slots.mayAsk(7))
  }

  @Test("a lease that is given back goes to the poorest who waits")
  func poorestFirst() {
    var slots = full()
    let waiting: [(LeaseClaim, Int)] = [(5, 50), (6, 10), (7, 10), (8, 60)]
    for (claim, have) in waiting {
      #expect(slots.claim(claim, have: have, urgent: false).isEmpty)
    }
    #expect(slots.claim(8, have: 20, urgent: false).isEmpty, "it says anew what it has")
    let granted = ([1, 2, 0, 3] as [LeaseClaim]).flatMap { slots.end($0) }
    #expect(granted == [.grant(6), .grant(7), .grant(8), .grant(5)])
    #expect(!slots.mayAsk(0))
    let last = ([5, 6, 7, 8] as [LeaseClaim]).flatMap { slots.end($0) }
    #expect(last.isEmpty)
    #expect(slots.measure().isEmpty && !([5, 6, 7, 8] as [LeaseClaim]).contains(where: slots.mayAsk))
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
    #expect(slots.claim(5, have: 103 - UploadSlots.margin, urgent: true).isEmpty)
    #expect(slots.claim(5, have: 102 - UploadSlots.margin, urgent: true) == [.revoke(3), .grant(5)])
    slots.serves(0, have: 500, bytes: 1)
    #expect(slots.claim(6, have: 0, urgent: false).isEmpty, "it does not demand")
    #expect(slots.claim(6, have: 0, urgent: true) == [.revoke(0), .grant(6)], "what it last said that it has counts")
  }

  @Test("whose lease is taken back gets what it may have asked for, and no more")
  func grace() {
    var slots = full()
    _ = slots.claim(5, have: 0, urgent: true)
    for _ in 0..<UploadSlots.grace {
      #expect(slots.mayAsk(3))
      slots.serves(3, have: 103, bytes: 1)
    }
    #expect(!slots.mayAsk(3))
    _ = slots.claim(6, have: 0, urgent: true)
    #expect(slots.mayAsk(2))
    _ = slots.end(2)
    #expect(!slots.mayAsk(2), "an end is an end")
  }

  private func node(_ seed: UInt8) -> NodeID? { NodeID([UInt8](repeating: seed, count: NodeID.byteCount)) }

  @Test("a peer has one lease, however many it claims and however urgently")
  func oneForEach() {
    var slots = UploadSlots()
    // One of its claims comes on another connection.
    let greedy: [LeaseClaim] = (0..<4).map {
      LeaseClaim(peer: node(1), connection: $0 / 3, number: UInt32($0))
    }
    #expect(slots.claim(greedy[0], have: 90, urgent: false) == [.grant(greedy[0])])
    #expect(slots.claim(greedy[1], have: 0, urgent: true).isEmpty)
    #expect(slots.measure().isEmpty)
    let modest = LeaseClaim(peer: node(2), connection: 9)
    #expect(slots.claim(modest, have: 50, urgent: false) == [.grant(modest)])
    #expect(slots.end(greedy[0]) == [.grant(greedy[1])], "its next claim takes the place of the one before")
  }

  @Test("peers on slow links leave room for others")
  func measuring() {
    var slots = full()
    #expect(slots.claim(5, have: 0, urgent: false).isEmpty)
    for _ in 0..<3 {
      for claim in four { slots.serves(claim, have: 100, bytes: 100_000) }
      #expect(slots.measure().isEmpty)
    }
    var granted: [UploadSlots.Directive] = []
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
    for _ in 0..<2 * UploadSlots.idleMeasures { #expect(slots.measure().isEmpty) }
    #expect(slots.claim(7, have: 500, urgent: false).isEmpty)
    #expect(slots.measure() == [.revoke(0), .grant(7)])
    #expect(slots.mayAsk(0), "it gets what it asked for before it heard of that")
    for claim in four.dropFirst() { slots.serves(claim, have: 100, bytes: 0) }
    #expect(slots.claim(8, have: 500, urgent: false).isEmpty)
    for _ in 1..<UploadSlots.idleMeasures { #expect(slots.measure().isEmpty) }
    #expect(slots.claim(9, have: 500, urgent: false).isEmpty)
    slots.serves(1, have: 100, bytes: 0)
    #expect(slots.measure() == [.revoke(2), .grant(8), .revoke(3), .grant(9)])
    #expect(slots.measure().isEmpty)
  }
}
