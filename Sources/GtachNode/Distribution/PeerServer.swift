import GtachModel
import GtachSystem
import GtachWire
import Synchronization

/// Listens for peers, and for machines that were invited; a thread for each connection.
final class PeerServer: Sendable {
  private struct State {
    var connections: [Int: (node: NodeID, served: ServedConnection?)] = [:]
    var threads = 0
    var handshakes = 0
    var nextNumber = 0
  }

  private let listener: TLSListener
  private let membership: Membership
  private let repository: PackageRepository
  private let announcement: Announcement
  private let sharing: UnitSharing
  private let invitations: Invitations
  private let emit: @Sendable (NodeEvent) -> Void
  private let isUnavailable: @Sendable (Digest) -> Void
  private let called: @Sendable (NodeID, String, Endpoint) -> Void
  private let cancellation: Cancellation
  private let state = Mutex(State())

  /// Listens at an endpoint; port 0 lets the system choose.
  ///
  /// - Parameters:
  ///   - isUnavailable: Is told of chunks that a peer asked for and did not get, from any thread.
  ///   - called: Is told who has called, its name, and where it listens as it says, from any thread.
  init(
    endpoint: Endpoint, membership: Membership, repository: PackageRepository, announcement: Announcement,
    sharing: UnitSharing, invitations: Invitations, emit: @escaping @Sendable (NodeEvent) -> Void,
    isUnavailable: @escaping @Sendable (Digest) -> Void,
    called: @escaping @Sendable (NodeID, String, Endpoint) -> Void
  ) throws(GtachError) {
    listener = try TLSListener(endpoint: endpoint)
    cancellation = try Cancellation()
    self.membership = membership
    self.repository = repository
    self.announcement = announcement
    self.sharing = sharing
    self.invitations = invitations
    self.emit = emit
    self.isUnavailable = isUnavailable
    self.called = called
  }

  /// Where it listens.
  var endpoint: Endpoint { listener.boundEndpoint }

  /// Starts to accept. Returns the thread that ends after `stop()`.
  func start() throws(GtachError) -> WorkerThread {
    try WorkerThread(name: "gtach-accept") { self.accept() }
  }

  /// Has those told who watch that something has changed. Waits for none of them.
  func announce() {
    for connection in state.withLock({ $0.connections.values.map(\.served) }) { connection?.announce() }
  }

  /// Ends all connections.
  func stop() { cancellation.cancel() }

  private func accept() {
    while !cancellation.isCancelled {
      do throws(GtachError) {
        let socket = try listener.accept(deadline: nil, cancellation: cancellation)
        let isWelcome = state.withLock { state in
          guard state.threads < DistributionLimits.connections,
            state.handshakes < DistributionLimits.handshakes
          else { return false }
          state.threads += 1
          state.handshakes += 1
          return true
        }
        guard isWelcome else { continue }
        // A connection's thread ends with it; nobody waits for it but the end of the process.
        do throws(GtachError) {
          _ = try WorkerThread(name: "gtach-serve") {
            self.serve(socket)
            self.state.withLock { $0.threads -= 1 }
          }
        } catch {
          state.withLock { state in
            state.threads -= 1
            state.handshakes -= 1
          }
          throw error
        }
      } catch {
        if error.code == .cancelled { return }
        // Out of descriptors or threads: those that are served go on, and some will end.
        emit(.peerFailed(name: "a connection", error: ErrorReport(error)))
        _ = Mailbox<Void>().receive(until: MonotonicClock.now().advanced(byMilliseconds: 1_000))
      }
    }
  }

  private func serve(_ socket: AcceptedSocket) {
    var channel: PeerChannel?
    do throws(GtachError) {
      let deadline = MonotonicClock.now().advanced(byMilliseconds: Limits.handshakeMilliseconds)
      let (connection, alpn) = try handshake(socket, deadline: deadline)
      if alpn == .join {
        let opened = PeerChannel(connection, stream: .joinRequests)
        channel = opened
        try admit(opened, deadline: deadline)
        opened.close(telling: nil)
        return
      }
      let opened = PeerChannel(connection, stream: .requests)
      channel = opened
      guard let number = enter(opened.peer) else {
        throw GtachError(.busy, "\(opened.peerName) has too many connections to this node")
      }
      defer { state.withLock { $0.connections[number] = nil } }
      let served = ServedConnection(
        number: number, channel: opened, membership: membership, repository: repository, announcement: announcement,
        sharing: sharing, port: endpoint.port, isUnavailable: isUnavailable, called: called)
      state.withLock { $0.connections[number]?.served = served }
      try served.serve()
      opened.close(telling: nil)
    } catch {
      channel?.close(telling: error)
      // Silence and departure are a peer's right; the rest is worth a line.
      if ![.peerClosed, .peerTimeout, .cancelled].contains(error.code) {
        emit(.peerFailed(name: channel?.peerName ?? socket.remoteEndpoint.host, error: ErrorReport(error)))
      }
    }
  }

  private func handshake(
    _ socket: AcceptedSocket, deadline: Instant
  ) throws(GtachError) -> (connection: TLSConnection, applicationProtocol: ApplicationProtocol) {
    defer { state.withLock { $0.handshakes -= 1 } }
    return try socket.handshake(
      identity: membership.identity, allowJoin: invitations.isAnyOpen(now: SystemClock.now()), deadline: deadline,
      cancellation: cancellation)
  }

  /// Counts a connection; nil where its node has enough of them.
  private func enter(_ node: NodeID?) -> Int? {
    guard let node else { return nil }
    return state.withLock { state in
      let others = state.connections.values.count { $0.node == node }
      guard others < DistributionLimits.connectionsPerNode else { return nil }
      state.nextNumber += 1
      state.connections[state.nextNumber] = (node, nil)
      return state.nextNumber
    }
  }

  private func admit(_ channel: PeerChannel, deadline: Instant) throws(GtachError) {
    guard case .join(let join)? = try channel.receive(deadline: deadline) else {
      throw GtachError(.protocolViolation, "a machine that wants to join did not ask for it")
    }
    let name = try invitations.admit(join, membership: membership, now: SystemClock.now()) {
      welcome throws(GtachError) in
      try channel.send(.welcome(welcome), deadline: deadline)
    }
    emit(.nodeJoined(name: name.text))
  }
}
