import GtachModel
import Testing

@testable import GtachCore

@Suite("Windows of a node")
struct WindowTests {
  private let lan = VirtualLAN()

  /// A node that holds a release which it is to install by itself from 03:00 to 05:00, and its state.
  private func waiting() throws -> VirtualNode {
    var fleet = try VirtualFleet()
    let publisher = try VirtualNode(number: 1, fleet: fleet.id, trusted: try fleet.pinned(), isPublisher: true)
    var configuration = NodeConfiguration()
    configuration.peers = [publisher.endpoint]
    configuration.autoInstall = [try PackageName("app"): .any]
    configuration.installWindows = InstallWindows([try InstallWindows.Window("03:00-05:00")])
    let node = try VirtualNode(number: 2, fleet: fleet.id, trusted: try fleet.pinned(), configuration: configuration)
    for each in [publisher, node] { lan.add(each) }
    node.localTime = LocalTime(secondsOfDay: 12 * 3600, isSynchronised: true)
    lan.run(milliseconds: 1_000)
    try publisher.publish(try fleet.publish("app", "1.0.0", objects: 10), of: fleet)
    lan.run(milliseconds: 5_000)
    #expect(node.state.held.count == 1 && node.installs.isEmpty, "it is fetched, and waits")
    return node
  }

  private func installs(
    _ node: VirtualNode, at hour: Int, isSynchronised: Bool = true, milliseconds: Int64 = 1_000_000
  ) throws -> (isBegun: Bool, next: Int64?) {
    var state = node.state
    let now = Instant(milliseconds: milliseconds)
    let local = LocalTime(secondsOfDay: hour * 3600, isSynchronised: isSynchronised)
    let actions = state.handle([.tick], now: now, time: Timestamp(secondsSinceEpoch: 1_700_000_000), local: local)
    let isInstalled = actions.contains { if case .install = $0 { true } else { false } }
    return (isInstalled, state.windowAt.map { $0.milliseconds - now.milliseconds })
  }

  @Test("what is installed by itself waits for a window, and is looked at again")
  func waits() throws {
    let node = try waiting()
    #expect(try installs(node, at: 12) == (false, 600_000))
    #expect(try installs(node, at: 2) == (false, 600_000))
    #expect(try installs(node, at: 3) == (true, nil))
    #expect(try !installs(node, at: 5).isBegun)
    node.localTime = LocalTime(secondsOfDay: 3 * 3600 - 60, isSynchronised: true)
    lan.run(milliseconds: 601_000)
    #expect(node.installs.isEmpty)
    #expect(try installs(node, at: 2).next == 600_000)
    node.localTime = LocalTime(secondsOfDay: 3 * 3600, isSynchronised: true)
    lan.run(milliseconds: 601_000)
    #expect(node.installs.count == 1, "nothing else has to happen")
  }

  @Test("an order, and a clock that nobody keeps right, do not wait")
  func doesNotWait() throws {
    let node = try waiting()
    #expect(try installs(node, at: 12, isSynchronised: false) == (true, nil))
    // But a machine that has just started may be told the time yet.
    #expect(try installs(node, at: 12, isSynchronised: false, milliseconds: 100_000) == (false, 10_000))
    node.take(.control(RequestToken(number: 1), .install(Requirement(name: try PackageName("app"), range: .any))))
    lan.run(milliseconds: 60_000)
    #expect(node.installs.count == 1)
  }
}
