import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// `gtach join TOKEN`: makes this machine's key here, has it certified by the machine that invited it, and keeps the
/// membership.
public enum Joiner {
  /// Joins the fleet of a token.
  ///
  /// - Parameter addresses: where to find the inviting machine instead of at the token's own hints; may be empty.
  /// - Returns: the membership, and where the inviting machine was reached.
  /// - Throws: `ErrorCode.tokenInvalid`; `ErrorCode.fleetExists`; `ErrorCode.peerUnreachable` where no address answers;
  ///   `ErrorCode.peerUntrusted` where whoever answers is not the one that invited; `ErrorCode.invitationUnknown` where
  ///   the token is spent.
  public static func join(
    home: Home, token text: String, addresses: [Endpoint], cancellation: Cancellation
  ) throws(GtachError) -> (membership: Membership, inviter: Endpoint) {
    let token = try InvitationToken(text)
    let store = MembershipStore(home: home)
    try FileSystem().perform([.makeDirectory(home.path)])
    try store.refuseSecondMembership()
    let key = try Ed25519PrivateKey()
    let request = try CertificateRequest(key: key, name: token.name.text)

    let (welcome, inviter, inviterName) = try ask(
      token, request: request, at: addresses.isEmpty ? token.hints : addresses, cancellation: cancellation)
    let authority = try Certificate(pem: welcome.authority)
    let certificate = try Certificate(pem: welcome.certificate)
    guard FleetID(publicKey: authority.publicKey, hashing: SHA256()) == token.fleet,
      certificate.isSigned(by: authority), certificate.publicKey == key.publicKey
    else {
      throw GtachError(.peerUntrusted, "the certificate that came is not one of the fleet for this machine's key")
    }
    let name = try NodeName(certificate.commonName)
    _ = try TrustedMetadata(pinnedRoot: welcome.root, checking: Ed25519(), hashing: SHA256())
    let membership = Membership(
      fleetName: authority.commonName, nodeName: name,
      identity: try TLSIdentity(key: key, certificate: certificate, authority: authority), pinnedRoot: welcome.root,
      isPublisher: false)
    try store.store(membership, keys: [:])
    // Without multicast the inviting machine is the only one that this one knows.
    let remembered = RememberedPeer(id: token.inviter, name: inviterName, endpoint: inviter)
    try JSONFile.replace(home.peers, with: JSONFile.encode([remembered]), in: home.path)
    return (membership, inviter)
  }

  private static func ask(
    _ token: InvitationToken, request: CertificateRequest, at addresses: [Endpoint], cancellation: Cancellation
  ) throws(GtachError) -> (Welcome, Endpoint, String) {
    var failure = GtachError(
      .peerUnreachable, "the token has no address of the inviting machine",
      advice: "give one: \"gtach join TOKEN --address HOST:PORT\"")
    for address in addresses {
      let deadline = MonotonicClock.now().advanced(byMilliseconds: Limits.handshakeMilliseconds)
      do throws(GtachError) {
        let connection = try TLSConnection.connectToJoin(
          to: address, authority: token.fleet, node: token.inviter, deadline: deadline, cancellation: cancellation)
        let channel = PeerChannel(connection, stream: .joinAnswers)
        defer { channel.close(telling: nil) }
        try channel.send(.join(Join(secret: token.secret, request: try request.pem())), deadline: deadline)
        switch try channel.receive(deadline: deadline) {
        case .welcome(let welcome)?: return (welcome, address, channel.peerName)
        case .failure(let answer)?: throw answer.error
        default: throw GtachError(.protocolViolation, "the inviting machine did not answer the request")
        }
      } catch {
        // The next address may be the right one, unless the right machine has answered, and said no.
        failure = error
        if [.cancelled, .invitationUnknown, .bug].contains(error.code) { break }
      }
    }
    if failure.code == .peerUnreachable || failure.code == .peerTimeout || failure.code == .peerClosed {
      throw GtachError(
        failure.code, "the inviting machine cannot be reached", reason: failure.description,
        advice: "is \"gtach invite\" or \"gtach node\" running there? its address can be given with --address HOST:PORT"
      )
    }
    if failure.code == .peerUntrusted {
      throw GtachError(
        .peerUntrusted, failure.message, reason: failure.reason,
        advice: "the token may be spent or have expired, or another machine has the address: ask for a new token")
    }
    throw failure
  }
}
