import GtachCore
import GtachModel
import Testing

@Suite("Nodes that give out nothing")
struct UploadTests {
  let lan = VirtualLAN()

  /// A node that was told of the publisher and of the first node of a room.
  private func late(_ fleet: VirtualFleet, told: [VirtualNode]) throws -> VirtualNode {
    var configuration = NodeConfiguration()
    configuration.peers = told.map(\.endpoint)
    let node = try VirtualNode(number: 9, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    lan.add(node)
    return node
  }

  @Test func theyFetchWhatTheyWantAndNobodyAsksThemForIt() throws {
    var fleet = try VirtualFleet()
    let (publisher, _) = try lan.room(fleet, nodes: 0)
    var configuration = NodeConfiguration()
    configuration.peers = [publisher.endpoint]
    configuration.upload = UploadLimits(isOn: false)
    let miser = try VirtualNode(number: 2, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    lan.add(miser)
    let release = try fleet.publish("app", "1.0.0", objects: 20)
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 1_000)
    #expect(miser.held == [release.variant])
    let late = try late(fleet, told: [publisher, miser])
    lan.run(milliseconds: 1_000)
    #expect(late.held == [release.variant])
    #expect(miser.served.isEmpty && miser.questions.isEmpty)
    // Metadata it has like anybody, and tells so.
    let seen = try #require(late.state.table.peers.values.first { $0.id == miser.id })
    #expect(seen.variants.isEmpty && seen.knownRoot != nil)
    #expect(seen.metadataVersion == publisher.state.advertisement.metadataVersion)
    // With nobody else, nothing can be had and nothing is tried for ever.
    let second = try fleet.publish("app", "1.1.0")
    try miser.publish(second, of: fleet)
    lan.crash(publisher)
    lan.run(milliseconds: 600_000)
    #expect(late.held == [release.variant])
    #expect(late.state.advertisement.metadataVersion == miser.state.advertisement.metadataVersion)
  }

  @Test func whoListsWhatItDoesNotGiveIsNotBlamedForItAndNotAskedAgain() throws {
    var fleet = try VirtualFleet()
    let release = try fleet.publish("app", "1.0.0", objects: 20)
    let (publisher, nodes) = try lan.room(fleet, nodes: 1)
    try publisher.publish(release, of: fleet)
    lan.run(milliseconds: 1_000)
    var asked = 0
    nodes[0].lies = { request in
      guard case .fetch(let variant, let question) = request else { return nil }
      switch question {
      case .claim, .endClaim: return nil
      case .unit, .chunk, .lists:
        asked += 1
        return .fetch(variant, .notGiven)
      }
    }
    let late = try late(fleet, told: [publisher, nodes[0]])
    lan.run(milliseconds: 1_000)
    #expect(late.held == [release.variant])
    #expect((1...2).contains(asked), "what was asked before the first answer came, and nothing after it")
    let seen = try #require(late.state.table.peers.values.first { $0.id == nodes[0].id })
    #expect(seen.variants.isEmpty && seen.backoff.failures == 0 && seen.error == nil)
    #expect(late.closed.isEmpty)
    let isBlamed = late.events.contains {
      switch $0 {
      case .peerFailed, .holderLacking, .fetchFailed: true
      default: false
      }
    }
    #expect(!isBlamed)
  }
}
