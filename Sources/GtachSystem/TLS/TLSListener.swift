#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// Where others connect to.
///
/// One thread accepts; each connection's handshake happens on a thread of its own, so that a peer that dawdles holds
/// up nobody else.
public final class TLSListener: Sendable {
  /// Where it listens, with the port that the kernel chose where 0 was asked for.
  public let boundEndpoint: Endpoint
  private let socket: Descriptor

  /// Starts to listen.
  ///
  /// - Parameter endpoint: The address of an interface, or `0.0.0.0` for every IPv4 address, or `::` for every address;
  ///   port 0 for any that is free.
  /// - Throws: `ErrorCode.busy` where the port is taken, `ErrorCode.notPermitted`, `ErrorCode.configurationInvalid`.
  public init(endpoint: Endpoint) throws(GtachError) {
    let socket = try TCPSocket.listen(on: endpoint)
    self.socket = socket
    let bound = SocketAddress(filledBy: { _ = getsockname(socket.number, $0, $1) })
    boundEndpoint = bound.endpoint
  }

  /// Waits for the next connection. What fails for one connection, and a lack of descriptors or memory that may pass,
  /// does not end the listening.
  ///
  /// - Throws: `ErrorCode.peerTimeout` at the deadline, `ErrorCode.cancelled`, `ErrorCode.inputOutput`.
  public func accept(deadline: Instant?, cancellation: Cancellation?) throws(GtachError) -> AcceptedSocket {
    try AcceptLoop.next(from: socket, deadline: deadline, cancellation: cancellation) { number, address in
      let descriptor = Descriptor(owning: number)
      TCPSocket.setNoDelay(descriptor)
      return AcceptedSocket(socket: descriptor, remoteEndpoint: address.endpoint)
    }
  }
}

/// A connection that somebody made and that has shown nothing yet.
public final class AcceptedSocket: Sendable {
  /// The other side's address.
  public let remoteEndpoint: Endpoint
  let socket: Descriptor

  init(socket: Descriptor, remoteEndpoint: Endpoint) {
    self.socket = socket
    self.remoteEndpoint = remoteEndpoint
  }

  /// Does the handshake as the server. To be called once, on the connection's own thread.
  ///
  /// - Parameters:
  ///   - identity: This node.
  ///   - allowJoin: Whether an invitation is open: only then may a client without a certificate speak `.join`.
  ///   - deadline: When the handshake has to be complete.
  ///   - cancellation: What ends the wait, and every later one on this connection.
  /// - Returns: The connection, and what the two sides speak on it.
  /// - Throws: `ErrorCode.peerUntrusted` for a client without a certificate of the fleet, or that speaks something
  ///   else, `ErrorCode.peerTimeout`, `ErrorCode.peerClosed`, `ErrorCode.cancelled`.
  public func handshake(
    identity: TLSIdentity, allowJoin: Bool, deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) -> (connection: TLSConnection, applicationProtocol: ApplicationProtocol) {
    var begun: TLSSession?
    do throws(GtachError) {
      try socket.setNonBlocking()
      let session = try TLSSession(
        socket: socket, remote: remoteEndpoint, context: identity.context, offer: nil, joinAllowed: allowJoin)
      begun = session
      try TLSConnection.completeHandshake(of: session, deadline: deadline, cancellation: cancellation)
      let chosen = session.applicationProtocol.flatMap { ApplicationProtocol(rawValue: $0) }
      switch chosen {
      case .gtach:
        guard session.peerIsVerified, let peer = try session.peerCertificate() else {
          throw TLSFailure.untrusted(remoteEndpoint, reason: "it has no certificate of the fleet")
        }
        return (TLSConnection(session: session, peer: peer, cancellation: cancellation), .gtach)
      case .join where allowJoin:
        return (TLSConnection(session: session, peer: nil, cancellation: cancellation), .join)
      default:
        throw TLSFailure.untrusted(
          remoteEndpoint, reason: "it does not speak \(ApplicationProtocol.gtach.rawValue)")
      }
    } catch {
      // Who completed the handshake, but is refused, gets a close_notify.
      _ = begun?.close()
      // So that the client reads why (the TLS alert) instead of a reset connection.
      let patience = MonotonicClock.now().advanced(byMilliseconds: Self.lingerMilliseconds)
      let lingering = error.code == .peerUntrusted ? deadline.map { min($0, patience) } ?? patience : nil
      socket.endConnection(lingering: lingering, cancellation: cancellation)
      throw error
    }
  }

  private static let lingerMilliseconds: Int64 = 1000
}
