import GtachCore
import GtachModel
import GtachWire
import Testing

/// With the index of `DistributionFixture`.
@Suite("Which form of a chunk to ask for")
struct ChunkFetchTests {
  private typealias Question = ChunkFetch.Question
  private let sessions = (0..<3).map(DistributionFixture.session)

  private func fetch(_ chunks: [LackingChunk]) -> ChunkFetch { ChunkFetch(chunks, of: DistributionFixture.index) }

  /// What is asked as things stand, of whomever; so many have the variant, the first sessions.
  private func advance(_ fetch: inout ChunkFetch, holders: Int = 1, expectsMore: Bool = false) -> [Question] {
    var generator = SeededGenerator(seed: 1)
    return fetch.advance(
      holders: Array(sessions[..<holders]), expectsMore: expectsMore, using: &generator
    ).map(\.question)
  }

  /// Says what the first peer has, and takes its lease.
  private func open(_ fetch: inout ChunkFetch, has: [Range<Int>]) {
    #expect(fetch.take(.has(has), from: sessions[0]) == nil)
    _ = advance(&fetch)
    #expect(fetch.take(.lease(isGranted: true), from: sessions[0]) == nil)
  }

  /// Takes the list of an object from the first peer, and its lease.
  private func open(_ fetch: inout ChunkFetch, listed object: Int) {
    #expect(fetch.take(.listed(object: object, .arriving(units: [])), from: sessions[0]) == nil)
    #expect(advance(&fetch) == [.claim(have: 0, urgent: false)])
    _ = fetch.take(.lease(isGranted: true), from: sessions[0])
  }

  @Test("the lists of objects come first, then their units; one of a single unit needs none")
  func listsFirst() {
    var fetch = fetch([LackingChunk(chunk: 0, objects: [1, 0]), LackingChunk(chunk: 1, objects: [2])])
    #expect(fetch.lackingUnits == 3 && fetch.expectedBytes == 500 + 8192)
    #expect(advance(&fetch).isEmpty)
    _ = fetch.take(.has([0..<8]), from: sessions[0])
    #expect(Set(advance(&fetch)) == [.lists([2]), .claim(have: 0, urgent: false)])
    #expect(advance(&fetch).isEmpty, "it is asked for one lot of lists at a time")
    _ = fetch.take(.lease(isGranted: true), from: sessions[0])
    #expect(advance(&fetch) == [.unit([3], have: 0)])
    // A unit of it is here from another time.
    _ = fetch.take(.listed(object: 2, .arriving(units: [1])), from: sessions[0])
    #expect(advance(&fetch) == [.unit([4], have: 1)])
    _ = fetch.take(.unit(3, bytes: 500, .whole(isChunkHere: true)), from: sessions[0])
    _ = fetch.take(.unit(4, bytes: 4096, .whole(isChunkHere: true)), from: sessions[0])
    #expect(fetch.isEmpty && fetch.lackingUnits == 0 && fetch.expectedBytes == 0)
    #expect(advance(&fetch) == [.endClaim])
  }

  @Test("lists that one peer lacks are asked of another, those of other objects of the same one")
  func listsElsewhere() {
    var fetch = fetch([LackingChunk(chunk: 0, objects: [0]), LackingChunk(chunk: 1, objects: [2])])
    open(&fetch, has: [0..<6])
    _ = fetch.take(.listsLacking([0]), from: sessions[0])
    #expect(advance(&fetch, holders: 3).contains(.lists([2])))
    _ = fetch.take(.has([0..<1]), from: sessions[1])
    #expect(advance(&fetch, holders: 3).contains(.lists([0])))
    fetch.lost(sessions[1])
    _ = fetch.take(.has([0..<1]), from: sessions[2])
    #expect(advance(&fetch, holders: 3).contains(.lists([0])), "the one who was asked is gone")
  }

  @Test("the next form is asked for where nobody has the first, and not while somebody may come who has it")
  func nextForm() {
    var fetch = fetch([LackingChunk(chunk: 0, objects: [1, 0])])
    #expect(advance(&fetch).isEmpty, "nobody has said anything")
    _ = fetch.take(.has([0..<3, 6..<7]), from: sessions[0])
    #expect(advance(&fetch, expectsMore: true).isEmpty)
    #expect(advance(&fetch).contains(.lists([0])))
    open(&fetch, listed: 0)
    let asked = advance(&fetch)
    #expect(Set(asked) == [.unit([0], have: 0), .unit([1], have: 0), .unit([2], have: 0)])
    // Units of it are not there after all.
    for case .unit(let units, _) in asked { _ = fetch.take(.unitsLacking(units), from: sessions[0]) }
    #expect(advance(&fetch) == [.chunk(0)])
  }

  @Test("a holder that has not said yet what it has is waited for, but not for ever")
  func patience() {
    var fetch = fetch([LackingChunk(chunk: 0, objects: [0])])
    _ = fetch.take(.has([6..<7]), from: sessions[0])
    var generator = SeededGenerator(seed: 1)
    let holders = Array(sessions[..<2])
    var measures = 0
    while fetch.silent(among: holders).isEmpty, measures < 1000 {
      #expect(fetch.measure(using: &generator).isEmpty && advance(&fetch, holders: 2).isEmpty)
      #expect(!fetch.isLackedBy(holders))
      measures += 1
    }
    #expect((100..<1000).contains(measures))
    #expect(fetch.silent(among: holders) == [sessions[1]])
    // Without it the other one's word is enough.
    _ = advance(&fetch, holders: 1)
    _ = fetch.take(.lease(isGranted: true), from: sessions[0])
    #expect(advance(&fetch, holders: 1) == [.chunk(0)])
  }

  @Test("an object whose units all came and that is not whole is begun anew")
  func lostAfterwards() {
    var fetch = fetch([LackingChunk(chunk: 1, objects: [2])])
    _ = fetch.take(.has([0..<8]), from: sessions[0])
    _ = advance(&fetch)
    open(&fetch, listed: 2)
    _ = advance(&fetch)
    for unit in 4...5 { _ = fetch.take(.unit(unit, bytes: 4096, nil), from: sessions[0]) }
    #expect(!fetch.isEmpty)
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<30 { _ = fetch.measure(using: &generator) }
    #expect(advance(&fetch).contains(.lists([2])))
  }

  @Test("an object that is useless is told, and the next form comes")
  func useless() {
    var fetch = fetch([LackingChunk(chunk: 0, objects: [1, 0])])
    open(&fetch, has: [0..<8])
    #expect(advance(&fetch) == [.unit([3], have: 0)])
    let error = GtachError(.objectCorrupt, "it yields nothing")
    #expect(fetch.take(.unit(3, bytes: 500, .useless(error)), from: sessions[0]) == error)
    #expect(!fetch.isEmpty)
    #expect(advance(&fetch).contains(.lists([0])))
    #expect(fetch.take(.listed(object: 0, .useless(error)), from: sessions[0]) == error)
    _ = fetch.take(.lease(isGranted: true), from: sessions[0])
    #expect(advance(&fetch).contains(.chunk(0)))
  }

  @Test("a bare chunk comes from somebody who has it, and ends all other forms")
  func bareChunk() {
    var fetch = fetch([LackingChunk(chunk: 1, objects: [])])
    #expect(fetch.lackingUnits == 1 && fetch.expectedBytes == 9_000)
    open(&fetch, has: [7..<8])
    #expect(advance(&fetch) == [.chunk(1)])
    _ = fetch.take(.chunkLacking(1), from: sessions[0])
    #expect(!advance(&fetch).contains(.chunk(1)))
    _ = fetch.take(.has([7..<8]), from: sessions[1])
    _ = advance(&fetch)
    _ = fetch.take(.lease(isGranted: true), from: sessions[1])
    #expect(advance(&fetch) == [.chunk(1)])
    _ = fetch.take(.chunk(1, bytes: 100), from: sessions[1])
    #expect(fetch.isEmpty)
  }

  @Test("an object of which nothing is left on the disk is begun anew")
  func begunAnew() {
    var fetch = fetch([LackingChunk(chunk: 1, objects: [2])])
    _ = fetch.take(.has([0..<8]), from: sessions[0])
    #expect(advance(&fetch) == [.lists([2])])
    open(&fetch, listed: 2)
    #expect(Set(advance(&fetch)) == [.unit([4], have: 0), .unit([5], have: 0)])
    _ = fetch.take(.unit(4, bytes: 4096, .arriving(units: [])), from: sessions[0])
    #expect(fetch.lackingUnits == 2)
    #expect(advance(&fetch).contains(.lists([2])))
  }

  @Test("a question without a lease means that there is none, and another is claimed")
  func leaseOver() {
    var fetch = fetch([LackingChunk(chunk: 0, objects: [1])])
    open(&fetch, has: [0..<8])
    #expect(advance(&fetch) == [.unit([3], have: 0)])
    _ = fetch.take(.leaseOver, from: sessions[0])
    #expect(advance(&fetch) == [.claim(have: 0, urgent: false)])
  }

  @Test("numbers that the variant does not have are no matter")
  func foreignNumbers() {
    var fetch = fetch([LackingChunk(chunk: 0, objects: [0])])
    _ = fetch.take(.has([8..<1 << 20]), from: sessions[0])
    #expect(advance(&fetch).isEmpty)
    _ = fetch.take(.has([7..<1 << 20]), from: sessions[0])
    #expect(advance(&fetch).isEmpty, "it has nothing that is lacking")
  }

  @Test("lists that a silent peer owes are asked of another, and those that come late are taken")
  func silentLists() {
    var fetch = fetch([LackingChunk(chunk: 0, objects: [0]), LackingChunk(chunk: 1, objects: [2])])
    _ = fetch.take(.has([0..<8]), from: sessions[0])
    #expect(advance(&fetch) == [.lists([0, 2])])
    _ = fetch.take(.has([0..<8]), from: sessions[1])
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<UnitFetch.silentMeasures - 1 {
      _ = fetch.measure(using: &generator)
      #expect(advance(&fetch, holders: 2).isEmpty)
    }
    fetch.heard(sessions[0])
    for _ in 0..<UnitFetch.silentMeasures - 1 { _ = fetch.measure(using: &generator) }
    #expect(advance(&fetch, holders: 2).isEmpty, "a part of it came meanwhile")
    _ = fetch.measure(using: &generator)
    #expect(advance(&fetch, holders: 2) == [.lists([0, 2])])
    _ = fetch.take(.listed(object: 0, .arriving(units: [])), from: sessions[0])
    _ = fetch.take(.listed(object: 0, .arriving(units: [])), from: sessions[1])
    _ = fetch.take(.listed(object: 2, .arriving(units: [])), from: sessions[1])
    #expect(fetch.lackingUnits == 5)
    #expect(!advance(&fetch, holders: 2).contains { if case .lists = $0 { true } else { false } })
  }

  @Test("a peer has told what it has when it has told all of it")
  func splitTelling() {
    let full = Array(repeating: 6..<7, count: Have.rangesPerMessage)
    var fetch = fetch([LackingChunk(chunk: 0, objects: [0])])
    _ = fetch.take(.has(full), from: sessions[0])
    #expect(advance(&fetch).isEmpty, "the object may be in what follows")
    _ = fetch.take(.has([0..<3]), from: sessions[0])
    #expect(advance(&fetch).contains(.lists([0])))

    // Where nothing follows, it was all.
    var other = self.fetch([LackingChunk(chunk: 0, objects: [0])])
    _ = other.take(.has(full), from: sessions[0])
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<30 { _ = other.measure(using: &generator) }
    _ = advance(&other)
    _ = other.take(.lease(isGranted: true), from: sessions[0])
    #expect(advance(&other) == [.chunk(0)])
  }
}
