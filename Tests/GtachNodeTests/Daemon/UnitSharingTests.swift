import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@testable import GtachNode

/// What daemons tell of units, to whom they give them, and what they bear of those who ask.
@Suite("Sharing units", .serialized)
struct UnitSharingTests {
  let directory: TestDirectory
  let node: TestNode
  /// The SHA-256 of the index of a release that the node has, and what its numbers mean.
  let index: Digest
  let map: UnitMap

  init() throws {
    directory = try TestDirectory()
    node = try TestNode.founder(directory)
    try node.publish("app", "1.0.0", bytes: 600_000)
    let repository = try PackageRepository(home: node.home.path)
    let variant = try #require(try node.held().first)
    index = try repository.entry(of: variant).index.digest
    map = UnitMap(try repository.index(of: variant))
    try #require(map.firstBareChunk > LyingPeer.unitsBeforeSilence + 2)
  }

  private func follow(_ id: UInt32, _ index: Digest? = nil) -> Message {
    .follow(Follow(id: id, index: index ?? self.index))
  }

  private func claim(_ id: UInt32, follow: UInt32 = 1, have: Int = 0, urgent: Bool = false) -> Message {
    .claim(Claim(id: id, follow: follow, have: have, urgent: urgent))
  }

  private func getUnit(_ id: UInt32, claim: UInt32 = 2, _ units: [Int]) -> Message {
    .getUnit(GetUnit(id: id, claim: claim, have: 0, units: units))
  }

  /// The bytes of a unit as the publisher has it.
  private func truth(_ number: Int) throws -> [UInt8] {
    guard case .unit(let unit, let object) = map.part(number) else { return [] }
    return try PackageRepository(home: node.home.path).unit(object: map.index.objects[object].id, number: unit)
  }

  /// A peer that behaves gets a unit.
  private func isAlive() throws -> Bool {
    let good = try TestPeer("good", to: node)
    try good.send(follow(1), claim(2))
    guard try good.have(1) == [0..<map.count], try good.lease(2) else { return false }
    try good.send(getUnit(3, [1]))
    return try good.unit(3).bytes == truth(1)
  }

  @Test func unitsAreGivenUnderALeaseOnlyAndAnEndIsAnEnd() throws {
    defer { node.stop() }
    let peer = try TestPeer("peer", to: node)
    try peer.send(getUnit(10, [0]), follow(1))
    #expect(try peer.failure(10) == "no-lease")
    #expect(try peer.have(1) == [0..<map.count])
    try peer.send(getUnit(11, [0]), claim(2))
    #expect(try peer.failure(11) == "no-lease")
    #expect(try peer.lease(2))
    // The one that was sent least, and of these the first.
    var sent: [Int] = []
    for id in UInt32(20)..<23 {
      try peer.send(getUnit(id, [2, 0]))
      let unit = try peer.unit(id)
      sent.append(unit.unit)
      #expect(try unit.bytes == truth(unit.unit))
    }
    #expect(sent == [2, 0, 2])
    try peer.send(.end(End(id: 2)), .end(End(id: 77)), getUnit(30, [0]))
    #expect(try peer.failure(30) == "no-lease")
    try peer.send(claim(3), getUnit(31, claim: 3, [0]))
    #expect(try peer.lease(3))
    #expect(try peer.unit(31).unit == 0)
    // The end of what is followed ends its claims.
    try peer.send(.end(End(id: 1)), getUnit(32, claim: 3, [0]))
    #expect(try peer.failure(32) == "no-lease")
  }

  @Test func whatNobodyKnowsIsFollowedWithoutNews() throws {
    defer { node.stop() }
    let peer = try TestPeer("peer", to: node)
    try peer.send(follow(1, SHA256().digest(of: [1, 2, 3])), claim(2))
    #expect(try peer.have(1).isEmpty)
    #expect(try peer.lease(2))
    try peer.send(.getUnitLists(GetUnitLists(id: 3, follow: 1, objects: [0])), getUnit(4, [0]))
    #expect(try peer.failure(3) == "chunk-missing")
    #expect(try peer.failure(4) == "chunk-missing")
    #expect(try isAlive())
  }

  @Test func aLeaseThatIsGivenBackGoesToOneWhoWaitsAndOneWhoDemandsTakesThatOfTheRichest() throws {
    defer { node.stop() }
    let peers = try (0..<6).map { try TestPeer("peer-\($0)", to: node) }
    for (have, peer) in peers[..<4].enumerated() {
      try peer.send(follow(1), claim(2, have: 100 + have))
      #expect(try peer.lease(2))
    }
    try peers[4].send(follow(1), claim(2, have: 50))
    #expect(try peers[4].have(1) == [0..<map.count])
    try peers[0].send(.end(End(id: 2)))
    #expect(try peers[4].lease(2))
    try peers[5].send(follow(1), claim(2, have: 0, urgent: true))
    #expect(try peers[5].lease(2))
    #expect(try !peers[3].lease(2))
    // What it had asked before it heard of that it gets.
    try peers[3].send(getUnit(3, [0]))
    #expect(try peers[3].unit(3).unit == 0)
  }

  @Test func nobodyFollowsOrClaimsWithoutEnd() throws {
    defer { node.stop() }
    let follower = try TestPeer("follower", to: node)
    for id in 1...UInt32(Limits.follows) { try follower.send(follow(id)) }
    // One that has ended leaves room.
    try follower.send(.end(End(id: 3)), follow(50))
    #expect(try follower.have(50) == [0..<map.count])
    try follower.send(follow(51))
    #expect(try follower.goodbye() == "protocol-violation")

    let claimant = try TestPeer("claimant", to: node)
    try claimant.send(follow(1))
    for id in 0..<UInt32(Limits.claims) { try claimant.send(claim(10 + id)) }
    // The same ones again are no new ones.
    for id in 0..<UInt32(Limits.claims) { try claimant.send(claim(10 + id, urgent: true)) }
    try claimant.send(getUnit(5, claim: 10, [0]))
    #expect(try claimant.unit(5).unit == 0)
    try claimant.send(claim(60))
    #expect(try claimant.goodbye() == "protocol-violation")
    // What went with its connection is free again.
    #expect(try isAlive())
  }

  @Test func numbersThatAreTakenOrMeanNothingEndTheConnection() throws {
    defer { node.stop() }
    let cases: [[Message]] = [
      [follow(1), follow(1)], [claim(2)], [follow(1), claim(1)], [follow(1), claim(2), follow(2)],
      [follow(1), follow(2), claim(3), claim(3, follow: 2)],
      [.getUnitLists(GetUnitLists(id: 3, follow: 1, objects: [0]))],
    ]
    for messages in cases {
      let peer = try TestPeer("bad", to: node)
      for message in messages { try peer.send(message) }
      #expect(try peer.goodbye() == "protocol-violation", "\(messages)")
    }
    #expect(try isAlive())
  }

  @Test func unitsAndObjectsBeyondTheEndAreNotFound() throws {
    defer { node.stop() }
    let peer = try TestPeer("peer", to: node)
    try peer.send(follow(1), claim(2))
    #expect(try peer.lease(2))
    let beyond: [[Int]] = [[map.firstBareChunk], [map.count], [0, map.count], [Limits.unitsPerVariant - 1]]
    for (number, units) in beyond.enumerated() {
      try peer.send(getUnit(10 + UInt32(number), units))
      #expect(try peer.failure(10 + UInt32(number)) == "not-found")
    }
    for (number, object) in [map.index.objects.count, Limits.unitsPerVariant - 1].enumerated() {
      let id = 20 + UInt32(number)
      try peer.send(.getUnitLists(GetUnitLists(id: id, follow: 1, objects: [object])))
      #expect(try peer.failure(id) == "not-found")
    }
    try peer.send(getUnit(30, [0]))
    #expect(try peer.unit(30).unit == 0)
  }

  @Test func whoeverFetchesGivesOutWhatItHasAlthoughTheSourceHasStoppedInTheMiddle() throws {
    let source = try LyingPeer(identity: node.identity("source"), truth: node, lie: .silence)
    let second = try node.member("second", in: directory, peers: [source.endpoint])
    defer {
      second.stop()
      source.stop()
      node.stop()
    }
    let third = try TestPeer("third", to: second, of: node)
    try third.send(follow(1), claim(2))
    #expect(try third.lease(2))
    var has: [Int] = []
    while has.count < LyingPeer.unitsBeforeSilence { has += try third.have(1).joined() }
    #expect(has.count == LyingPeer.unitsBeforeSilence && has.allSatisfy { $0 < map.firstBareChunk })
    #expect(try second.held().isEmpty)
    for (place, number) in has.enumerated() {
      try third.send(getUnit(10 + UInt32(place), [number]))
      #expect(try third.unit(10 + UInt32(place)).bytes == truth(number))
    }
    guard case .unit(_, let object) = map.part(has[0]) else { return }
    try third.send(.getUnitLists(GetUnitLists(id: 20, follow: 1, objects: [object])))
    let list = try third.next("list") { if case .unitList(let list) = $0 { list } else { nil } }
    let truth = try PackageRepository(home: node.home.path).unitList(object: map.index.objects[object].id)
    #expect(list.object == object && list.digests == truth.digests)
    let lacking = try #require((0..<map.firstBareChunk).first { !has.contains($0) })
    try third.send(getUnit(21, [lacking]))
    #expect(try third.failure(21) == "chunk-missing")

    // Another source comes: the third is told of all that it brings, once.
    source.leave()
    let honest: ControlRequest = .sync(requirements: [], peers: [node.endpoint], dryRun: false, install: false)
    guard case .sync? = second.ask(honest) else {
      Issue.record("no answer to sync")
      return
    }
    while has.count < map.count { has += try third.have(1).joined() }
    #expect(has.sorted() == Array(0..<map.count))
  }
}
