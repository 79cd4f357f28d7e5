import GtachModel
import Testing

@testable import GtachCore

@Suite("What is fetched at once")
struct SimultaneousDownloadsTests {
  @Test("two releases of one package come one after the other, as the second is mostly the first; two packages at once")
  func onePackage() throws {
    let lan = VirtualLAN()
    var fleet = try VirtualFleet()
    let (publisher, _) = try lan.room(fleet, nodes: 0)
    var releases: Set<VariantID> = []
    for (name, version) in [("app", "1.0.0"), ("app", "1.1.0"), ("lib", "1.0.0")] {
      let release = try fleet.publish(name, version, objects: 20)
      try publisher.publish(release, of: fleet)
      releases.insert(release.variant)
    }
    var configuration = NodeConfiguration()
    configuration.peers = [publisher.endpoint]
    let node = try VirtualNode(
      number: 9, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    lan.add(node)
    var seen: Set<Set<VariantID>> = []
    for _ in 0..<1_000 {
      lan.run(milliseconds: 1)
      seen.insert(Set(node.state.downloads.keys))
    }
    #expect(node.held == releases)
    #expect(seen.allSatisfy { $0.count == Set($0.map(\.release.name)).count })
    #expect(seen.contains { $0.count == 2 })
  }
}
