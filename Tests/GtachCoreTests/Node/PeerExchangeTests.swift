@testable import GtachCore
import GtachModel
import GtachWire
import Testing

@Suite("Peers that peers tell of")
struct PeerExchangeTests {
  let lan = VirtualLAN()

  /// What multicast shows of a node.
  private func advertisement(of node: VirtualNode, _ fleet: VirtualFleet) -> NodeInput {
    let told = node.state.advertisement
    let record = TextRecord(
      node: node.id, fleet: fleet.id, indexRoot: told.indexRoot, metadataVersion: told.metadataVersion)
    return .discovery(.found(Service(name: "\(node.id)", endpoints: [node.endpoint], text: record.pairs)))
  }

  @Test func twoRoomsWithOneLinkBetweenThemAreOneFleet() throws {
    var fleet = try VirtualFleet()
    let publisher = try VirtualNode(number: 1, fleet: fleet.id, trusted: try fleet.trusted(), isPublisher: true)
    publisher.metadata = fleet.metadata
    let left = [publisher] + (try (2...5).map { try fleet.member($0) })
    // One of the other room is told of one of this room, and not even of the publisher.
    let right = [try fleet.member(11, told: [3])] + (try (12...15).map { try fleet.member($0) })
    for node in left + right { lan.add(node) }
    for room in [left, right] {
      for node in room { for other in room where other !== node { node.take(advertisement(of: other, fleet)) } }
    }
    lan.run(milliseconds: 60_000)
    let release = try fleet.publish("app", "1.0.0", objects: 10)
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 60_000)
    for node in left + right { #expect(node.held == [release.variant]) }
    // It is no chain: the far ones have met each other.
    let met = right[4].state.table.peers.values.compactMap { $0.remembered == nil ? nil : $0.id }
    #expect(Set(met) == Set((left + right).map(\.id)).subtracting([right[4].id]))
  }

  @Test func whoIsDialledDialsBackSoThatOneAddressIsEnoughForBoth() throws {
    var fleet = try VirtualFleet()
    let publisher = try VirtualNode(number: 1, fleet: fleet.id, trusted: try fleet.trusted(), isPublisher: true)
    publisher.metadata = fleet.metadata
    let other = try fleet.member(2)
    // The publisher knows the address, and the other one is the one that needs something.
    var configuration = NodeConfiguration()
    configuration.peers = [other.endpoint]
    let caller = try VirtualNode(
      number: 1, fleet: fleet.id, trusted: try fleet.trusted(), configuration: configuration, isPublisher: true)
    lan.add(other)
    lan.add(caller)
    let release = try fleet.publish("app", "1.0.0")
    try caller.publish(release, of: fleet)
    lan.run(milliseconds: 1_000)
    #expect(other.held == [release.variant])
    #expect(other.state.table.peers.values.map(\.sources) == [[.remembered, .called]])
  }

  @Test func hearsayIsNotPassedOn() throws {
    let fleet = try VirtualFleet()
    let liar = try fleet.member(1)
    let ghosts = try (1...9).map { number in
      Peers.Entry(
        node: try #require(NodeID([UInt8](repeating: 200 + UInt8(number), count: 16))),
        endpoints: [Endpoint(host: "10.0.9.\(number)", port: 7420)])
    }
    liar.lies = { $0 == .peers ? .peers(ghosts) : nil }
    let (victim, other) = (try fleet.member(2, told: [1]), try fleet.member(3, told: [2]))
    for node in [liar, victim, other] { lan.add(node) }
    lan.run(milliseconds: 300_000)
    #expect(victim.state.table.peers.values.count { $0.isHearsay } == 9)
    #expect(other.state.table.peers.values.count { $0.isHearsay } == 9, "it asks the liar, whom it was told of truly")
    liar.lies = { _ in nil }
    let late = try fleet.member(4, told: [2])
    lan.add(late)
    lan.run(milliseconds: 300_000)
    #expect(Set(late.state.table.peers.values.compactMap(\.id)) == [liar.id, victim.id, other.id])
  }

  @Test func aPeerThatTellsOfTenThousandAddressesIsHarmless() throws {
    let fleet = try VirtualFleet()
    let liar = try fleet.member(1)
    var told = 0
    liar.lies = { request in
      guard request == .peers else { return nil }
      var entries: [Peers.Entry] = []
      for _ in 0..<10_000 {
        told += 1
        let number = [UInt8(told / 65_536), UInt8(told / 256 % 256), UInt8(told % 256)]
        guard let node = NodeID(number + [UInt8](repeating: 9, count: 13)) else { continue }
        let host = "10.\(number[0]).\(number[1]).\(number[2])"
        entries.append(Peers.Entry(node: node, endpoints: [Endpoint(host: host, port: 1)]))
      }
      return .peers(entries)
    }
    let honest = try fleet.member(3)
    let victim = try fleet.member(2, told: [1, 3])
    for node in [liar, honest, victim] { lan.add(node) }
    lan.run(milliseconds: 600_000)
    #expect(told > 50_000)
    #expect(victim.state.table.peers.values.count { $0.isHearsay } == 64)
    #expect(victim.dials < 64 * 8 + 50)
    #expect(victim.mostDials <= 8 + 2)
    // Nobody real was displaced, and the liar itself is a peer like any other.
    #expect(victim.state.table.peers.values.count { $0.link.session != nil && !$0.isHearsay } == 2)
    liar.lies = { $0 == .peers ? .peers([]) : nil }
    lan.run(milliseconds: 3_700_000)
    #expect(victim.state.table.peers.count == 2, "what nobody tells of any more is forgotten")
  }

  @Test func aStrangersAddressIsNotDialledOftenHoweverManyNodesAreSaidToBeThere() throws {
    let fleet = try VirtualFleet()
    let liar = try fleet.member(1)
    let stranger = "192.0.2.7"
    var round = 0
    liar.lies = { request in
      guard request == .peers else { return nil }
      round += 1
      var entries: [Peers.Entry] = []
      for number in 0..<64 {
        // The first is a node that there is.
        let byte = number == 0 ? 3 : UInt8(100 + number)
        guard let node = NodeID([UInt8](repeating: byte, count: 16)) else { continue }
        let port = UInt16(1_000 + 64 * round + number)
        entries.append(Peers.Entry(node: node, endpoints: [Endpoint(host: stranger, port: port)]))
      }
      return .peers(entries)
    }
    let victim = try fleet.member(2, told: [1, 3])
    for node in [liar, try fleet.member(3), victim] { lan.add(node) }
    lan.run(milliseconds: 3_600_000)
    #expect(round > 50)
    let dials = victim.dialled.filter { $0.host == stranger }.count
    #expect((4...64).contains(dials), "\(dials) in an hour")
  }

  @Test func whatMeansNothingHereIsNotDialled() throws {
    let fleet = try VirtualFleet()
    let (liar, honest) = (try fleet.member(1), try fleet.member(2, told: [1]))
    let id = try #require(NodeID([UInt8](repeating: 77, count: 16)))
    let useless: [Endpoint] = [
      "127.0.0.1", "::1", "0.0.0.0", "::", "fe80::1", "169.254.1.1", "224.0.0.251", "ff02::fb", "255.255.255.255",
      "::ffff:10.0.0.9", "pi.local", "fe80::1%eth0",
    ].map { Endpoint(host: $0, port: 7420) }
    liar.lies = { request in
      guard request == .peers else { return nil }
      var entries: [Peers.Entry] = useless.map { Peers.Entry(node: id, endpoints: [$0]) }
      entries.append(Peers.Entry(node: honest.id, endpoints: [Endpoint(host: "10.0.0.99", port: 1)]))
      entries.append(Peers.Entry(node: liar.id, endpoints: [Endpoint(host: "10.0.0.98", port: 1)]))
      return .peers(entries)
    }
    lan.add(liar)
    lan.add(honest)
    lan.run(milliseconds: 300_000)
    #expect(honest.state.table.peers.count == 1)
    #expect(Set(honest.dialled) == [liar.endpoint])
  }

  @Test func whoIsNotWhoItWasSaidToBeIsWhoItIs() throws {
    let fleet = try VirtualFleet()
    let (liar, third) = (try fleet.member(1), try fleet.member(3))
    let ghost = try #require(NodeID([UInt8](repeating: 77, count: 16)))
    liar.lies = { request in
      request == .peers ? .peers([Peers.Entry(node: ghost, endpoints: [third.endpoint])]) : nil
    }
    let victim = try fleet.member(2, told: [1])
    for node in [liar, third, victim] { lan.add(node) }
    lan.run(milliseconds: 60_000)
    let peers = victim.state.table.peers.values
    #expect(Set(peers.filter { $0.link.session != nil }.compactMap(\.id)) == [liar.id, third.id])
    #expect(peers.filter { $0.id == third.id }.allSatisfy { !$0.sources.contains(.manual) })
  }
}
