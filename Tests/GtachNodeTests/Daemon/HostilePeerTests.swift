import GtachModel
import GtachSystem
import GtachWire
import Testing

@testable import GtachNode

/// What members of the fleet that have gone bad, and strangers, can do to a daemon: end their own connection.
@Suite("Hostile peers", .serialized)
struct HostilePeerTests {
  let directory: TestDirectory
  let node: TestNode

  init() throws {
    directory = try TestDirectory()
    node = try TestNode.founder(directory)
  }

  private var soon: Instant { MonotonicClock.now().advanced(byMilliseconds: 20_000) }

  private func connect(_ identity: TLSIdentity) throws -> TLSConnection {
    try TLSConnection.connect(to: node.endpoint, identity: identity, deadline: soon, cancellation: nil)
  }

  private func hello(as identity: TLSIdentity, node id: NodeID? = nil) throws -> Message {
    .hello(
      Hello(
        node: id ?? NodeID(publicKey: identity.certificate.publicKey, hashing: SHA256()), name: try NodeName("bad"),
        fleet: node.membership.fleet, indexRoot: .zero, metadataVersion: 0))
  }

  /// All messages until the daemon closes.
  private func answers(on connection: TLSConnection) throws -> [Message] {
    let channel = PeerChannel(connection)
    var messages: [Message] = []
    while let message = try channel.receive(deadline: soon) { messages.append(message) }
    return messages
  }

  private func codes(_ messages: [Message]) -> [String] {
    messages.compactMap { if case .failure(let failure) = $0 { failure.code } else { nil } }
  }

  /// The daemon answers a peer that behaves.
  private func isAlive() throws -> Bool {
    let identity = try node.identity("good")
    let channel = PeerChannel(try connect(identity))
    defer { channel.close(telling: nil) }
    try channel.send(hello(as: identity))
    guard case .hello? = try channel.receive(deadline: soon) else { return false }
    try channel.send(.getBuckets(GetBuckets(id: 1)))
    guard case .buckets? = try channel.receive(deadline: soon) else { return false }
    return true
  }

  @Test func framesThatAreTooLongOrNonsenseEndTheirConnectionOnly() throws {
    defer { node.stop() }
    let cases: [(bytes: [UInt8], code: String)] = [
      ([0xFF, 0xFF, 0xFF, 0xFF, 0x01], "frame-oversize"),
      ([0, 0, 0, 0, 0], "frame-malformed"),
      ([0, 0, 0, 3, 0x01, 0x7B, 0x7B], "frame-malformed"),
      ([0, 0, 0, 1, 0x7F], "protocol-violation"),
      (Message.getBuckets(GetBuckets(id: 1)).encoded(), "protocol-violation"),
    ]
    for (bytes, code) in cases {
      let connection = try connect(node.identity("bad"))
      try connection.send(bytes, deadline: soon)
      #expect(codes(try answers(on: connection)) == [code])
    }
    #expect(try isAlive())
  }

  @Test func nobodyIsBelievedToBeWhoItsCertificateDoesNotSay() throws {
    defer { node.stop() }
    let identity = try node.identity("bad")
    let connection = try connect(identity)
    try connection.send(hello(as: identity, node: node.membership.id).encoded(), deadline: soon)
    #expect(codes(try answers(on: connection)) == ["peer-untrusted"])
    #expect(try isAlive())
  }

  @Test func aRequestForWhatIsNotHereIsAnsweredAndTheConnectionGoesOn() throws {
    defer { node.stop() }
    let identity = try node.identity("curious")
    let channel = PeerChannel(try connect(identity))
    defer { channel.close(telling: nil) }
    try channel.send(hello(as: identity))
    _ = try channel.receive(deadline: soon)
    let unknown = SHA256().digest(of: [1, 2, 3])
    let requests: [Message] = [
      .getFile(GetFile(id: 1, file: .metadata("7.targets.json"))),
      .getFile(GetFile(id: 2, file: .manifest(unknown))),
      .getFile(GetFile(id: 3, file: .index(unknown))),
      .getChunk(GetChunk(id: 4, digest: unknown)),
    ]
    for (number, request) in requests.enumerated() {
      try channel.send(request)
      guard case .failure(let failure)? = try channel.receive(deadline: soon) else {
        Issue.record("no failure for request \(number + 1)")
        continue
      }
      #expect(failure.id == UInt32(number + 1))
      #expect(["not-found", "chunk-missing"].contains(failure.code))
    }
    try channel.send(.getFile(GetFile(id: 5, file: .metadata("timestamp.json"))))
    guard case .filePart(let part)? = try channel.receive(deadline: soon) else {
      Issue.record("no timestamp")
      return
    }
    #expect(part.bytes.count == part.total && part.base == 0)
  }

  @Test func aStrangerGetsNoByteAndATokenlessOneCannotJoin() throws {
    defer { node.stop() }
    let elsewhere = try TestDirectory()
    let stranger = try FleetFounder.found(
      home: Home("\(elsewhere.path)/stranger"), fleetName: "test", nodeName: NodeName("dev"), now: SystemClock.now())
    var refused: ErrorCode?
    do {
      let connection = try connect(stranger.identity)
      _ = try connection.receive(maximum: 100, deadline: soon)
    } catch {
      refused = (error as? GtachError)?.code
    }
    #expect(refused == .peerUntrusted)
    var joined: ErrorCode?
    do throws(GtachError) {
      _ = try TLSConnection.connectToJoin(
        to: node.endpoint, authority: node.membership.fleet, node: node.membership.id, deadline: soon,
        cancellation: nil)
    } catch {
      joined = error.code
    }
    #expect(joined == .peerUntrusted)
    #expect(try isAlive())
  }

  @Test(arguments: [LyingPeer.Lie.units, .chunks])
  func whatALiarChangedIsNotStoredAndAnHonestPeerCompletesTheRelease(lie: LyingPeer.Lie) throws {
    try node.publish("app", "1.0.0", bytes: 300_000)
    let liar = try LyingPeer(identity: node.identity("liar"), truth: node, lie: lie)
    let victim = try node.member("victim", in: directory, peers: [liar.endpoint])
    defer {
      victim.stop()
      liar.stop()
      node.stop()
    }
    let isRefused = victim.log.waits { event in
      guard case .peerFailed("liar", let error) = event else { return false }
      return error.code == (lie == .units ? "object-corrupt" : "chunk-corrupt")
    }
    #expect(isRefused, "\(victim.log.all)")
    #expect(try victim.held().isEmpty)
    let honest: ControlRequest = .sync(
      requirements: [], peers: [node.endpoint], dryRun: false, install: false)
    guard case .sync? = victim.ask(honest) else {
      Issue.record("no answer to sync")
      return
    }
    let isComplete = victim.log.waits { if case .fetchFinished = $0 { true } else { false } }
    #expect(isComplete, "\(victim.log.all)")
    #expect(try victim.held().map(\.release.description) == ["app@1.0.0"])
  }

  @Test func whoDoesNotReadKeepsNoNewsFromOthers() throws {
    defer { node.stop() }
    try node.publish("app", "1.0.0", bytes: 600_000)
    let repository = try PackageRepository(home: node.home.path)
    let index = try repository.index(of: try #require(try node.held().first))
    func watch(_ peer: TestPeer) throws {
      // The first answer says what there is, the second is due when that changes.
      try peer.send(.watch(Watch(id: 1, indexRoot: .zero, metadataVersion: 0)))
      let now = try peer.changed(1)
      try peer.send(.watch(Watch(id: 2, indexRoot: now.indexRoot, metadataVersion: now.metadataVersion)))
    }
    let reader = try TestPeer("reader", to: node)
    try watch(reader)
    // More than the kernels of both sides take in.
    let deaf = try (0..<5).map { try TestPeer("deaf-\($0)", to: node) }
    for peer in deaf {
      try watch(peer)
      for id in 0..<UInt32(200) { try peer.send(.getChunk(GetChunk(id: 10 + id, digest: index.chunks[0].digest))) }
    }
    try node.publish("other", "1.0.0", bytes: 1_000)
    #expect(try reader.changed(2).metadataVersion > 1)
    #expect(try isAlive())
  }
}
