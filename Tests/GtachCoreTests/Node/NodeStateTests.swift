import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@Suite("What a node decides")
struct NodeStateTests {
  let lan = VirtualLAN()

  @Test func aReleaseReachesEveryNodeAndNoByteComesTwice() throws {
    var fleet = try VirtualFleet()
    let (publisher, nodes) = try lan.room(fleet, nodes: 3)
    lan.run(milliseconds: 1_000)
    let release = try fleet.publish("app", "1.0.0", objects: 10)
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 1_000)
    for node in nodes { #expect(node.held == [release.variant]) }
    for number in 0..<10 { #expect(publisher.served[number] == 3) }
  }

  @Test func aSecondReleaseFollowsByItself() throws {
    var fleet = try VirtualFleet()
    let (publisher, nodes) = try lan.room(fleet, nodes: 2)
    let first = try fleet.publish("app", "1.0.0")
    try publisher.publish(first, of: fleet)
    lan.run(milliseconds: 1_000)
    let second = try fleet.publish("app", "1.1.0")
    try publisher.publish(second, of: fleet)
    lan.run(milliseconds: 1_000)
    for node in nodes { #expect(node.held == [first.variant, second.variant]) }
  }

  @Test func severalHoldersAreAsked() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0", objects: 40)
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 1_000)
    var configuration = NodeConfiguration()
    configuration.peers = [publisher.endpoint, nodes[0].endpoint]
    let late = try VirtualNode(
      number: 9, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    let before = publisher.served.values.reduce(0, +)
    lan.add(late)
    lan.run(milliseconds: 1_000)
    #expect(late.held == [release.variant])
    #expect(nodes[0].served.count > 5)
    #expect(publisher.served.values.reduce(0, +) - before > 5)
    #expect(publisher.served.values.reduce(0, +) - before + nodes[0].served.count == 40)
  }

  @Test func aHolderThatDiesInTheMiddleHoldsNobodyUp() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0", objects: 40)
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 1_000)
    var configuration = NodeConfiguration()
    configuration.peers = [publisher.endpoint, nodes[0].endpoint]
    let late = try VirtualNode(
      number: 9, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    lan.add(late)
    lan.run(milliseconds: 20)
    #expect(late.held.isEmpty)
    lan.crash(publisher)
    lan.run(milliseconds: 2_000)
    #expect(late.held == [release.variant])
  }

  @Test func metadataThatIsNotSignedIsRefusedAndTheNodeLivesOn() throws {
    var fleet = try VirtualFleet()
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    lan.run(milliseconds: 100)
    let release = try fleet.publish("app", "1.0.0")
    publisher.lies = { request in
      guard case .metadata("timestamp.json", _) = request else { return nil }
      return .metadata(name: "timestamp.json", Array("{\"signed\":{},\"signatures\":[]}".utf8))
    }
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 5_000)
    #expect(nodes[0].held.isEmpty)
    #expect(nodes[0].closed.contains { $0.code == .metadataMalformed || $0.code == .metadataUnsigned })
    publisher.lies = { _ in nil }
    let next = try fleet.publish("app", "1.0.1")
    try publisher.publish(next, of: fleet)
    lan.run(milliseconds: 120_000)
    #expect(nodes[0].held == [release.variant, next.variant])
  }

  @Test func aManifestThatIsNotListedIsRefused() throws {
    var fleet = try VirtualFleet()
    let other = try fleet.publish("other", "1.0.0")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    let release = try fleet.publish("app", "1.0.0")
    publisher.lies = { request in
      guard case .manifest(release.variant, _) = request else { return nil }
      return .manifest(release.variant, other.manifest)
    }
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 3_000)
    #expect(nodes[0].held.isEmpty)
    #expect(nodes[0].closed.contains { $0.code == .manifestUnlisted })
  }

  @Test func anIndexThatIsNotTheManifestsIsRefused() throws {
    var fleet = try VirtualFleet()
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    let release = try fleet.publish("app", "1.0.0")
    publisher.lies = { request in
      guard case .index(let variant, _) = request else { return nil }
      return .index(variant, release.index + [0])
    }
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 3_000)
    #expect(nodes[0].held.isEmpty)
    #expect(nodes[0].closed.contains { $0.code == .indexCorrupt })
  }

  @Test func aNodeNeverTalksToItself() throws {
    let fleet = try VirtualFleet()
    var configuration = NodeConfiguration()
    configuration.peers = [Endpoint(host: "10.0.0.2", port: 7420)]
    let node = try VirtualNode(number: 2, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    lan.add(node)
    lan.run(milliseconds: 600_000)
    #expect(node.closed.count == 1)
    #expect(node.state.table.peers.isEmpty)
  }

  @Test func twoAddressesOfOneNodeAreOnePeer() throws {
    let fleet = try VirtualFleet()
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    lan.run(milliseconds: 100)
    nodes[0].take(
      .discovery(
        .found(
          Service(
            name: "dev", endpoints: [publisher.endpoint, Endpoint(host: "fe80::1%eth0", port: 7420)],
            text: TextRecord(
              node: publisher.id, fleet: fleet.id, indexRoot: publisher.state.advertisement.indexRoot,
              metadataVersion: publisher.state.advertisement.metadataVersion
            ).pairs))))
    lan.run(milliseconds: 100)
    #expect(nodes[0].state.table.peers.count == 1)
    #expect(nodes[0].state.table.peers.values.first?.sources == [.mdns, .manual, .remembered, .called])
  }

  @Test func anotherFleetIsNobody() throws {
    let fleet = try VirtualFleet()
    let (_, nodes) = try lan.room(fleet, nodes: 1, peers: [])
    let stranger = try VirtualFleet()
    nodes[0].take(
      .discovery(
        .found(
          Service(
            name: "stranger", endpoints: [Endpoint(host: "10.0.0.1", port: 7420)],
            text: TextRecord(
              node: stranger.id, fleet: stranger.id, indexRoot: .zero, metadataVersion: 9
            ).pairs))))
    #expect(nodes[0].state.table.peers.isEmpty)
  }

  @Test func aPeerThatComesBackIsFoundAgain() throws {
    var fleet = try VirtualFleet()
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    lan.run(milliseconds: 100)
    lan.crash(publisher)
    lan.run(milliseconds: 300_000)
    let failures = nodes[0].state.table.peers.values.first?.backoff.failures ?? 0
    #expect(failures > 5)
    #expect(failures < 20)
    let release = try fleet.publish("app", "1.0.0")
    let again = try VirtualNode(number: 1, fleet: fleet.id, trusted: try fleet.pinned(), isPublisher: true)
    lan.add(again)
    try again.publish(release, of: fleet)
    lan.run(milliseconds: 120_000)
    #expect(nodes[0].held == [release.variant])
  }

  @Test func withoutMulticastAPeerThatWasFoundByItStillTellsItsNews() throws {
    var fleet = try VirtualFleet()
    let (publisher, nodes) = try lan.room(fleet, nodes: 1, peers: [])
    nodes[0].take(
      .discovery(
        .found(
          Service(
            name: "dev", endpoints: [publisher.endpoint],
            text: TextRecord(
              node: publisher.id, fleet: fleet.id, indexRoot: publisher.state.advertisement.indexRoot,
              metadataVersion: publisher.state.advertisement.metadataVersion
            ).pairs))))
    lan.run(milliseconds: 20_000)
    #expect(nodes[0].state.table.peers.values.first?.link == Peer.Link.none)
    nodes[0].take(.discovery(.unavailable(GtachError(.discoveryUnavailable, "no avahi-daemon"))))
    let release = try fleet.publish("app", "1.0.0")
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 1_000)
    #expect(nodes[0].held == [release.variant])
  }

  @Test func metadataThatCannotBeSavedIsAskedForAgain() throws {
    var fleet = try VirtualFleet()
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    lan.run(milliseconds: 100)
    nodes[0].savesFail = true
    let release = try fleet.publish("app", "1.0.0")
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 5_000)
    #expect(nodes[0].state.advertisement.metadataVersion < publisher.state.advertisement.metadataVersion)
    nodes[0].savesFail = false
    lan.run(milliseconds: 120_000)
    #expect(nodes[0].state.advertisement == publisher.state.advertisement)
    #expect(nodes[0].held == [release.variant])
  }

  @Test func aFullDiskStopsTheFetchAndNothingElse() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0")
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    var isFull = true
    publisher.lies = { request in
      guard isFull, case .fetch(let variant, .unit) = request else { return nil }
      return .fetch(variant, .refused(GtachError(.diskFull, "no space left")))
    }
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 3_000)
    #expect(nodes[0].held.isEmpty)
    isFull = false
    lan.run(milliseconds: 120_000)
    #expect(nodes[0].held == [release.variant])
  }
}
