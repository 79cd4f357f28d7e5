import GtachModel
import Testing

@testable import GtachSystem

@Suite("The table of discovery")
struct DiscoveryTableTests {
  private static let text = Array("\u{3}d=0".utf8)
  private static let newText = Array("\u{3}d=1".utf8)

  private func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }

  private func service(_ name: String, digest: String, hosts: [String] = ["10.0.0.2"]) -> Service {
    Service(name: name, endpoints: hosts.map { Endpoint(host: $0, port: 7420) }, text: ["d": digest])
  }

  private func told(_ actions: [DiscoveryTable.Action]) -> [DiscoveryEvent] {
    actions.compactMap { if case .tell(let event) = $0 { event } else { nil } }
  }

  /// A table that knows `pi` since 200 ms.
  private func tableWithPi(sightings: Int = 1) -> DiscoveryTable {
    var table = DiscoveryTable()
    for _ in 0..<sightings { _ = table.seen("pi", now: at(0)) }
    _ = table.text("pi", isAddition: true, bytes: Self.text)
    _ = table.target("pi", host: "pi.local", port: 7420, now: at(50))
    _ = table.address("pi", family: .ipv4, host: "10.0.0.2", isAddition: true, now: at(100))
    #expect(told(table.timePassed(now: at(200))) == [.found(service("pi", digest: "0"))])
    return table
  }

  @Test("an instance is asked for its text and target, then for its addresses, and told once all is known")
  func found() {
    var table = DiscoveryTable()
    #expect(
      Set(table.seen("pi", now: at(0))) == [.ask(.text(instance: "pi")), .ask(.target(instance: "pi"))])
    let addresses: [DiscoveryTable.Query] = [
      .addresses(instance: "pi", host: "pi.local", family: .ipv4),
      .addresses(instance: "pi", host: "pi.local", family: .ipv6),
    ]
    #expect(
      table.target("pi", host: "pi.local", port: 7420, now: at(10))
        == [.stop(.target(instance: "pi"))] + addresses.map { .ask($0) })
    #expect(table.address("pi", family: .ipv6, host: "fe80::1%eth0", isAddition: true, now: at(20)) == [])
    #expect(table.nextTimeout == at(20 + DiscoveryTable.settleMilliseconds))
    #expect(table.address("pi", family: .ipv4, host: "10.0.0.2", isAddition: true, now: at(30)) == [])
    #expect(table.timePassed(now: at(119)) == [])
    #expect(table.timePassed(now: at(120)) == addresses.map { .stop($0) })
    #expect(
      table.text("pi", isAddition: true, bytes: Self.text)
        == [.tell(.found(service("pi", digest: "0", hosts: ["10.0.0.2", "fe80::1%eth0"])))])
  }

  @Test("a changed text is told at once, the removal of the old one is not")
  func textChanged() {
    var table = tableWithPi()
    #expect(
      table.text("pi", isAddition: true, bytes: Self.newText) == [.tell(.found(service("pi", digest: "1")))])
    #expect(table.text("pi", isAddition: false, bytes: Self.text) == [])
    // The same again, as a second interface tells it.
    #expect(table.text("pi", isAddition: true, bytes: Self.newText) == [])
  }

  @Test("a text that is taken back within the second in which the old one stays is the old one again")
  func textFlipped() {
    var table = tableWithPi()
    _ = table.text("pi", isAddition: true, bytes: Self.newText)
    #expect(
      table.text("pi", isAddition: false, bytes: Self.newText) == [.tell(.found(service("pi", digest: "0")))])
  }

  @Test("without any text the last one stays")
  func textGone() {
    var table = tableWithPi()
    #expect(table.text("pi", isAddition: false, bytes: Self.text) == [])
    #expect(
      table.text("pi", isAddition: true, bytes: Self.newText) == [.tell(.found(service("pi", digest: "1")))])
  }

  @Test("an instance is lost with its last protocol, not with its first")
  func sightings() {
    var table = tableWithPi(sightings: 2)
    #expect(told(table.vanished("pi")) == [])
    #expect(table.vanished("pi") == [.stop(.text(instance: "pi")), .tell(.lost(name: "pi"))])
    #expect(table.vanished("pi") == [])
    #expect(table.nextTimeout == nil)
  }

  @Test("an instance that was never told is not lost either, and its questions end")
  func unknownVanishes() {
    var table = DiscoveryTable()
    _ = table.seen("pi", now: at(0))
    #expect(table.vanished("pi") == [.stop(.text(instance: "pi")), .stop(.target(instance: "pi"))])
  }

  @Test("a question without an answer is asked again, with growing pauses")
  func retries() {
    var table = DiscoveryTable()
    _ = table.seen("pi", now: at(0))
    var now: Int64 = 0
    var pauses: [Int64] = []
    for _ in 0..<8 {
      now += DiscoveryTable.answerMilliseconds
      #expect(table.timePassed(now: at(now)) == [.stop(.target(instance: "pi"))])
      let next = table.nextTimeout?.milliseconds ?? 0
      pauses.append(next - now)
      now = next
      #expect(table.timePassed(now: at(now)).contains(.ask(.target(instance: "pi"))))
    }
    #expect(pauses == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  }

  @Test("addresses are asked for again after a while, and a changed one is told")
  func refreshed() {
    var table = tableWithPi()
    let later = at(200 + DiscoveryTable.refreshMilliseconds)
    #expect(table.nextTimeout == later)
    #expect(table.timePassed(now: later).contains(.ask(.target(instance: "pi"))))
    _ = table.target("pi", host: "pi.local", port: 7420, now: later)
    _ = table.address("pi", family: .ipv4, host: "10.0.0.9", isAddition: true, now: later)
    #expect(
      told(table.timePassed(now: later.advanced(byMilliseconds: DiscoveryTable.settleMilliseconds)))
        == [.found(service("pi", digest: "0", hosts: ["10.0.0.9"]))])
  }

  @Test("a lookup on request starts at once, and not twice")
  func refreshOnRequest() {
    var table = tableWithPi()
    #expect(table.refresh("pi", now: at(300)).contains(.ask(.target(instance: "pi"))))
    #expect(table.refresh("pi", now: at(301)) == [])
    #expect(table.refresh("nobody", now: at(302)) == [])
  }

  @Test("few instances are looked up at once; the next starts when one is done")
  func lookupsBounded() {
    var table = DiscoveryTable()
    var asked = 0
    for number in 0..<20 {
      asked += table.seen("pi-\(number)", now: at(0)).count { if case .ask(.target) = $0 { true } else { false } }
    }
    #expect(asked == DiscoveryTable.maximumLookups)
    // Nothing is due that could start, so nobody is woken before a lookup ends.
    #expect(table.nextTimeout == at(DiscoveryTable.answerMilliseconds))
    let actions = table.timePassed(now: at(DiscoveryTable.answerMilliseconds))
    #expect(actions.count { if case .ask(.target) = $0 { true } else { false } } == DiscoveryTable.maximumLookups)
  }

  @Test("a flood of instances and texts is bounded")
  func flood() {
    var table = DiscoveryTable()
    var asked = 0
    for number in 0..<10_000 { asked += table.seen("fake-\(number)", now: at(0)).isEmpty ? 0 : 1 }
    #expect(asked == DiscoveryTable.maximumInstances)
    for number in 0..<1000 { _ = table.text("fake-0", isAddition: true, bytes: Array("\(number)".utf8)) }
    #expect(table.text("fake-0", isAddition: true, bytes: [UInt8](repeating: 0, count: 60_000)) == [])
  }

  @Test("an outage loses nobody who shows up again, and tells nothing of those who did not change")
  func outage() {
    var table = tableWithPi()
    table.brokeDown(now: at(1000))
    #expect(table.nextTimeout == nil)
    #expect(table.text("pi", isAddition: true, bytes: Self.newText) == [])
    table.recovered(now: at(2000))
    #expect(table.seen("pi", now: at(2100)).contains(.ask(.text(instance: "pi"))))
    #expect(table.text("pi", isAddition: true, bytes: Self.text) == [])
    _ = table.target("pi", host: "pi.local", port: 7420, now: at(2200))
    _ = table.address("pi", family: .ipv4, host: "10.0.0.2", isAddition: true, now: at(2200))
    #expect(told(table.timePassed(now: at(2300))) == [])
    #expect(told(table.timePassed(now: at(2000 + DiscoveryTable.graceMilliseconds))) == [])
    #expect(told(table.vanished("pi")) == [.lost(name: "pi")])
  }

  @Test("who does not show up again after an outage is lost, once")
  func outageLoses() {
    var table = tableWithPi()
    table.brokeDown(now: at(1000))
    table.recovered(now: at(2000))
    #expect(table.nextTimeout == at(12_000))
    #expect(table.timePassed(now: at(11_999)) == [])
    #expect(table.timePassed(now: at(12_000)) == [.tell(.lost(name: "pi"))])
    #expect(table.nextTimeout == nil)
  }

  @Test("a lookup that breaks down with the rest starts anew")
  func outageDuringLookup() {
    var table = tableWithPi()
    _ = table.refresh("pi", now: at(300))
    table.brokeDown(now: at(310))
    table.recovered(now: at(400))
    #expect(table.seen("pi", now: at(500)).contains(.ask(.target(instance: "pi"))))
  }

  @Test("an error ends the lookup until the next try; answers that come late change nothing")
  func failed() {
    var table = DiscoveryTable()
    _ = table.seen("pi", now: at(0))
    #expect(table.failed(.target(instance: "pi"), now: at(10)) == [.stop(.target(instance: "pi"))])
    #expect(table.nextTimeout == at(10 + DiscoveryTable.firstRetryMilliseconds))
    #expect(table.target("pi", host: "pi.local", port: 7420, now: at(20)) == [])
    #expect(table.address("pi", family: .ipv4, host: "10.0.0.2", isAddition: true, now: at(20)) == [])
  }
}
