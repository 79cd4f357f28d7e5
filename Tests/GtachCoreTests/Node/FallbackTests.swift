import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@Suite("Fetching from peers that have not got everything")
struct FallbackTests {
  let lan = VirtualLAN()

  /// The objects that a node was asked for, and the chunks.
  private func counts(_ node: VirtualNode) -> (objects: Int, bare: Int) {
    let bare = node.questions.count(where: \.isBare)
    return (node.questions.count - bare, bare)
  }

  @Test func aNeighbourThatHasChunksOnlyIsEnough() throws {
    var fleet = try VirtualFleet()
    let publisher = try lan.node(1, fleet, peers: [])
    let release = try fleet.publish("app", "1.0.0", objects: 10)
    try publisher.publish(release, of: fleet)
    let neighbour = try lan.node(2, fleet, peers: [publisher])
    lan.run(milliseconds: 1_000)
    #expect(neighbour.held == [release.variant])
    lan.crash(publisher)
    neighbour.hasOnlyChunks = true
    let late = try lan.node(3, fleet, peers: [neighbour])
    lan.run(milliseconds: 1_000)
    #expect(late.held == [release.variant])
    #expect(counts(neighbour) == (0, 10))
    #expect((0..<10).allSatisfy { neighbour.served[$0] == 1 })
    // What is said of the way is true to the end, although it costs more than it seemed to at first.
    let progress = late.events.compactMap { event -> (received: Int, total: Int)? in
      if case .fetchProgress(_, let received, let total) = event { (received, total) } else { nil }
    }
    #expect(progress.map(\.received) == (1...10).map { $0 * VirtualRelease.bareBytes })
    #expect(progress.allSatisfy { $0.received <= $0.total })
    #expect(progress.last?.total == 10 * VirtualRelease.bareBytes)
    let report = late.events.compactMap { if case .fetchFinished(let fetch) = $0 { fetch } else { nil } }.first
    #expect(report?.shares.map(\.bytes) == [10 * VirtualRelease.bareBytes] && report?.reusedBytes == 0)
  }

  @Test func whoeverHasTheObjectsIsAskedForThem() throws {
    var fleet = try VirtualFleet()
    let publisher = try lan.node(1, fleet, peers: [])
    let release = try fleet.publish("app", "1.0.0", objects: 20)
    try publisher.publish(release, of: fleet)
    let neighbour = try lan.node(2, fleet, peers: [publisher])
    lan.run(milliseconds: 1_000)
    neighbour.hasOnlyChunks = true
    let late = try lan.node(3, fleet, peers: [neighbour, publisher])
    lan.run(milliseconds: 2_000)
    #expect(late.held == [release.variant])
    #expect(counts(neighbour).bare == 0 && counts(publisher).bare == 0)
    #expect(neighbour.served.isEmpty)
    // It still counts as somebody who has the variant.
    #expect(late.state.table.peers.values.allSatisfy { $0.variants[release.variant] != nil })
  }

  @Test func aPeerThatOnlySaysThatItHasSomethingHoldsNobodyUp() throws {
    var fleet = try VirtualFleet()
    let publisher = try lan.node(1, fleet, peers: [])
    let release = try fleet.publish("app", "1.0.0", objects: 20)
    try publisher.publish(release, of: fleet)
    let boaster = try lan.node(2, fleet, peers: [publisher])
    lan.run(milliseconds: 1_000)
    boaster.lies = { request in
      switch request {
      case .fetch(let variant, .unit(let units, _)): return .fetch(variant, .unitsLacking(units))
      case .fetch(let variant, .chunk(let position)): return .fetch(variant, .chunkLacking(position))
      default: return nil
      }
    }
    lan.crash(publisher)
    let late = try lan.node(3, fleet, peers: [boaster, publisher])
    lan.run(milliseconds: 60_000)
    #expect(late.held.isEmpty)
    // Everything once, then some chunks, and then no more.
    #expect(counts(boaster) == (20, 2))
    #expect(late.events.filter { $0 == .holderLacking(name: "node-10.0.0.2", release: "app@1.0.0") }.count == 1)
    let again = try lan.node(1, fleet, peers: [])
    try again.publish(release, of: fleet)
    lan.run(milliseconds: 120_000)
    #expect(late.held == [release.variant])
  }

  @Test func aHolderThatLackedAChunkIsAskedAgainWhenItHasNews() throws {
    var fleet = try VirtualFleet()
    let publisher = try lan.node(1, fleet, peers: [])
    let release = try fleet.publish("app", "1.0.0", objects: 4)
    try publisher.publish(release, of: fleet)
    publisher.lies = { request in
      switch request {
      case .fetch(let variant, .unit(let units, _)): return .fetch(variant, .unitsLacking(units))
      case .fetch(let variant, .chunk(let position)): return .fetch(variant, .chunkLacking(position))
      default: return nil
      }
    }
    let late = try lan.node(2, fleet, peers: [publisher])
    lan.run(milliseconds: 60_000)
    let isKnown = { late.state.table.peers.values.contains { $0.variants[release.variant] != nil } }
    #expect(late.held.isEmpty && !isKnown())
    let asked = publisher.questions.count
    publisher.lies = { _ in nil }
    lan.run(milliseconds: 600_000)
    #expect(publisher.questions.count == asked && !isKnown())
    // Its root changes, and that with a bucket of another release's.
    try publisher.publish(try fleet.publish("other", "1.0.0"), of: fleet)
    lan.run(milliseconds: 60_000)
    #expect(late.held.count == 2)
  }

  @Test func whatCouldNotBeGivenOutIsLookedAtOnceInAWhileAndNoLongerToldOfWhereItIsDamaged() throws {
    var fleet = try VirtualFleet()
    let publisher = try lan.node(1, fleet, peers: [])
    let release = try fleet.publish("app", "1.0.0", objects: 4)
    try publisher.publish(release, of: fleet)
    let neighbour = try lan.node(2, fleet, peers: [publisher])
    lan.run(milliseconds: 1_000)
    #expect(neighbour.held == [release.variant])
    let suspect = SHA256().digest(of: [1])
    // A peer may ask for what was never here.
    for byte in UInt8(0)...255 { neighbour.take(.chunkUnavailable(SHA256().digest(of: [byte]))) }
    lan.run(milliseconds: 1_000)
    #expect(neighbour.checks.map(\.count) == [1] && neighbour.held == [release.variant])
    lan.run(milliseconds: 598_000)
    #expect(neighbour.checks.count == 1)
    lan.run(milliseconds: 10_000)
    #expect(neighbour.checks.map(\.count) == [1, 64])
    lan.run(milliseconds: 700_000)
    #expect(neighbour.checks.count == 2)

    neighbour.damaged = [release.variant]
    let before = neighbour.events.count
    neighbour.take(.chunkUnavailable(suspect))
    lan.run(milliseconds: 60_000)
    let news = neighbour.events[before...]
    #expect(news.first == .releaseDamaged(release: "app@1.0.0"))
    #expect(news.contains { if case .fetchFinished = $0 { true } else { false } })
    #expect(neighbour.held == [release.variant] && neighbour.checks.count == 3)
  }

  @Test func anObjectThatItsPublisherMadeWronglyIsAskedForOnceAndNobodyIsBlamed() throws {
    var fleet = try VirtualFleet()
    let publisher = try lan.node(1, fleet, peers: [])
    let release = try fleet.publish("app", "1.0.0", objects: 8)
    let error = GtachError(.chunkCorrupt, "the object yields other bytes than those of its chunk")
    publisher.lies = { request in
      // Each object is one unit, so that their numbers are the same.
      guard case .fetch(let variant, .unit(let units, _)) = request, let number = units.first, number < 3 else {
        return nil
      }
      return .fetch(variant, .unit(number, bytes: 500 + number, .useless(error)))
    }
    try publisher.publish(release, of: fleet)
    let late = try lan.node(2, fleet, peers: [publisher])
    lan.run(milliseconds: 1_000)
    #expect(late.held == [release.variant])
    #expect(counts(publisher) == (8, 3))
    #expect(late.closed.isEmpty)
    let told = late.events.compactMap { if case .objectUseless(let release, _) = $0 { release } else { nil } }
    #expect(told == ["app@1.0.0"])
    let report = late.events.compactMap { if case .fetchFinished(let fetch) = $0 { fetch } else { nil } }.first
    let bytes = (0..<8).reduce(0) { $0 + 500 + $1 } + 3 * VirtualRelease.bareBytes
    #expect(report?.shares.map(\.bytes) == [bytes])
  }

  @Test func whatTurnsOutToBeMissingAtTheEndIsLookedForOnceMore() throws {
    var fleet = try VirtualFleet()
    let publisher = try lan.node(1, fleet, peers: [])
    let release = try fleet.publish("app", "1.0.0", objects: 4)
    try publisher.publish(release, of: fleet)
    let late = try lan.node(2, fleet, peers: [publisher])
    late.forgetsAtTheEnd = [2]
    lan.run(milliseconds: 1_000)
    #expect(late.held == [release.variant])
    #expect(counts(publisher) == (4, 1))
    let isFailed = late.events.contains { if case .fetchFailed = $0 { true } else { false } }
    #expect(!isFailed)
  }
}
