import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@Suite("When a node cleans its repository")
struct CleaningTests {
  let lan = VirtualLAN()

  private func room() throws -> (VirtualFleet, publisher: VirtualNode, node: VirtualNode) {
    let fleet = try VirtualFleet()
    let publisher = try VirtualNode(
      number: 1, fleet: fleet.id, trusted: try fleet.pinned(), isPublisher: true)
    var configuration = NodeConfiguration()
    configuration.peers = [publisher.endpoint]
    configuration.autoInstall = [try PackageName("app"): .any]
    let node = try VirtualNode(
      number: 2, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    for each in [publisher, node] { lan.add(each) }
    return (fleet, publisher, node)
  }

  @Test func atTheStartAndWhenAReleaseHasComeAndIsInstalledAndNotWithoutReason() throws {
    var (fleet, publisher, node) = try room()
    lan.run(milliseconds: 1_000)
    #expect(node.cleanings == 1, "what an earlier life left")
    try publisher.publish(try fleet.publish("app", "1.0.0", objects: 10), of: fleet)
    lan.run(milliseconds: 5_000)
    #expect(node.installs.count == 1)
    let after = node.cleanings
    #expect(after > 1)
    lan.run(milliseconds: 600_000)
    #expect(node.cleanings == after && publisher.cleanings == 0)
  }

  /// The actions that an input leads to, of which those that have the repository cleaned are counted.
  private func cleanings(_ state: inout NodeState, _ input: NodeInput, at milliseconds: Int64) -> Int {
    let actions = state.handle(
      [input], now: Instant(milliseconds: milliseconds), time: Timestamp(secondsSinceEpoch: 1_700_000_000))
    return actions.count { if case .clean = $0 { true } else { false } }
  }

  @Test func oneThatWasPostponedOrFailedIsTriedAgainAfterAPause() throws {
    let fleet = try VirtualFleet()
    var state = try VirtualNode(number: 2, fleet: fleet.id, trusted: try fleet.pinned()).state
    #expect(cleanings(&state, .tick, at: 0) == 1)
    #expect(cleanings(&state, .tick, at: 90_000) == 0, "it is under way")
    let busy = GtachError(.busy, "another process is storing a release")
    let postponed = GarbageReport(dryRun: false, releases: [], parts: [], postponed: ErrorReport(busy))
    #expect(cleanings(&state, .cleaned(.success((report: postponed, held: [:]))), at: 100_000) == 0)
    let next = try #require(state.nextDeadline)
    #expect(cleanings(&state, .tick, at: next.milliseconds) == 1)
    #expect(cleanings(&state, .cleaned(.failure(busy)), at: 200_000) == 0)
    let last = try #require(state.nextDeadline)
    #expect((200_001..<300_000).contains(last.milliseconds))
    #expect(cleanings(&state, .tick, at: last.milliseconds) == 1)
    // What does not end by itself is looked at again in an hour.
    let broken = GtachError(.inputOutput, "the disk does not answer")
    #expect(cleanings(&state, .cleaned(.failure(broken)), at: 300_000) == 0)
    #expect(cleanings(&state, .tick, at: 3_899_999) == 0)
    #expect(cleanings(&state, .tick, at: 3_900_000) == 1)
  }

  @Test func whatAnOperatorAskedForStaysWhetherItCameByNameOrByAPlan() throws {
    var (fleet, publisher, node) = try room()
    let releases = try ["0.9.0", "1.0.0", "1.1.0"].map { try fleet.publish("app", $0) }
    for release in releases { try publisher.publish(release, of: fleet) }
    lan.run(milliseconds: 5_000)
    let (fetch, look) = (RequestToken(number: 1), RequestToken(number: 2))
    // Asked what there would be to fetch, the node fetches nothing of it.
    node.take(
      .control(look, .sync(requirements: [try Requirement("app@0.9.0")], peers: [], dryRun: true, install: false)))
    lan.run(milliseconds: 5_000)
    guard case .sync(let report)? = node.answers[look] else {
      Issue.record("no answer")
      return
    }
    #expect(report.pending == ["app@0.9.0"] && !node.held.contains(releases[0].variant))
    node.take(
      .control(fetch, .sync(requirements: [try Requirement("app@0.9.0")], peers: [], dryRun: false, install: false)))
    lan.run(milliseconds: 5_000)
    #expect(node.held.contains(releases[0].variant) && node.kept.contains(releases[0].variant))
    let before = node.cleanings
    lan.run(milliseconds: 600_000)
    #expect(node.cleanings == before)
  }

  @Test func aFullDiskIsCleanedAndEveryDiskOnceADay() throws {
    var (fleet, publisher, node) = try room()
    try publisher.publish(try fleet.publish("app", "1.0.0", objects: 10), of: fleet)
    lan.run(milliseconds: 5_000)
    let before = node.cleanings
    lan.run(milliseconds: 25 * 3_600_000)
    #expect(node.cleanings == before + 1)
  }

  @Test func whatWentIsNotToldOfAnyMore() throws {
    var (fleet, publisher, node) = try room()
    let releases = try [fleet.publish("app", "1.0.0"), fleet.publish("app", "1.1.0")]
    for release in releases { try publisher.publish(release, of: fleet) }
    lan.run(milliseconds: 5_000)
    var state = node.state
    let held = state.held.filter { $0.key == releases[1].variant }
    #expect(state.held.count == 2 && held.count == 1)
    let before = state.advertisement
    let report = GarbageReport(
      dryRun: false, releases: ["app@1.0.0 (any)"], parts: [.init(kind: "releases", count: 1, bytes: 9)],
      postponed: nil)
    let actions = state.handle(
      [.cleaned(.success((report: report, held: held)))], now: lan.now,
      time: Timestamp(secondsSinceEpoch: 1_700_000_000))
    #expect(state.held == held && state.advertisement != before)
    #expect(actions.contains { if case .advertise = $0 { true } else { false } })
    #expect(actions.contains { if case .emit(.cleaned(report: report)) = $0 { true } else { false } })
  }
}
