import COpenSSL
import GtachModel
import Testing

@testable import GtachSystem

@Suite("TLS trust")
struct TLSTrustTests {
  let fleet: TestFleet
  let identity: TLSIdentity
  let server: TestServer

  init() throws {
    fleet = try TestFleet(name: "workshop")
    identity = try fleet.identity("pi-1")
    server = try TestServer(identity: identity)
  }

  /// What a client of the given settings gets: the error of its handshake or, as TLS 1.3 tells a client late that its
  /// certificate is refused, of its first receive.
  private func verdict(of context: TLSContext, offer: [String] = ["gtach/1"]) -> ErrorCode? {
    thrownError {
      let session = try TLSConnection.dial(
        server.endpoint, context: context, offer: offer, deadline: soon(), cancellation: nil)
      let connection = TLSConnection(session: session, peer: nil, cancellation: nil)
      _ = try connection.receive(maximum: 1, deadline: soon())
    }?.code
  }

  /// That the server has refused the last client and serves the next one.
  private func checkRefusedAndAlive() throws {
    #expect(thrownError { try server.next() }?.code == .peerUntrusted)
    let (client, accepted) = try server.pair(fleet.identity("pi-2"))
    try accepted.send([1], deadline: soon())
    #expect(try client.receiveAll(1) == [1])
  }

  @Test("a client without a certificate is refused")
  func noCertificate() throws {
    defer { server.stop() }
    let context = try TLSContext(key: nil, certificate: nil, authority: fleet.authority)
    #expect(verdict(of: context) == .peerUntrusted)
    try checkRefusedAndAlive()
  }

  @Test("a client of another fleet is refused, whatever that fleet is called")
  func otherFleet() throws {
    defer { server.stop() }
    let stranger = try TestFleet(name: "workshop").member("pi-2")
    let context = try TLSContext(key: stranger.key, certificate: stranger.certificate, authority: fleet.authority)
    #expect(verdict(of: context) == .peerUntrusted)
    try checkRefusedAndAlive()
  }

  @Test("a client whose certificate another member has signed is refused")
  func signedByMember() throws {
    defer { server.stop() }
    let member = try fleet.member("pi-2")
    let key = try Ed25519PrivateKey()
    let forged = try CertificateMaker(subject: "mole", subjectKey: key.object, isAuthority: false)
      .make(issuer: member.certificate, issuerKey: member.key.object)
    let context = try TLSContext(key: key, certificate: forged, authority: fleet.authority)
    #expect(gtach_add_chain_certificate(context.pointer, member.certificate.object.pointer) == 1)
    #expect(verdict(of: context) == .peerUntrusted)
    try checkRefusedAndAlive()
  }

  @Test("a server of another fleet is refused")
  func otherServer() throws {
    defer { server.stop() }
    let stranger = try TestFleet(name: "workshop").identity("pi-2")
    let error = thrownError {
      try TLSConnection.connect(to: server.endpoint, identity: stranger, deadline: soon(), cancellation: nil)
    }
    #expect(error?.code == .peerUntrusted)
    try checkRefusedAndAlive()
  }

  @Test(
    "a client that offers another protocol is refused, one that wants to join uninvited too",
    arguments: [["http/1.1"], ["gtach/2"], ["gtach-join/1"], ["h2", "gtach-join/1"]])
  func otherProtocol(offer: [String]) throws {
    defer { server.stop() }
    let member = try fleet.member("pi-2")
    let context = try TLSContext(key: member.key, certificate: member.certificate, authority: fleet.authority)
    #expect(verdict(of: context, offer: offer) == .peerUntrusted)
    try checkRefusedAndAlive()
  }

  @Test("a client that speaks TLS 1.2 at most is refused")
  func oldVersion() throws {
    defer { server.stop() }
    let member = try fleet.member("pi-2")
    let context = try TLSContext(key: member.key, certificate: member.certificate, authority: fleet.authority)
    #expect(gtach_set_protocol_version(context.pointer, TLS1_2_VERSION) == 1)
    #expect(verdict(of: context) == .peerUntrusted)
    try checkRefusedAndAlive()
  }

  @Test(
    "a client that speaks no TLS at all is refused", arguments: ["GET / HTTP/1.1\r\n\r\n", "\u{0}\u{1}\u{2}\u{3}\u{4}"])
  func noTLS(greeting: String) throws {
    defer { server.stop() }
    let (socket, _) = try TCPSocket.connect(to: server.endpoint, deadline: soon(), cancellation: nil)
    socket.writeForTest(Array(greeting.utf8))
    try checkRefusedAndAlive()
    withExtendedLifetime(socket) {}
  }

  @Test("a client that says nothing, or a byte now and then, is given up at the deadline", arguments: [false, true])
  func slowHandshake(trickle: Bool) throws {
    let impatient = try TestServer(identity: identity, handshakeMilliseconds: 200)
    defer {
      impatient.stop()
      server.stop()
    }
    let (socket, _) = try TCPSocket.connect(to: impatient.endpoint, deadline: soon(), cancellation: nil)
    let stop = try Cancellation()
    let thread = try WorkerThread(name: "trickle") {
      // A record that announces 512 bytes, and never has them all.
      var rest: [UInt8] =
        [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03] + Array(repeating: 7, count: 400)
      while trickle, !rest.isEmpty, !stop.isCancelled {
        socket.writeForTest([rest.removeFirst()])
        _ = thrownError { try stop.sleep(until: MonotonicClock.now().advanced(byMilliseconds: 20)) }
      }
    }
    #expect(thrownError { try impatient.next() }?.code == .peerTimeout)
    stop.cancel()
    thread.join()
    let (client, accepted) = try impatient.pair(fleet.identity("pi-2"))
    try accepted.send([1], deadline: soon())
    #expect(try client.receiveAll(1) == [1])
  }

  @Test("a client that goes away in the middle of the handshake harms nobody")
  func brokenHandshake() throws {
    defer { server.stop() }
    do {
      let (socket, _) = try TCPSocket.connect(to: server.endpoint, deadline: soon(), cancellation: nil)
      socket.writeForTest([0x16, 0x03, 0x01, 0x02])
    }
    #expect(thrownError { try server.next() }?.code == .peerClosed)
    let (client, accepted) = try server.pair(fleet.identity("pi-2"))
    try client.send([1], deadline: soon())
    #expect(try accepted.receiveAll(1) == [1])
  }

  @Test("nobody listens, or the name does not exist: unreachable")
  func unreachable() throws {
    let free = server.endpoint
    server.stop()
    // A label of more than 63 bytes is refused by this machine's resolver: no server is asked.
    let noName = String(repeating: "x", count: 64) + ".invalid"
    for endpoint in [free, Endpoint(host: noName, port: 1), Endpoint(host: "a\0b", port: 1)] {
      let error = thrownError {
        try TLSConnection.connect(to: endpoint, identity: identity, deadline: soon(), cancellation: nil)
      }
      #expect(error?.code == .peerUnreachable)
    }
  }
}
