import GtachModel
import GtachWire
import Testing

@testable import GtachCore

@Suite("A node among many")
struct ManyPeersTests {
  let lan = VirtualLAN()

  private func advertisement(of node: VirtualNode, _ fleet: VirtualFleet) -> NodeInput {
    let told = node.state.advertisement
    let record = TextRecord(
      node: node.id, fleet: fleet.id, indexRoot: told.indexRoot, metadataVersion: told.metadataVersion)
    return .discovery(.found(Service(name: "\(node.id)", endpoints: [node.endpoint], text: record.pairs)))
  }

  /// A node that multicast shows so many others, which know nobody.
  private func crowd(_ count: UInt8, _ fleet: VirtualFleet) throws -> (node: VirtualNode, others: [VirtualNode]) {
    let node = try VirtualNode(number: 250, fleet: fleet.id, trusted: try fleet.pinned())
    // Each by itself: what they would do with one another is not what this is about.
    node.lies = { $0 == .peers ? .peers([]) : nil }
    lan.add(node)
    let others = try (1...count).map { try VirtualNode(number: $0, fleet: fleet.id, trusted: try fleet.pinned()) }
    for other in others {
      other.lies = { $0 == .peers ? .peers([]) : nil }
      lan.add(other)
    }
    node.take(others.map { advertisement(of: $0, fleet) })
    return (node, others)
  }

  @Test func theyDialAllWhileTheyAreFew() throws {
    let (node, others) = try crowd(64, VirtualFleet())
    lan.run(milliseconds: 1_000)
    #expect(Set(node.dialled) == Set(others.map(\.endpoint)))
  }

  @Test func theyDialSomeWhereTheyAreManyAndOthersForWhatNoneOfTheseHas() throws {
    var fleet = try VirtualFleet()
    let (node, others) = try crowd(100, fleet)
    lan.run(milliseconds: 1_000)
    let dialled = Set(node.dialled)
    #expect((16...32).contains(dialled.count), "\(dialled.count)")
    #expect(node.state.table.peers.count == 100)

    let outside = try #require(others.first { !dialled.contains($0.endpoint) })
    let release = try fleet.publish("app", "1.0.0")
    try outside.publish(release, of: fleet)
    node.forgetDials()
    node.take(advertisement(of: outside, fleet))
    lan.run(milliseconds: 1_000)
    #expect(!node.dialled.contains(outside.endpoint), "a neighbour may have it by then")
    lan.run(milliseconds: 10_000)
    #expect(node.held == [release.variant])
    #expect(node.dialled.contains(outside.endpoint))
    #expect(Set(node.dialled).subtracting(dialled).count <= 1 + PeerTable.outsiders)
    // It is left again when nothing more is needed from it.
    lan.run(milliseconds: 12_000)
    #expect(node.state.table.peers.values.first { $0.id == outside.id }?.link == Peer.Link.none)
  }

  @Test func whoeverIsNamedIsDialledAndWhoeverIsAbsentIsReplaced() throws {
    let own = try #require(NodeID([UInt8](repeating: 0xAB, count: 16)))
    var table = PeerTable(own: own, fleet: own)
    var generator = SeededGenerator(seed: 1)
    for number in 0..<200 {
      let id = try #require(NodeID((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }))
      table.add(
        remembered: RememberedPeer(id: id, name: "n", endpoint: Endpoint(host: "10.1.0.\(number)", port: 7420)))
    }
    let named = Endpoint(host: "10.9.9.9", port: 7420)
    table.add(manual: named)
    table.updateNeighbours()
    let now = Instant(milliseconds: 0)
    let first = table.dial(now: now) { _, _ in false }
    #expect(first.contains { $0.endpoints == [named] })
    #expect((20...33).contains(first.count))
    // None of them answers.
    for failure in 0..<Int64(3) {
      let then = Instant(milliseconds: failure * 70_000)
      for (session, _) in failure == 0 ? first : table.dial(now: then, where: { _, _ in false }) {
        table.closed(
          session, error: GtachError(.peerUnreachable, "nobody answers"), now: then, using: &generator)
      }
    }
    table.updateNeighbours()
    let later = table.dial(now: Instant(milliseconds: 300_000)) { _, _ in false }
    let known = Set(first.map(\.endpoints))
    #expect(Set(later.map(\.endpoints)).isSuperset(of: known), "they are tried again")
    #expect((20...33).contains(later.count - known.count + 1), "and as many others are neighbours meanwhile")
  }
}
