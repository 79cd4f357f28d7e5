import GtachModel
import GtachSystem
import GtachWire
import Testing

@testable import GtachCore

/// What a node remembers of what a peer holds, from one exchange to the next.
@Suite("Index exchange")
struct IndexExchangeTests {
  private let lan = VirtualLAN()

  private func pair() throws -> (VirtualFleet, publisher: VirtualNode, node: VirtualNode) {
    let fleet = try VirtualFleet()
    let publisher = try VirtualNode(number: 1, fleet: fleet.id, trusted: try fleet.pinned(), isPublisher: true)
    var configuration = NodeConfiguration()
    configuration.peers = [publisher.endpoint]
    let node = try VirtualNode(number: 2, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    lan.add(publisher)
    return (fleet, publisher, node)
  }

  /// What was asked of a peer: how often for its buckets, and for which entries.
  private final class Requests {
    var buckets = 0
    var entries: [(buckets: [UInt8], known: EntryIDs?)] = []
  }

  @Test("what comes and what goes is learnt, and after the first time what is known is not sent again")
  func comingAndGoing() throws {
    var (fleet, publisher, node) = try pair()
    let requests = Requests()
    publisher.lies = { request in
      if case .buckets = request { requests.buckets += 1 }
      if case .entries(let buckets, let known) = request { requests.entries.append((buckets, known)) }
      return nil
    }
    for number in 0..<40 { try publisher.publish(try fleet.publish("app", "1.\(number).0", objects: 1), of: fleet) }
    lan.add(node)
    lan.run(milliseconds: 5_000)
    func remembered() throws -> [VariantID: Digest] {
      try #require(node.state.table.peers.values.first { !$0.variants.isEmpty }).variants
    }
    #expect(try remembered() == publisher.state.held)
    #expect(requests.entries.count == 1 && requests.entries[0].known == nil, "a first meeting is one compact listing")

    var held = publisher.state.held
    for variant in held.keys.sorted().prefix(7) { held[variant] = nil }
    publisher.take(.repositoryChanged(trusted: try fleet.trusted(), held: held, choices: publisher.choices))
    try publisher.publish(try fleet.publish("app", "2.0.0", objects: 1), of: fleet)
    try publisher.publish(try fleet.publish("app", "2.0.1", objects: 1), of: fleet)
    lan.run(milliseconds: 5_000)
    #expect(publisher.state.held.count == 35)
    #expect(try remembered() == publisher.state.held)
    #expect(requests.entries.count > 1 && requests.entries.dropFirst().allSatisfy { $0.known != nil })

    (requests.buckets, requests.entries) = (0, [])
    try publisher.publish(try fleet.publish("app", "3.0.0", objects: 1), of: fleet)
    lan.run(milliseconds: 5_000)
    #expect(try remembered() == publisher.state.held)
    #expect(requests.buckets == 1 && requests.entries.count == 1, "one more release costs two round trips")
  }

  @Test("who answers as if nothing were known, as a node of an earlier version does, is understood")
  func withoutKnown() throws {
    var (fleet, publisher, node) = try pair()
    publisher.lies = { [unowned publisher] request in
      guard case .entries(let buckets, _) = request else { return nil }
      let entries = publisher.state.index.entries(in: buckets)
      return .entries(Dictionary(uniqueKeysWithValues: entries.map { ($0.variant, $0.manifest) }), gone: nil)
    }
    for number in 0..<10 { try publisher.publish(try fleet.publish("app", "1.\(number).0", objects: 1), of: fleet) }
    lan.add(node)
    lan.run(milliseconds: 5_000)
    var held = publisher.state.held
    for variant in held.keys.sorted().prefix(3) { held[variant] = nil }
    publisher.take(.repositoryChanged(trusted: try fleet.trusted(), held: held, choices: publisher.choices))
    lan.run(milliseconds: 5_000)
    let remembered = node.state.table.peers.values.first { !$0.variants.isEmpty }
    #expect(remembered?.variants == publisher.state.held && publisher.state.held.count == 7)
  }
}
