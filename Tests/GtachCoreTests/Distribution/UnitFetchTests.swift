import GtachCore
import GtachModel
import Testing

extension UnitFetch {
  /// A neighbour tells which units it has, each by its number.
  fileprivate mutating func has(_ session: SessionID, _ units: some Sequence<Int>) {
    has(session, units.map { $0..<$0 + 1 })
  }
}

@Suite("Whom to ask for which units")
struct UnitFetchTests {
  private typealias Directive = UnitFetch.Directive
  private let sessions = (0..<20).map(DistributionFixture.session)

  /// A fetch of some units, of which neighbours have what is said, those of the numbers 0 and up.
  private func fetch(_ count: Int, neighbours: [[Int]]) -> UnitFetch {
    var fetch = UnitFetch(count: count, unitSize: 65_536)
    fetch.want(0..<count)
    for (number, units) in neighbours.enumerated() { fetch.has(sessions[number], units) }
    return fetch
  }

  private func advance(_ fetch: inout UnitFetch, seed: UInt64 = 1) -> [Directive] {
    var generator = SeededGenerator(seed: seed)
    return fetch.advance(using: &generator)
  }

  private func measure(_ fetch: inout UnitFetch) -> [Directive] {
    var generator = SeededGenerator(seed: 1)
    return fetch.measure(using: &generator)
  }

  private func questions(_ directives: [Directive]) -> [[Int]] {
    directives.compactMap { if case .ask(_, let units, _) = $0 { units } else { nil } }
  }

  @Test("all who have something that is lacking are asked for a lease, once, and nobody for units before")
  func claims() {
    var fetch = fetch(4, neighbours: [[0, 1], [], [3]])
    #expect(
      advance(&fetch) == [
        .claim(sessions[0], have: 0, urgent: false), .claim(sessions[2], have: 0, urgent: false),
      ])
    #expect(advance(&fetch).isEmpty)
    fetch.has(sessions[1], [1])
    #expect(advance(&fetch) == [.claim(sessions[1], have: 0, urgent: false)])
  }

  @Test("of one who granted a lease the rarest of its units are asked for", arguments: 1...5 as ClosedRange<UInt64>)
  func rarestFirst(seed: UInt64) {
    // Of the first, 40 and 41 nobody else has, and 50 and up nobody at all.
    var fetch = fetch(600, neighbours: [Array(0..<42), Array(0..<40), Array(0..<40)])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    let asked = questions(advance(&fetch, seed: seed))
    #expect(asked.count == UnitFetch.questionsPerLease)
    #expect(Set(asked[0]) == [40, 41])
    #expect(asked[1].count == UnitFetch.unitsPerQuestion && asked[1].allSatisfy { $0 < 40 })
  }

  @Test("what is rarest changes as neighbours get, lose and leave", arguments: 1...5 as ClosedRange<UInt64>)
  func rarityChanges(seed: UInt64) {
    var fetch = fetch(600, neighbours: [Array(0..<600), Array(0..<300), Array(0..<600)])
    fetch.left(sessions[2])
    fetch.has(sessions[1], 300..<590)
    fetch.lacks(sessions[1], [7, 8])
    #expect(fetch.holderCount(of: 7) == 1 && fetch.holderCount(of: 9) == 2)
    fetch.has(sessions[1], [8, 8])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    let asked = questions(advance(&fetch, seed: seed))
    #expect(Set(asked[0]) == Set([7] + Array(590..<600)))
    #expect(asked[1].count == UnitFetch.unitsPerQuestion && Set(asked[1]).isDisjoint(with: asked[0]))
    #expect(Set(asked[1]).count == asked[1].count)
  }

  @Test("no unit is asked for twice while a question for it is open, and it is afterwards if it did not come")
  func nothingTwice() {
    var fetch = fetch(8, neighbours: [Array(0..<8), Array(0..<8), Array(0..<8)])
    _ = advance(&fetch)
    for session in sessions[..<3] { fetch.lease(session, isGranted: true) }
    let first = advance(&fetch)
    let asked = questions(first).flatMap { $0 }
    #expect(asked.count == Set(asked).count && asked.count == 6)
    #expect(advance(&fetch).isEmpty)
    guard case .ask(let session, let units, _) = first[0] else {
      Issue.record("no question")
      return
    }
    #expect(fetch.answered(session, with: nil) == false)
    let again = questions(advance(&fetch)).flatMap { $0 }
    #expect(again.count == 1)
    #expect(Set(asked).subtracting(units).isDisjoint(with: again))
  }

  @Test("one of the units of a question comes, the others are free again, and what has come is not asked for again")
  func answers() {
    var fetch = fetch(64, neighbours: [Array(0..<64), []])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    let asked = questions(advance(&fetch))
    #expect(asked.map(\.count) == [4, 3])
    #expect(fetch.answered(sessions[0], with: asked[0][1], bytes: 65_536) == true)
    #expect(!fetch.isLacking(asked[0][1]) && fetch.isLacking(asked[0][0]))
    #expect(fetch.have == 1 && fetch.lackingCount == 63)
    guard case .ask(_, let next, let have)? = advance(&fetch).first else {
      Issue.record("no question")
      return
    }
    #expect(have == 1 && !next.contains(asked[0][1]) && Set(next).isDisjoint(with: asked[1]))
    #expect(fetch.answered(sessions[5], with: 7) == false, "nothing was asked of it")
    var (order, came) = ([asked[1], next], 1)
    while let units = order.first {
      order.removeFirst()
      #expect(fetch.answered(sessions[0], with: units[0]) == true)
      came += 1
      order += questions(advance(&fetch))
    }
    #expect(came == 64 && fetch.lackingCount == 0 && fetch.have == 64)
  }

  @Test("the only neighbour is asked for much at a time")
  func onlyNeighbour() {
    var fetch = fetch(640, neighbours: [Array(0..<640)])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    #expect(questions(advance(&fetch)).count == UnitFetch.openBytesOfOne / 65_536)
  }

  @Test("a lease is given back where its holder has nothing more that is lacking, and another is claimed")
  func leasesGivenBack() {
    var fetch = fetch(10, neighbours: [[0], [1]])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    #expect(advance(&fetch) == [.ask(sessions[0], [0], have: 0)])
    fetch.answered(sessions[0], with: 0, bytes: 1)
    #expect(advance(&fetch) == [.end(sessions[0])])
    fetch.has(sessions[0], [5])
    #expect(advance(&fetch) == [.claim(sessions[0], have: 1, urgent: false)])
  }

  @Test("claims that wait are given up when everything has come")
  func claimsGivenUp() {
    var fetch = fetch(1, neighbours: [[0], [0]])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    _ = advance(&fetch)
    fetch.answered(sessions[0], with: 0, bytes: 1)
    #expect(Set(advance(&fetch)) == [.end(sessions[0]), .end(sessions[1])])
  }

  @Test("a lease too many is declined")
  func declined() {
    let all = Array(0..<100)
    var fetch = fetch(100, neighbours: [all, all, all, all, all, all])
    _ = advance(&fetch)
    for session in sessions[..<5] { fetch.lease(session, isGranted: true) }
    let directives = advance(&fetch)
    #expect(directives.first == .end(sessions[4]))
    #expect(directives.count == 1 + 4 * UnitFetch.questionsPerLease)
    fetch.lease(sessions[0], isGranted: false)
    #expect(
      Set(advance(&fetch)) == [
        .claim(sessions[0], have: 0, urgent: false), .claim(sessions[4], have: 0, urgent: false),
      ])
  }

  @Test("what was asked of one whose lease is taken back still comes")
  func takenBack() {
    var fetch = fetch(2, neighbours: [[0], [1]])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: false)
    #expect(advance(&fetch).isEmpty, "nothing that it has is free")
    #expect(fetch.answered(sessions[0], with: 0, bytes: 1) == true)
  }

  @Test("who has room for a lease demands it of some, and who has none of nobody")
  func demands() {
    let all = Array(0..<100)
    var fetch = fetch(100, neighbours: [all, all, all, all, all, []])
    let demands = measure(&fetch)
    #expect(demands.count == UnitFetch.urgentClaims && Set(demands).count == demands.count)
    for demand in demands {
      guard case .claim(let session, 0, true) = demand else {
        Issue.record("\(demand)")
        continue
      }
      #expect(session != sessions[5])
    }
    for session in sessions[..<4] { fetch.lease(session, isGranted: true) }
    #expect(measure(&fetch).isEmpty)
  }

  @Test("nothing goes on where nobody has what is lacking")
  func stuck() {
    var fetch = fetch(3, neighbours: [[0, 1]])
    #expect(!fetch.isStuck)
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    _ = advance(&fetch)
    fetch.answered(sessions[0], with: 0, bytes: 1)
    fetch.lacks(sessions[0], [1])
    #expect(!fetch.isStuck, "a question is open")
    fetch.answered(sessions[0], with: nil)
    #expect(fetch.isStuck && fetch.lackingCount > 0)
    fetch.has(sessions[1], [2])
    #expect(!fetch.isStuck)
    fetch.give(up: 1..<3)
    #expect(fetch.lackingCount == 0)
  }

  @Test("what was asked of one that is gone is asked of others, and it no longer counts as a holder")
  func left() {
    var fetch = fetch(2, neighbours: [[0, 1], [0]])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    fetch.lease(sessions[1], isGranted: true)
    #expect(questions(advance(&fetch)) == [[1], [0]])
    fetch.left(sessions[0])
    fetch.left(sessions[1])
    #expect(fetch.holderCount(of: 0) == 0 && fetch.isStuck && fetch.sessions.isEmpty)
    fetch.has(sessions[2], [0, 1])
    _ = advance(&fetch)
    fetch.lease(sessions[2], isGranted: true)
    #expect(Set(questions(advance(&fetch))) == [[0], [1]])
  }

  @Test("a unit that was here and is so no longer is asked for again")
  func lost() {
    var fetch = fetch(1, neighbours: [[0]])
    #expect(fetch.came(0) == true)
    #expect(fetch.lackingCount == 0 && advance(&fetch).isEmpty)
    fetch.lost(0)
    #expect(fetch.have == 0)
    #expect(advance(&fetch) == [.claim(sessions[0], have: 0, urgent: false)])
  }

  @Test("a bare chunk is asked for alone")
  func alone() {
    var fetch = UnitFetch(count: 600, unitSize: 65_536, firstAskedAlone: 2)
    fetch.want(0..<600)
    fetch.has(sessions[0], 0..<600)
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    let asked = questions(advance(&fetch))
    #expect(!asked.isEmpty)
    #expect(asked.allSatisfy { $0.count == 1 || $0.allSatisfy { $0 < 2 } })
  }

  /// Lets time pass until whoever owes something is silent, or nearly.
  private func pass(_ fetch: inout UnitFetch, measures: Int = UnitFetch.silentMeasures) -> [Directive] {
    (0..<measures).flatMap { _ in measure(&fetch) + advance(&fetch) }
  }

  @Test("what one who is silent owes is asked of others, and its late answer is taken")
  func silence() {
    var fetch = fetch(2, neighbours: [[0, 1], [0, 1]])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    let asked = questions(advance(&fetch))
    #expect(asked.count == 2)
    #expect(questions(pass(&fetch, measures: UnitFetch.silentMeasures - 1)).isEmpty)
    fetch.lease(sessions[1], isGranted: true)
    #expect(advance(&fetch).contains(.end(sessions[1])), "nothing is left for it")
    #expect(pass(&fetch, measures: 1).contains(.claim(sessions[1], have: 0, urgent: true)))
    fetch.lease(sessions[1], isGranted: true)
    #expect(Set(questions(advance(&fetch))) == [[0], [1]])
    // Both answer, one after the other, and nobody is asked once more.
    #expect(fetch.answered(sessions[0], with: asked[0][0], bytes: 1) == true)
    #expect(questions(advance(&fetch)).isEmpty)
    #expect(fetch.answered(sessions[1], with: asked[1][0], bytes: 1) == true)
    #expect(fetch.answered(sessions[0], with: asked[1][0], bytes: 1) == false)
    #expect(questions(advance(&fetch)).isEmpty && fetch.lackingCount == 0 && fetch.have == 2)
  }

  @Test("a silent one takes no place, and is forgiven when it speaks")
  func forgiven() {
    let all = Array(0..<1000)
    var fetch = fetch(1000, neighbours: [all, all, all, all, all, all])
    _ = advance(&fetch)
    for session in sessions[..<4] { fetch.lease(session, isGranted: true) }
    let first = advance(&fetch)
    for _ in 0..<UnitFetch.silentMeasures {
      for session in sessions[1..<4] { fetch.heard(session) }
      _ = measure(&fetch)
    }
    fetch.lease(sessions[4], isGranted: true)
    let asked = advance(&fetch).filter { if case .ask(sessions[4], _, _) = $0 { true } else { false } }
    #expect(asked.count == UnitFetch.questionsPerLease, "there is room for it")
    fetch.heard(sessions[0])
    #expect(advance(&fetch).contains(.end(sessions[0])), "its place is another's now")
    // What it owes still is nobody else's business again.
    let owed = questions(first.filter { if case .ask(sessions[0], _, _) = $0 { true } else { false } })
    fetch.answered(sessions[1], with: nil)
    #expect(Set(owed.joined()).isDisjoint(with: questions(advance(&fetch)).joined()))
  }

  @Test("a slow one of whose units only parts come is asked for nothing twice")
  func slow() {
    var fetch = fetch(4, neighbours: [[0, 1, 2, 3], [0, 1, 2, 3]])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    var asked = questions(advance(&fetch))
    // A unit of 64 KiB over an eighth of 1 Mbit/s: four seconds, in which bytes come now and then.
    for round in 0..<4 {
      for part in 0..<40 {
        if part % 15 == 14 { fetch.heard(sessions[0]) }
        let directives = measure(&fetch) + advance(&fetch)
        #expect(questions(directives).isEmpty, "round \(round), part \(part)")
      }
      #expect(fetch.answered(sessions[0], with: asked[round][0], bytes: 65_536) == true)
      asked += questions(advance(&fetch))
    }
    #expect(fetch.lackingCount == 0 && asked.joined().count == 4)
  }

  @Test("one that takes its time for each unit is called silent once and no more")
  func paced() {
    var fetch = fetch(3, neighbours: [[0, 1, 2]])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    let asked = questions(advance(&fetch))
    #expect(asked.count == 3)
    let pace = UnitFetch.silentMeasures * 4 / 3
    _ = pass(&fetch, measures: pace)
    #expect(fetch.answered(sessions[0], with: asked[0][0], bytes: 65_536) == true)
    fetch.has(sessions[1], [0, 1, 2])
    #expect(advance(&fetch).isEmpty)
    for units in asked[1...] {
      #expect(pass(&fetch, measures: pace).isEmpty)
      #expect(fetch.answered(sessions[0], with: units[0], bytes: 65_536) == true)
    }
    #expect(fetch.lackingCount == 0)
  }

  @Test("what one who is silent owes is free once when it leaves")
  func leftSilent() {
    var fetch = fetch(1, neighbours: [[0], [0]])
    _ = advance(&fetch)
    fetch.lease(sessions[0], isGranted: true)
    _ = advance(&fetch)
    _ = pass(&fetch)
    fetch.lease(sessions[1], isGranted: true)
    #expect(questions(advance(&fetch)) == [[0]])
    fetch.left(sessions[0])
    fetch.has(sessions[2], [0])
    fetch.lease(sessions[2], isGranted: true)
    #expect(questions(advance(&fetch)).isEmpty)
  }
}
