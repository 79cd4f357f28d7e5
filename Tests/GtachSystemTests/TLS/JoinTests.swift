import GtachModel
import Testing

@testable import GtachSystem

@Suite("TLS for a machine that joins")
struct JoinTests {
  let fleet: TestFleet
  let identity: TLSIdentity
  let server: TestServer

  init() throws {
    fleet = try TestFleet(name: "workshop")
    identity = try fleet.identity("laptop")
    server = try TestServer(identity: identity, allowJoin: true)
  }

  private func id(of key: [UInt8]) -> NodeID { NodeID(publicKey: key, hashing: SHA256()) }

  private func join(authority: FleetID, node: NodeID) throws(GtachError) -> TLSConnection {
    try TLSConnection.connectToJoin(
      to: server.endpoint, authority: authority, node: node, deadline: soon(), cancellation: nil)
  }

  @Test("the node that the invitation names is found, without a certificate of one's own")
  func join() throws {
    defer { server.stop() }
    let client = try join(authority: fleet.id, node: id(of: identity.key.publicKey))
    let accepted = try server.next()
    #expect(client.peerPublicKey == identity.key.publicKey)
    #expect(accepted.peerPublicKey.isEmpty)
    #expect(accepted.peerName.isEmpty)
    try client.send([1, 2], deadline: soon())
    #expect(try accepted.receiveAll(2) == [1, 2])
    try accepted.send([3], deadline: soon())
    #expect(try client.receiveAll(1) == [3])
  }

  @Test("another member, another fleet: refused")
  func wrongPin() throws {
    defer { server.stop() }
    let node = id(of: identity.key.publicKey)
    let other = try TestFleet(name: "workshop")
    #expect(thrownError { try join(authority: other.id, node: node) }?.code == .peerUntrusted)
    let neighbour = id(of: try fleet.member("pi-1").key.publicKey)
    #expect(thrownError { try join(authority: fleet.id, node: neighbour) }?.code == .peerUntrusted)
    #expect(thrownError { try join(authority: fleet.id, node: fleet.id) }?.code == .peerUntrusted)
  }

  @Test("a server that only shows the authority's certificate beside its own is refused")
  func borrowedAuthority() throws {
    defer { server.stop() }
    // The liar has the key that the invitation names, yet its certificate is its own work.
    let liar = try TestFleet(name: "workshop")
    let member = try liar.member("laptop")
    let context = try TLSContext(key: member.key, certificate: member.certificate, authority: fleet.authority)
    let listener = try TLSListener(endpoint: Endpoint(host: "127.0.0.1", port: 0))
    let thread = try WorkerThread(name: "liar") {
      do throws(GtachError) {
        let socket = try listener.accept(deadline: soon(), cancellation: nil)
        let session = try TLSSession(
          socket: socket.socket, remote: socket.remoteEndpoint, context: context, offer: nil, joinAllowed: true)
        try socket.socket.setNonBlocking()
        try TLSConnection.completeHandshake(of: session, deadline: soon(), cancellation: nil)
      } catch { Issue.record(error) }
    }
    let error = thrownError {
      try TLSConnection.connectToJoin(
        to: listener.boundEndpoint, authority: fleet.id, node: id(of: member.key.publicKey), deadline: soon(),
        cancellation: nil)
    }
    thread.join()
    #expect(error?.code == .peerUntrusted)
  }

  @Test("an open invitation lets nobody past the certificates of the fleet's own protocol")
  func noCertificateStill() throws {
    defer { server.stop() }
    let context = try TLSContext(key: nil, certificate: nil, authority: nil)
    for offer in [["gtach/1"], ["gtach-join/1", "gtach/1"]] {
      let error = thrownError {
        let session = try TLSConnection.dial(
          server.endpoint, context: context, offer: offer, deadline: soon(), cancellation: nil)
        _ = try TLSConnection(session: session, peer: nil, cancellation: nil).receive(maximum: 1, deadline: soon())
      }
      #expect(error?.code == .peerUntrusted)
      #expect(thrownError { try server.next() }?.code == .peerUntrusted)
    }
    let (client, accepted) = try server.pair(fleet.identity("pi-2"))
    #expect(accepted.peerName == "pi-2")
    client.close()
  }

  @Test("no invitation is open: refused")
  func notInvited() throws {
    server.stop()
    let closed = try TestServer(identity: identity)
    defer { closed.stop() }
    let error = thrownError {
      try TLSConnection.connectToJoin(
        to: closed.endpoint, authority: fleet.id, node: id(of: identity.key.publicKey), deadline: soon(),
        cancellation: nil)
    }
    #expect(error?.code == .peerUntrusted)
  }
}
