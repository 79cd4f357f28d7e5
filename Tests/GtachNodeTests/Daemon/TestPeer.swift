import GtachModel
import GtachSystem
import GtachWire

@testable import GtachNode

/// A member of the fleet that speaks with a daemon message by message.
final class TestPeer {
  private let channel: PeerChannel
  /// Messages that came while another one was waited for.
  private var early: [Message] = []

  private var soon: Instant { MonotonicClock.now().advanced(byMilliseconds: 20_000) }

  /// Connects and says hello.
  ///
  /// - Parameters:
  ///   - founder: Who certifies it, where that is not the node.
  ///   - identity: Who it is, where it is somebody already.
  init(_ name: String, to node: TestNode, of founder: TestNode? = nil, identity: TLSIdentity? = nil) throws {
    let identity = try identity ?? (founder ?? node).identity(name)
    let connection = try TLSConnection.connect(
      to: node.endpoint, identity: identity, deadline: MonotonicClock.now().advanced(byMilliseconds: 20_000),
      cancellation: nil)
    channel = PeerChannel(connection)
    try send(
      .hello(
        Hello(
          node: NodeID(publicKey: identity.certificate.publicKey, hashing: SHA256()), name: NodeName(name),
          fleet: node.membership.fleet, indexRoot: .zero, metadataVersion: 0)))
    guard case .hello? = try channel.receive(deadline: soon) else {
      throw GtachError(.bug, "the daemon did not say hello")
    }
  }

  deinit { channel.close(telling: nil) }

  func send(_ messages: Message...) throws(GtachError) {
    for message in messages { try channel.send(message) }
  }

  /// The next message of a kind; others are kept for later.
  func next<Result>(_ what: String, _ pick: (Message) -> Result?) throws(GtachError) -> Result {
    for place in early.indices {
      guard let result = pick(early[place]) else { continue }
      early.remove(at: place)
      return result
    }
    while let message = try channel.receive(deadline: soon) {
      if let result = pick(message) { return result }
      early.append(message)
    }
    throw GtachError(.peerClosed, "the daemon closed the connection before \(what)", reason: "it said \(early)")
  }

  /// What the daemon says until it closes the connection.
  func rest() throws(GtachError) -> [Message] {
    var messages = early
    while let message = try channel.receive(deadline: soon) { messages.append(message) }
    return messages
  }

  func have(_ id: UInt32) throws(GtachError) -> [Range<Int>] {
    try next("have \(id)") { if case .have(let have) = $0, have.id == id { have.ranges } else { nil } }
  }

  func lease(_ id: UInt32) throws(GtachError) -> Bool {
    try next("lease \(id)") { if case .lease(let lease) = $0, lease.id == id { lease.granted } else { nil } }
  }

  func unit(_ id: UInt32) throws(GtachError) -> ObjectUnit {
    try next("unit \(id)") { if case .unit(let unit) = $0, unit.id == id { unit } else { nil } }
  }

  func failure(_ id: UInt32) throws(GtachError) -> String {
    try next("failure \(id)") { if case .failure(let failure) = $0, failure.id == id { failure.code } else { nil } }
  }

  /// The code of the error with which the daemon closes the connection.
  func goodbye() throws(GtachError) -> String? {
    for case .failure(let failure) in try rest() where failure.id == nil { return failure.code }
    return nil
  }

  func changed(_ id: UInt32) throws(GtachError) -> Changed {
    try next("changed \(id)") { if case .changed(let changed) = $0, changed.id == id { changed } else { nil } }
  }
}
