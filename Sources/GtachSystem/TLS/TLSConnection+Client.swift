import GtachModel

extension TLSConnection {
  /// Connects to another member of the fleet.
  ///
  /// The other side has shown a certificate of the fleet when this returns, but may still refuse ours: that comes with
  /// the first `receive`. A peer is up after its first message.
  ///
  /// - Parameters:
  ///   - endpoint: Where it listens.
  ///   - identity: This node.
  ///   - deadline: When the handshake has to be complete.
  ///   - cancellation: What ends the wait, and every later one on this connection.
  /// - Throws: `ErrorCode.peerUnreachable`, `ErrorCode.peerTimeout`, `ErrorCode.peerUntrusted`,
  ///   `ErrorCode.peerClosed`, `ErrorCode.cancelled`, `ErrorCode.busy`.
  public static func connect(
    to endpoint: Endpoint, identity: TLSIdentity, deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) -> TLSConnection {
    let session = try dial(
      endpoint, context: identity.context, offer: [ApplicationProtocol.gtach.rawValue], deadline: deadline,
      cancellation: cancellation)
    guard session.applicationProtocol == ApplicationProtocol.gtach.rawValue, session.peerIsVerified,
      let peer = try session.peerCertificate()
    else {
      throw TLSFailure.untrusted(session.remote, reason: "it does not speak \(ApplicationProtocol.gtach.rawValue)")
    }
    return TLSConnection(session: session, peer: peer, cancellation: cancellation)
  }

  /// Connects to the node that an invitation names, without a certificate of one's own.
  ///
  /// - Parameters:
  ///   - endpoint: Where it listens.
  ///   - authority: The id of the fleet: the hash of its authority's key.
  ///   - node: The id of the node: the hash of its key. Nobody else is accepted, member or not.
  ///   - deadline: When the handshake has to be complete.
  ///   - cancellation: What ends the wait, and every later one on this connection.
  /// - Throws: `ErrorCode.peerUntrusted` where another machine answers or no invitation is open there, else as
  ///   `connect`.
  public static func connectToJoin(
    to endpoint: Endpoint, authority: FleetID, node: NodeID, deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) -> TLSConnection {
    let context = try TLSContext(key: nil, certificate: nil, authority: nil)
    let session = try dial(
      endpoint, context: context, offer: [ApplicationProtocol.join.rawValue], deadline: deadline,
      cancellation: cancellation)
    guard session.applicationProtocol == ApplicationProtocol.join.rawValue, let peer = try session.peerCertificate()
    else {
      throw TLSFailure.untrusted(session.remote, reason: "it does not speak \(ApplicationProtocol.join.rawValue)")
    }
    // The handshake has proven that the peer has the key of the certificate; whose it is, is decided here. Nothing
    // was sent to it so far.
    guard NodeID(publicKey: peer.publicKey, hashing: SHA256()) == node else {
      throw TLSFailure.untrusted(session.remote, reason: "it is not the node that wrote the invitation")
    }
    let fleet = session.peerChain().first { FleetID(publicKey: $0.publicKey, hashing: SHA256()) == authority }
    guard let fleet, peer.isSigned(by: fleet) else {
      throw TLSFailure.untrusted(session.remote, reason: "it is not a member of the fleet that the invitation names")
    }
    return TLSConnection(session: session, peer: peer, cancellation: cancellation)
  }

  /// Connects and completes the handshake.
  static func dial(
    _ endpoint: Endpoint, context: TLSContext, offer: [String], deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) -> TLSSession {
    let (socket, remote) = try TCPSocket.connect(to: endpoint, deadline: deadline, cancellation: cancellation)
    let session = try TLSSession(socket: socket, remote: remote, context: context, offer: offer, joinAllowed: false)
    try completeHandshake(of: session, deadline: deadline, cancellation: cancellation)
    return session
  }

  /// Goes through the handshake, at either end.
  static func completeHandshake(
    of session: TLSSession, deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) {
    while case .wait(let interest) = try session.handshake() {
      guard
        try Readiness.wait(for: (session.socket.number, interest), until: deadline, cancellation: cancellation)
      else { throw GtachError(.peerTimeout, "\(session.remote) does not complete the TLS handshake") }
    }
  }
}
