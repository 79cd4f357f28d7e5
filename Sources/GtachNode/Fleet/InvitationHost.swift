import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Synchronization

/// Answers one invited machine while no daemon runs: what `gtach invite` waits with.
public final class InvitationHost: Sendable {
  private let server: PeerServer
  private let invitations: Invitations
  private let threads: Mutex<[WorkerThread]> = Mutex([])
  private let events = Mailbox<NodeEvent>()

  /// Listens where the daemon would.
  ///
  /// - Throws: `ErrorCode.busy` where another program has the port.
  public init(context: NodeContext, membership: Membership) throws(GtachError) {
    let repository = try context.repository()
    let trusted = try TrustedMetadata.load(from: repository, membership: membership)
    let limits = context.configuration.uploadLimits
    let digest = IndexDigest(entries: limits.isOn ? try repository.variants() : [:], hashing: SHA256())
    invitations = Invitations(home: context.home)
    let events = events
    server = try PeerServer(
      endpoint: context.configuration.listeningEndpoint, membership: membership, repository: repository,
      announcement: Announcement(index: digest, metadataVersion: trusted.timestampVersion),
      sharing: UnitSharing(repository: repository, limits: limits, isUnavailable: { _ in }),
      invitations: invitations, emit: { events.post($0) },
      // Here for an invitation, it decides nothing about releases: the daemon will find out.
      isUnavailable: { _ in }, called: { _, _, _ in })
    let started = try server.start()
    threads.withLock { $0 = [started] }
  }

  /// Where it listens.
  public var endpoint: Endpoint { server.endpoint }

  /// Waits until the invitation is used.
  ///
  /// - Returns: false where it was not used in time.
  /// - Throws: `ErrorCode.cancelled`.
  public func waitForOne(
    _ invitation: Invitations.Opened, until deadline: Instant, cancellation: Cancellation,
    event: (NodeEvent) -> Void
  ) throws(GtachError) -> Bool {
    defer {
      server.stop()
      for thread in threads.withLock({ $0 }) { thread.join() }
    }
    while MonotonicClock.now() < deadline {
      try cancellation.check()
      let tick = MonotonicClock.now().advanced(byMilliseconds: Self.lookMilliseconds)
      guard let happened = events.receive(until: min(tick, deadline)) else { continue }
      event(happened)
      if case .nodeJoined = happened, try !invitations.isOpen(invitation) { return true }
    }
    return false
  }

  /// How often the wait looks whether it was interrupted, in milliseconds.
  private static let lookMilliseconds: Int64 = 200

  /// The addresses by which a new machine may find a listener: its own where it has one, else the machine's.
  ///
  /// - Throws: `ErrorCode.inputOutput` where the interfaces cannot be listed.
  public static func addresses(of listening: Endpoint) throws(GtachError) -> [Endpoint] {
    guard listening.host == "::" || listening.host == "0.0.0.0" else { return [listening] }
    // A zone is a name on this machine only: link-local addresses are no hints.
    return try NetworkInterfaces.addresses().filter { !$0.contains("%") }.map {
      Endpoint(host: $0, port: listening.port)
    }
  }
}
