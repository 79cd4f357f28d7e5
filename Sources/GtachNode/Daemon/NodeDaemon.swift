import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Synchronization

/// A running node: feeds `NodeState` with what happens and carries out what it decides.
///
/// One thread decides; connections, the disk, the installer, discovery and the control socket have threads of their
/// own and only ever post to it. The daemon is one of these with everything on; `gtach sync` without a daemon is one
/// that neither listens nor advertises and ends with its answer.
public final class NodeDaemon: Sendable {
  /// What a node does beside dialling its peers.
  public struct Options: Sendable {
    /// Whether it listens for peers and advertises itself.
    public var serves: Bool
    /// Whether it uses multicast at all.
    public var usesDiscovery: Bool
    /// Whether it fetches what it wants.
    public var fetches: Bool
    /// Whether it installs by itself what the configuration says.
    public var installs: Bool
    /// The file for the secrets of its TLS connections; nil for none.
    public var keyLog: String?

    /// Options from their fields.
    public init(
      serves: Bool = true, usesDiscovery: Bool = true, fetches: Bool = true, installs: Bool = true,
      keyLog: String? = nil
    ) {
      self.serves = serves
      self.usesDiscovery = usesDiscovery
      self.fetches = fetches
      self.installs = installs
      self.keyLog = keyLog
    }
  }

  enum LoopMessage: Sendable {
    case input(NodeInput)
    /// What a session heard, and what is to be done once it is taken note of.
    case heard(NodeInput, taken: @Sendable () -> Void)
    case request(ControlRequest, Mailbox<ControlReply>)
    case stop
  }

  let context: NodeContext
  let membership: Membership
  let options: Options
  let repository: PackageRepository
  let updates: UpdateManager
  let events: @Sendable (NodeEvent) -> Void
  let inbox = Mailbox<LoopMessage>()
  let cancellation: Cancellation

  /// A node over a home; `NodeContext.daemon` makes one.
  ///
  /// - Parameters:
  ///   - cancellation: what ends hooks and self-tests of `updates` early when the node is told to stop.
  ///   - events: takes what is worth telling, from any thread.
  init(
    context: NodeContext, membership: Membership, options: Options, repository: PackageRepository,
    updates: UpdateManager, cancellation: Cancellation, events: @escaping @Sendable (NodeEvent) -> Void
  ) {
    self.context = context
    self.membership = membership
    self.options = options
    self.repository = repository
    self.updates = updates
    self.cancellation = cancellation
    self.events = events
  }

  var home: Home { context.home }

  /// Asks the running node for something; the last reply that arrives is the answer.
  public func submit(_ request: ControlRequest) -> Mailbox<ControlReply> {
    let replies = Mailbox<ControlReply>()
    if !inbox.post(.request(request, replies)) {
      replies.post(.failed(ErrorReport(GtachError(.cancelled, "the node has stopped"))))
      replies.close()
    }
    return replies
  }

  /// Makes `run()` return soon. An update that is under way goes on with the next start.
  public func stop() {
    cancellation.cancel()
    inbox.post(.stop)
  }

  /// Runs the node until `stop()`.
  ///
  /// - Throws: what keeps it from starting: `ErrorCode.busy` where another daemon has the home, a port in use, damaged
  ///   metadata.
  public func run() throws(GtachError) {
    let lock = options.serves ? try exclusiveLock() : nil
    defer { withExtendedLifetime(lock) {} }
    do throws(GtachError) {
      try context.releaseDrivenLines()
    } catch {
      events(.updateFailed(name: "driven lines", error: ErrorReport(error)))
    }
    do throws(GtachError) {
      // The manager tells how it ended. Where it cannot, the next update tries again; serving goes on.
      _ = try updates.recover()
    } catch {
      events(.updateFailed(name: "recovery", error: ErrorReport(error)))
    }
    let trusted = try TrustedMetadata.load(from: repository, membership: membership)
    let held = try repository.variants()
    let setup = NodeSetup(
      id: membership.id, fleet: membership.fleet, machine: context.machine, configuration: context.configuration,
      isPublisher: membership.isPublisher, fetches: options.fetches, installs: options.installs,
      cleans: options.serves)
    let state = NodeState(
      setup: setup, trusted: trusted, held: held, choices: try repository.choices(),
      installState: try updates.state(), remembered: rememberedPeers(), checking: Ed25519(), hashing: SHA256(),
      seed: UInt64.random(in: .min ... .max))
    let loop = try NodeLoop(daemon: self, state: state)
    try loop.run()
  }

  private func exclusiveLock() throws(GtachError) -> FileLock {
    do throws(GtachError) {
      return try FileLock(path: home.daemonLock, wait: MonotonicClock.now())
    } catch {
      guard error.code == .busy else { throw error }
      throw GtachError(
        .busy, "a daemon runs for \(home.path) already", advice: "see how it is with \"gtach status\"")
    }
  }

  /// The peers that were met in an earlier life. A damaged cache costs a search, not a start.
  private func rememberedPeers() -> [RememberedPeer] {
    do throws(GtachError) {
      let bytes = try FileSystem().read(home.peers, maximumBytes: JSONFile.maximumBytes)
      return try JSONFile.decode([RememberedPeer].self, from: bytes, name: home.peers)
    } catch {
      if error.code != .notFound { events(.peerFailed(name: "remembered peers", error: ErrorReport(error))) }
      return []
    }
  }
}

extension NodeDaemon {
  /// What `gtach status` says while it runs.
  ///
  /// - Parameters:
  ///   - state: What it knows.
  ///   - listening: Where it takes connections.
  ///   - discovery: How discovery is, for people.
  func status(_ state: NodeState, listening: Endpoint?, discovery: String) -> StatusReport {
    StatusReport(
      node: membership.nodeName.text, id: membership.id, fleet: membership.fleetName, fleetID: membership.fleet,
      platform: Machine.platform, home: home.path, daemon: true, listening: listening, discovery: discovery,
      peers: state.table.reports.count { $0.sources != [.told] }, metadataVersion: state.trusted.timestampVersion,
      variants: state.held.count, installed: state.installed, refusals: state.installState.refusals,
      window: context.installWindow)
  }
}
