import GtachModel
import GtachWire
import Testing

@testable import GtachCore

@Suite("Peers that move, and machines that sleep")
struct MovingTests {
  let lan = VirtualLAN()

  /// A publisher and a node that are connected, of which the node is told of the publisher.
  private func pair() throws -> (fleet: VirtualFleet, publisher: VirtualNode, node: VirtualNode) {
    let fleet = try VirtualFleet()
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    lan.run(milliseconds: 5_000)
    return (fleet, publisher, nodes[0])
  }

  @Test func aNodeThatMovedIsFoundWhereItCallsFrom() throws {
    var (fleet, publisher, node) = try pair()
    let place = Endpoint(host: "10.0.7.7", port: 7420)
    lan.move(publisher, to: place)
    // It has noticed that its own address is another one; nobody has noticed that connections to the old one are dead.
    publisher.take(.networkChanged)
    lan.run(milliseconds: 15_000)
    let release = try fleet.publish("app", "1.0.0")
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 15_000)
    #expect(node.held == [release.variant])
    let seen = node.state.table.peers.values.filter { $0.id == publisher.id }
    #expect(seen.map(\.remembered) == [place])
  }

  @Test func aNodeThatMulticastShowsElsewhereIsLookedForThere() throws {
    var (fleet, publisher, node) = try pair()
    func advertise() {
      let told = publisher.state.advertisement
      let record = TextRecord(
        node: publisher.id, fleet: fleet.id, indexRoot: told.indexRoot, metadataVersion: told.metadataVersion)
      node.take(.discovery(.found(Service(name: "dev", endpoints: [publisher.endpoint], text: record.pairs))))
    }
    advertise()
    lan.run(milliseconds: 1_000)
    lan.move(publisher, to: Endpoint(host: "10.0.7.7", port: 7420))
    advertise()
    let release = try fleet.publish("app", "1.0.0")
    try publisher.publish(release, of: fleet)
    advertise()
    lan.run(milliseconds: 15_000)
    #expect(node.held == [release.variant])
  }

  @Test(arguments: [true, false]) func aMachineThatSleptAsksWhoIsStillThere(clockStoodStill: Bool) throws {
    var (fleet, publisher, node) = try pair()
    let session = try #require(node.state.table.peers.values.first?.link.session)
    // Its connections are of another time, and nobody tells.
    lan.sever(node)
    lan.sleep(milliseconds: 3_600_000, clockStandsStill: clockStoodStill)
    let release = try fleet.publish("app", "1.0.0")
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 60_000)
    #expect(node.held == [release.variant])
    #expect(node.state.table.peers.values.first?.link.session != session)
  }

  @Test func whoIsStillThereIsNotLeft() throws {
    let (_, publisher, node) = try pair()
    let session = try #require(node.state.table.peers.values.first?.link.session)
    node.take(.networkChanged)
    node.take(.called(publisher.id, name: "dev", endpoint: Endpoint(host: "fe80::7%eth0", port: 7420)))
    lan.run(milliseconds: 60_000)
    #expect(node.state.table.peers.values.map(\.link) == [.up(session)])
    #expect(node.closed.isEmpty)
  }

  @Test func twoAddressesOfOneNodeAreDialledAndCountedOnce() throws {
    let fleet = try VirtualFleet()
    let publisher = try VirtualNode(number: 1, fleet: fleet.id, trusted: try fleet.trusted(), isPublisher: true)
    lan.add(publisher)
    let ipv6 = Endpoint(host: "fe80::1%wlan0", port: 7420)
    lan.alias(publisher, at: ipv6)
    var configuration = NodeConfiguration()
    configuration.peers = [publisher.endpoint, ipv6]
    let node = try VirtualNode(number: 2, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    lan.add(node)
    lan.run(milliseconds: 60_000)
    #expect(node.state.table.peers.count == 1)
    #expect(publisher.diallers.count == 1)
    #expect(node.state.table.peers.values.first?.backoff.failures == 0)
  }
}
