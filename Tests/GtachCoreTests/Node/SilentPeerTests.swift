import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@Suite("Fetching from peers that fall silent, and from too many at once")
struct SilentPeerTests {
  let lan = VirtualLAN()

  private enum Owed: CaseIterable {
    case manifest, index, units
  }

  @Test(arguments: Owed.allCases)
  private func whatASilentPeerOwesComesFromAnother(owed: Owed) throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0", objects: 100)
    let sources = [try lan.node(1, fleet, peers: []), try lan.node(2, fleet, peers: [])]
    for source in sources { try source.publish(release, of: fleet) }
    // Whoever of the two is asked first answers nothing of it, ever.
    var silent: VirtualNode?
    for source in sources {
      source.isSilent = { [unowned source] request in
        switch (request, owed) {
        case (.manifest, .manifest), (.index, .index), (.fetch(_, .unit), .units):
          silent = silent ?? source
          return silent === source
        default: return false
        }
      }
    }
    let receiver = try lan.node(3, fleet, peers: sources)
    lan.run(milliseconds: 5_000)
    #expect(receiver.held == [release.variant])
    #expect(silent != nil && receiver.closed.isEmpty)
  }

  @Test func aSlowPeerIsWaitedFor() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0", objects: 100)
    let sources = [try lan.node(1, fleet, peers: []), try lan.node(2, fleet, peers: [])]
    for source in sources { try source.publish(release, of: fleet) }
    var held: [(request: SessionRequest, source: VirtualNode)] = []
    for source in sources {
      source.isSilent = { [unowned source] request in
        guard case .index = request, held.isEmpty else { return false }
        held.append((request, source))
        return true
      }
    }
    let receiver = try lan.node(3, fleet, peers: sources)
    lan.run(milliseconds: 500)
    let slow = try #require(held.first?.source)
    let session = try #require(slow.diallers.first { $0.0 === receiver }?.1)
    // Parts of the index come for long, and then all of it.
    for _ in 0..<10 {
      lan.run(milliseconds: 1_000)
      receiver.take(.heard(session))
      #expect(held.count == 1 && receiver.held.isEmpty)
    }
    receiver.take(.reply(session, .index(release.variant, release.index)))
    lan.run(milliseconds: 1_000)
    #expect(receiver.held == [release.variant])
  }

  @Test func noPeerIsAskedToTellOfMoreThanItMustAndEverythingHasItsTurn() throws {
    var fleet = try VirtualFleet()
    let neighbour = try lan.node(2, fleet, peers: [])
    neighbour.isPassive = true
    var releases: [VirtualRelease] = []
    for number in 0..<10 { releases.append(try fleet.publish("app-\(number)", "1.0.0", objects: 64)) }
    func holder(_ number: Int) throws -> VirtualNode {
      let holder = try lan.node(UInt8(10 + number), fleet, peers: [])
      try holder.publish(releases[number], of: fleet)
      holder.isPassive = true
      return holder
    }
    var holders: [VirtualNode] = []
    for number in 0..<10 { holders.append(try holder(number)) }
    for holder in holders { holder.isSilent = { if case .fetch = $0 { true } else { false } } }
    let receiver = try lan.node(3, fleet, peers: holders + [neighbour])
    func started() -> Set<String> {
      Set(receiver.events.compactMap { if case .fetchStarted(let release, _, _) = $0 { release } else { nil } })
    }
    // Whoever has something that was begun with is away: so much else is begun with, and followed with the neighbour.
    for _ in 0..<100 where started().count < 10 {
      lan.run(milliseconds: 500)
      for number in 0..<10 where started().contains("app-\(number)@1.0.0") && holders[number].isAlive {
        lan.crash(holders[number])
      }
    }
    #expect(started().count == 10 && receiver.held.isEmpty)
    for number in 0..<10 { holders[number] = try holder(number) }
    for _ in 0..<120 where receiver.held.count < 10 { lan.run(milliseconds: 10_000) }
    #expect(receiver.held == Set(releases.map(\.variant)))
  }

  @Test func whatArrivedIsForgottenWithTheDownload() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0", objects: 10)
    let source = try lan.node(1, fleet, peers: [])
    try source.publish(release, of: fleet)
    var failures = 0
    source.lies = { request in
      guard case .fetch(let variant, .unit) = request, failures == 0 else { return nil }
      failures += 1
      return .fetch(variant, .refused(GtachError(.diskFull, "no space left")))
    }
    let receiver = try lan.node(2, fleet, peers: [source])
    lan.run(milliseconds: 500)
    #expect(failures == 1 && receiver.held.isEmpty)
    #expect(receiver.left.map(ChunkIndexCodec.encode) == [release.index])
    lan.run(milliseconds: 120_000)
    #expect(receiver.held == [release.variant] && receiver.left.count == 1)
  }
}
