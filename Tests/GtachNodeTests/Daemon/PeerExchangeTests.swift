import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@testable import GtachNode

/// Daemons that tell each other of daemons.
@Suite("Daemons that tell of others", .serialized)
struct PeerExchangeTests {
  let directory: TestDirectory

  init() throws { directory = try TestDirectory() }

  private func peers(of node: TestNode) -> [PeerReport] {
    if case .peers(let reports)? = node.ask(.peers) { reports } else { [] }
  }

  @Test func aChainOfAddressesBecomesAFleet() throws {
    let first = try TestNode.founder(directory)
    let second = try first.member("second", in: directory, peers: [first.endpoint])
    let third = try first.member("third", in: directory, peers: [second.endpoint])
    defer { for node in [third, second, first] { node.stop() } }
    // Nobody told the third of the first, nor the first of anybody.
    for node in [first, third] {
      let other = node === first ? "third" : "dev"
      #expect(node.log.waits { if case .peerConnected(other, _) = $0 { true } else { false } })
    }
    try first.publish("app", "1.0.0", bytes: 100_000)
    #expect(third.log.waits { if case .fetchFinished = $0 { true } else { false } })
    for (node, others) in [(first, ["second", "third"]), (second, ["dev", "third"]), (third, ["dev", "second"])] {
      #expect(peers(of: node).compactMap(\.name).sorted() == others)
    }
    let ofFirst = try #require(peers(of: third).first { $0.name == "dev" })
    #expect(ofFirst.id == first.membership.id && ofFirst.endpoints == [first.endpoint])
    #expect(ofFirst.state == .connected && !ofFirst.sources.contains(.manual))
  }

  @Test func whoAsksIsToldOfWhomTheDaemonHasMetItselfAndNotOfItself() throws {
    let first = try TestNode.founder(directory)
    let second = try first.member("second", in: directory, peers: [first.endpoint])
    defer { for node in [second, first] { node.stop() } }
    #expect(first.log.waits { if case .peerConnected("second", _) = $0 { true } else { false } })
    // It is told of as soon as the daemon has decided about its hello: before it answers this.
    _ = first.ask(.peers)
    let peer = try TestPeer("peer", to: first)
    try peer.send(.getPeers(GetPeers(id: 7)))
    let told = try peer.next("peers") { if case .peers(let peers) = $0 { peers } else { nil } }
    #expect(told.id == 7)
    #expect(told.peers == [Peers.Entry(node: second.membership.id, endpoints: [second.endpoint])])
    let itself = try TestPeer("second", to: first, identity: second.membership.identity)
    try itself.send(.getPeers(GetPeers(id: 8)))
    let others = try itself.next("peers") { if case .peers(let peers) = $0 { peers.peers } else { nil } }
    #expect(others.isEmpty)
  }

  @Test func anExtensionThatADaemonDoesNotKnowHarmsNothing() throws {
    let node = try TestNode.founder(directory)
    defer { node.stop() }
    let peer = try TestPeer("peer", to: node)
    // What `getPeers` is to a daemon of yesterday, this is to one of today.
    try peer.send(.unknown(Frame(type: 0x90, body: Array("{\"id\":1}".utf8))), .getBuckets(GetBuckets(id: 2)))
    #expect(try peer.next("buckets") { if case .buckets(let buckets) = $0 { buckets.id } else { nil } } == 2)
  }
}
