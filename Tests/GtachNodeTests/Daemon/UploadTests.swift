import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@testable import GtachNode

/// What a daemon gives out whose owner limits it.
@Suite("Limits of what is given out", .serialized)
struct UploadTests {
  let directory: TestDirectory

  init() throws { directory = try TestDirectory() }

  @Test func whoGivesOutNothingListsNothingAndStillTellsOfReleases() throws {
    let node = try TestNode.founder(directory, upload: UploadLimits(isOn: false))
    defer { node.stop() }
    try node.publish("app", "1.0.0", bytes: 300_000)
    let repository = try PackageRepository(home: node.home.path)
    let variant = try #require(try node.held().first)
    let entry = try repository.entry(of: variant)
    let chunk = try #require(repository.index(of: variant).chunks.first).digest
    let peer = try TestPeer("peer", to: node)
    try peer.send(
      .getBuckets(GetBuckets(id: 1)), .follow(Follow(id: 2, index: entry.index.digest)),
      .claim(Claim(id: 3, follow: 2, have: 0, urgent: true)),
      .getUnitLists(GetUnitLists(id: 4, follow: 2, objects: [0])),
      .getUnit(GetUnit(id: 5, claim: 3, have: 0, units: [0])), .getChunk(GetChunk(id: 6, digest: chunk)),
      .getFile(GetFile(id: 7, file: .index(entry.index.digest), bases: [])),
      .getFile(GetFile(id: 8, file: .metadata("2.snapshot.json"), bases: [])))
    let buckets = try peer.next("buckets") { if case .buckets(let buckets) = $0 { buckets } else { nil } }
    #expect(buckets.digests.allSatisfy { $0 == .zero })
    #expect(try peer.have(2).isEmpty)
    for id in UInt32(4)...6 { #expect(try peer.failure(id) == "upload-off") }
    for id in UInt32(7)...8 {
      _ = try peer.next("file \(id)") { if case .filePart(let part) = $0, part.id == id { part } else { nil } }
    }
    // Nobody is told that something of it is damaged.
    #expect(node.log.all.allSatisfy { if case .peerFailed = $0 { false } else { true } })
  }

  @Test func noMorePeersHoldLeasesThanTheOwnerAllows() throws {
    let node = try TestNode.founder(directory, upload: UploadLimits(peers: 2))
    defer { node.stop() }
    try node.publish("app", "1.0.0", bytes: 300_000)
    let variant = try #require(try node.held().first)
    let index = try PackageRepository(home: node.home.path).entry(of: variant).index.digest
    let peers = try (0..<3).map { try TestPeer("peer-\($0)", to: node) }
    for peer in peers[..<2] {
      try peer.send(.follow(Follow(id: 1, index: index)), .claim(Claim(id: 2, follow: 1, have: 0, urgent: false)))
      #expect(try peer.lease(2))
    }
    try peers[2].send(
      .follow(Follow(id: 1, index: index)), .claim(Claim(id: 2, follow: 1, have: 0, urgent: true)),
      .getUnit(GetUnit(id: 3, claim: 2, have: 0, units: [0])))
    #expect(try peers[2].failure(3) == "no-lease")
    try peers[0].send(.end(End(id: 2)))
    #expect(try peers[2].lease(2))
  }

  @Test func aReleaseTakesAsLongAsTheLimitSays() throws {
    let limits = UploadLimits(bytesPerSecond: UploadLimits.leastBytesPerSecond)
    let node = try TestNode.founder(directory, upload: limits)
    let bytes = 400_000
    try node.publish("app", "1.0.0", bytes: bytes)
    let began = MonotonicClock.now()
    let second = try node.member("second", in: directory, peers: [node.endpoint])
    defer {
      second.stop()
      node.stop()
    }
    #expect(second.log.waits { if case .fetchFinished = $0 { true } else { false } })
    #expect(try second.held() == node.held())
    let least = (bytes - 30_000) * 1_000 / UploadLimits.leastBytesPerSecond
    #expect(MonotonicClock.now().milliseconds - began.milliseconds >= Int64(least))
  }
}
