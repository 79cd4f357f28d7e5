import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Synchronization

/// What this node tells its peers of itself, as of now.
final class Announcement: Sendable {
  private let current: Mutex<(index: IndexDigest, metadataVersion: Int)>
  private let met = Mutex<[Peers.Entry]>([])

  init(index: IndexDigest, metadataVersion: Int) { current = Mutex((index, metadataVersion)) }

  var value: Advertisement {
    current.withLock { Advertisement(indexRoot: $0.index.root, metadataVersion: $0.metadataVersion) }
  }

  /// What the root that peers are told is the root of. Were the disk asked instead, a peer that watches would ask
  /// without end while the two differ.
  var index: IndexDigest { current.withLock { $0.index } }

  func set(index: IndexDigest, metadataVersion: Int) { current.withLock { $0 = (index, metadataVersion) } }

  /// Whom this node has met lately.
  func set(met peers: [Peers.Entry]) { met.withLock { $0 = peers } }

  /// Whom of these a peer is told of, by chance where they are too many: not itself, and nobody whom it cannot reach
  /// there.
  func introductions(to peer: NodeID?, at endpoint: Endpoint) -> [Peers.Entry] {
    let useful = met.withLock { $0 }.filter { entry in
      entry.node != peer
        && entry.endpoints.allSatisfy { $0.reach == .network || $0.reach == .machine && endpoint.reach == .machine }
    }
    return useful.count > Limits.peersPerMessage ? Array(useful.shuffled().prefix(Limits.peersPerMessage)) : useful
  }
}

/// A connection that a peer dialled: it asks, this node answers, in the order of the questions. Only the answer to
/// `watch` comes when there is something to tell.
final class ServedConnection: Sendable {
  private let channel: PeerChannel
  private let membership: Membership
  private let repository: PackageRepository
  private let announcement: Announcement
  private let sharing: UnitSharing
  private let isUnavailable: @Sendable (Digest) -> Void
  private let teller: PeerTeller
  private let number: Int
  private let port: UInt16?
  private let called: @Sendable (NodeID, String, Endpoint) -> Void
  private let watch = Mutex<Watch?>(nil)

  /// - Parameters:
  ///   - number: The connection's own.
  ///   - port: Where this node listens.
  ///   - called: Is told who has called, and where it listens as it says.
  init(
    number: Int, channel: PeerChannel, membership: Membership, repository: PackageRepository,
    announcement: Announcement, sharing: UnitSharing, port: UInt16?,
    isUnavailable: @escaping @Sendable (Digest) -> Void,
    called: @escaping @Sendable (NodeID, String, Endpoint) -> Void
  ) {
    self.number = number
    self.port = port
    self.called = called
    self.sharing = sharing
    self.channel = channel
    teller = PeerTeller(connection: number, sharing: sharing, channel: channel)
    self.membership = membership
    self.repository = repository
    self.announcement = announcement
    self.isUnavailable = isUnavailable
  }

  /// Serves until the peer closes.
  ///
  /// - Throws: what ended the connection otherwise.
  func serve() throws(GtachError) {
    let deadline = MonotonicClock.now().advanced(byMilliseconds: Limits.handshakeMilliseconds)
    guard case .hello(let theirs)? = try channel.receive(deadline: deadline) else {
      throw GtachError(.protocolViolation, "the peer did not say hello")
    }
    guard theirs.node == channel.peer, theirs.fleet == membership.fleet else {
      throw GtachError(.peerUntrusted, "the peer says that it is another node than its certificate says")
    }
    let told = announcement.value
    try channel.send(
      .hello(
        Hello(
          node: membership.id, name: membership.nodeName, fleet: membership.fleet, indexRoot: told.indexRoot,
          metadataVersion: told.metadataVersion, port: port)),
      deadline: deadline)
    if let port = theirs.port {
      called(theirs.node, channel.peerName, Endpoint(host: channel.endpoint.host, port: port))
    }
    let following = PeerFollowing(connection: number, sharing: sharing, channel: channel, teller: teller)
    defer { following.close() }
    var heard = MonotonicClock.now()
    while true {
      do throws(GtachError) {
        let pause = watch.withLock { $0 } == nil ? Limits.idleMilliseconds : Limits.watchMilliseconds
        let deadline = MonotonicClock.now().advanced(byMilliseconds: pause)
        // What answers several questions at once goes together.
        guard let message = try channel.receive(deadline: deadline, flushing: true) else { return }
        heard = MonotonicClock.now()
        try answer(message, following)
      } catch {
        // Nothing was asked while the peer watches: it gets its sign of life, and asks again if it lives.
        let silence = MonotonicClock.now().milliseconds - heard.milliseconds
        guard error.code == .peerTimeout, silence < Limits.idleMilliseconds, try tell(evenIfSame: true) else {
          throw error
        }
      }
    }
  }

  /// Has a watch answered, where there is one and something has changed. Waits for nobody.
  func announce() { teller.post(.change) }

  /// Begins to tell the peer what happens here.
  private func startTelling() throws(GtachError) {
    try teller.start { () throws(GtachError) in _ = try self.tell(evenIfSame: false) }
  }

  /// - Returns: whether there was a watch to answer.
  private func tell(evenIfSame: Bool) throws(GtachError) -> Bool {
    let told = announcement.value
    let due = watch.withLock { watch -> Watch? in
      guard let asked = watch else { return nil }
      let isNews = asked.indexRoot != told.indexRoot || asked.metadataVersion != told.metadataVersion
      guard isNews || evenIfSame else { return nil }
      watch = nil
      return asked
    }
    guard let due else { return false }
    let changed = Changed(id: due.id, indexRoot: told.indexRoot, metadataVersion: told.metadataVersion)
    try channel.send(.changed(changed))
    return true
  }

  private func answer(_ message: Message, _ following: PeerFollowing) throws(GtachError) {
    do throws(GtachError) {
      switch message {
      case .getFile(let request):
        try channel.enqueue(try repository.parts(of: request).map { .filePart($0) })
      case .getBuckets(let request):
        try channel.enqueue([.buckets(Buckets(id: request.id, digests: announcement.index.buckets))])
      case .getEntries(let request):
        let index = announcement.index
        let (entries, gone): ([Entries.Entry], EntryIDs?) =
          if let known = request.known {
            index.entries(in: request.buckets, besides: known)
          } else {
            (index.entries(in: request.buckets), nil)
          }
        try channel.enqueue(Entries.messages(id: request.id, entries: entries, gone: gone).map { .entries($0) })
      case .getUnitLists(let request): try following.sendLists(request, from: repository)
      case .getUnit(let request): try following.sendUnit(request, from: repository)
      case .follow(let follow):
        try startTelling()
        try following.follow(follow)
      case .claim(let claim): try following.claim(claim)
      case .end(let end): following.end(end)
      case .getChunk(let request):
        try sharing.gate.requireOpen()
        let frame = try repository.chunkFrame(request.digest)
        for part in ChunkPart.messages(id: request.id, frame: frame) {
          try sharing.gate.pass(part.bytes.count, on: channel)
          try channel.enqueue([.chunkPart(part)])
        }
      case .getPeers(let request):
        let peers = announcement.introductions(to: channel.peer, at: channel.endpoint)
        try channel.enqueue([.peers(Peers(id: request.id, peers: peers))])
      case .watch(let request):
        try startTelling()
        watch.withLock { $0 = request }
        _ = try tell(evenIfSame: false)
      default:
        throw GtachError(.protocolViolation, "the peer asked for nothing that this node answers")
      }
    } catch {
      // What is not here is an answer; the rest ends the connection.
      guard [.notFound, .chunkMissing, .noLease, .uploadOff].contains(error.code), let id = message.id else {
        throw error
      }
      // Objects are a cache that may be evicted; the chunks are what this node said that it has.
      if case .getChunk(let request) = message, error.code != .uploadOff { isUnavailable(request.digest) }
      try channel.enqueue([.failure(Failure(id: id, error))])
    }
  }
}
