import GtachModel
import GtachWire

/// A peer's place in the table, before anybody knows who it is.
public struct PeerKey: Hashable, Comparable, Sendable {
  let number: Int
  /// The order of first meeting.
  public static func < (left: PeerKey, right: PeerKey) -> Bool { left.number < right.number }
}

/// Everybody this node knows of, by advertisement, by the operator's word and by memory, each exactly once.
///
/// mDNS is a hint, not a truth: who a peer is, is decided by its certificate when it has said hello. Then entries that
/// turn out to be the same node become one, and an address that turns out to be this node's own is dropped.
public struct PeerTable: Sendable {
  /// A peer that nothing was heard from for so long is asked anyway, in milliseconds: networks lose multicast.
  public static let probeIntervalMilliseconds: Int64 = 300_000

  /// This node.
  public let own: NodeID
  /// Its fleet.
  public let fleet: FleetID
  /// Whether discovery works: while it does not, news of a peer comes on a connection or not at all.
  var hearsMulticast = true
  /// The peers by their place.
  public internal(set) var peers: [PeerKey: Peer] = [:]
  private var nextKey = 0
  private var nextSession = 0
  private(set) var ownEndpoints: Set<Endpoint> = []
  /// Whom to keep company with; nil for everybody, as they are few.
  var neighbours: Set<PeerKey>?
  /// Of whom they were chosen, and who of these seemed to be there.
  var neighboursOf: [PeerKey: Bool] = [:]
  private var newsCount = 0

  /// The table of a node that knows nobody.
  public init(own: NodeID, fleet: FleetID) {
    self.own = own
    self.fleet = fleet
  }

  // MARK: - Hearing of peers

  /// Adds an address that the operator gave.
  public mutating func add(manual endpoint: Endpoint) {
    guard !ownEndpoints.contains(endpoint) else { return }
    if let key = peers.first(where: { $0.value.endpoints.contains(endpoint) })?.key {
      if peers[key]?.manual.contains(endpoint) == false { peers[key]?.manual.append(endpoint) }
    } else {
      var peer = Peer()
      peer.manual = [endpoint]
      insert(peer)
    }
  }

  /// Adds a peer that was met in an earlier life of this node.
  public mutating func add(remembered: RememberedPeer) {
    guard remembered.id != own else { return }
    let key = key(of: remembered.id) ?? insert(Peer())
    peers[key]?.id = remembered.id
    if peers[key]?.name == nil { peers[key]?.name = remembered.name }
    peers[key]?.remembered = remembered.endpoint
  }

  /// Takes note of an advertisement, new or changed. Those of this node itself and of other fleets do not count.
  ///
  /// - Returns: The session with the peer where that is to an address of which the advertisement says nothing any more.
  @discardableResult
  public mutating func advertised(instance: String, endpoints: [Endpoint], record: TextRecord) -> SessionID? {
    guard record.node != own, record.fleet == fleet else {
      withdrawn(instance: instance)
      return nil
    }
    let key = key(of: record.node) ?? insert(Peer())
    for other in peers.keys where other != key { peers[other]?.advertised[instance] = nil }
    peers[key]?.id = record.node
    if peers[key]?.name == nil { peers[key]?.name = instance }
    let before = peers[key]?.advertised[instance] ?? []
    let isNews =
      peers[key]?.indexRoot != record.indexRoot || peers[key]?.metadataVersion != record.metadataVersion
      || peers[key]?.advertised[instance] != endpoints
    peers[key]?.advertised[instance] = endpoints
    peers[key]?.indexRoot = record.indexRoot
    peers[key]?.metadataVersion = record.metadataVersion
    guard isNews else { return nil }
    peers[key]?.backoff.reset()
    newsCount += 1
    peers[key]?.newsNumber = newsCount
    guard case .up(let session)? = peers[key]?.link, let reached = peers[key]?.remembered, before.contains(reached),
      !endpoints.isEmpty, peers[key]?.advertised.values.joined().contains(reached) == false
    else { return nil }
    return session
  }

  /// An advertisement disappeared. The peer stays, if it was ever met: multicast is often lost while its sender lives.
  public mutating func withdrawn(instance: String) {
    for key in peers.keys where peers[key]?.advertised[instance] != nil {
      peers[key]?.advertised[instance] = nil
    }
    for (key, peer) in peers where !peer.hasAddress && peer.link == .none { peers[key] = nil }
  }

  // MARK: - Connections

  /// Gives a session to each peer that is worth dialling now. Returns who to dial, where.
  ///
  /// - Parameter isNeeded: Whether one is that has nothing to tell for its own sake, or is no neighbour.
  public mutating func dial(
    now: Instant, where isNeeded: (PeerKey, Peer) -> Bool
  ) -> [(session: SessionID, endpoints: [Endpoint])] {
    var dialled: [(session: SessionID, endpoints: [Endpoint])] = []
    forgetHearsay(now: now)
    var hearsay = peers.values.count { $0.isHearsay && $0.link != .none }
    for key in peers.keys.sorted() {
      guard let peer = peers[key], peer.link == .none, peer.hasAddress, Self.allows(peer, now: now),
        isNeighbour(key) && isDue(peer, now: now) || isNeeded(key, peer)
      else { continue }
      if peer.isHearsay {
        guard hearsay < Self.hearsayDials else { continue }
        hearsay += 1
      }
      nextSession += 1
      let session = SessionID(number: nextSession)
      peers[key]?.link = .dialling(session)
      dialled.append((session, peer.endpoints))
    }
    return dialled
  }

  /// Whether a peer is worth a connection for its own sake: only a connection can tell of its news, or it has some, or
  /// nothing was heard from it for long.
  private func isDue(_ peer: Peer, now: Instant) -> Bool {
    guard hearsNews(of: peer), let last = peer.lastExchange else { return true }
    return peer.indexRoot != peer.knownRoot
      || last.advanced(byMilliseconds: Self.probeIntervalMilliseconds) <= now
  }

  /// A peer has said hello: finds out who it is.
  ///
  /// - Throws: `ErrorCode.protocolViolation` where it is this node itself or already connected, and
  ///   `ErrorCode.peerUntrusted` where it is of another fleet.
  public mutating func opened(
    _ session: SessionID, hello: Hello, name: String, at endpoint: Endpoint, now: Instant
  ) throws(GtachError) -> PeerKey {
    guard let dialled = key(of: session) else {
      throw GtachError(.cancelled, "this connection is no longer wanted")
    }
    guard hello.node != own else {
      ownEndpoints.insert(endpoint)
      forgetAddress(endpoint, of: dialled)
      throw GtachError(.protocolViolation, "\(endpoint) is this node itself")
    }
    guard hello.fleet == fleet else {
      throw GtachError(.peerUntrusted, "\(name) belongs to another fleet")
    }
    var key = dialled
    if let id = peers[dialled]?.id, id != hello.node {
      // The address has another owner than was said: whoever was expected stays without it.
      let isManual = peers[dialled]?.manual.contains(endpoint) == true
      forgetAddress(endpoint, of: dialled)
      peers[dialled]?.link = .none
      if peers[dialled]?.hasAddress == false { peers[dialled] = nil }
      key = insert(Peer())
      peers[key]?.link = .dialling(session)
      if isManual { peers[key]?.manual = [endpoint] }
    }
    if let known = self.key(of: hello.node), known != key {
      key = try merge(key, into: known)
    }
    peers[key]?.id = hello.node
    peers[key]?.name = name
    peers[key]?.link = .up(session)
    peers[key]?.remembered = endpoint
    if let called = peers[key]?.called, called != endpoint {
      // It was tried first.
      peers[key]?.deafCalled = called
      peers[key]?.called = nil
    }
    peers[key]?.indexRoot = hello.indexRoot
    peers[key]?.metadataVersion = hello.metadataVersion
    peers[key]?.lastExchange = now
    peers[key]?.backoff.reset()
    peers[key]?.error = nil
    return key
  }

  /// A connection ended, or was never made. Without an error it was this node that had no more need of it.
  public mutating func closed(
    _ session: SessionID, error: GtachError?, now: Instant, using generator: inout some RandomNumberGenerator
  ) {
    guard let key = key(of: session) else { return }
    peers[key]?.link = .none
    if let error {
      peers[key]?.error = error
      peers[key]?.deafCalled = nil
      peers[key]?.backoff.fail(now: now, using: &generator)
    } else {
      peers[key]?.lastExchange = now
    }
    if peers[key]?.hasAddress == false { peers[key] = nil }
  }

  /// Whether a peer's changed TXT record would be seen.
  func hearsNews(of peer: Peer) -> Bool { hearsMulticast && !peer.advertised.isEmpty }

  /// The instants at which a peer may become worth dialling.
  var deadlines: [Instant] {
    peers.values.filter { $0.link == .none && $0.hasAddress }.flatMap { peer in
      [Self.pause(of: peer), peer.lastExchange?.advanced(byMilliseconds: Self.probeIntervalMilliseconds)]
        .compactMap { $0 }
    }
  }

  /// What to keep on disk: who was met, and where.
  public var remembered: [RememberedPeer] {
    peers.values.compactMap { peer in
      guard let id = peer.id, let name = peer.name, let endpoint = peer.remembered else { return nil }
      return RememberedPeer(id: id, name: name, endpoint: endpoint)
    }.sorted { $0.id < $1.id }
  }

  /// What `gtach peers` shows.
  public var reports: [PeerReport] { peers.sorted { $0.key < $1.key }.map(\.value.report) }

  /// The peer of a session.
  public func key(of session: SessionID) -> PeerKey? {
    peers.first { $0.value.link.session == session }?.key
  }

  private func key(of id: NodeID) -> PeerKey? { peers.first { $0.value.id == id }?.key }

  @discardableResult
  mutating func insert(_ peer: Peer) -> PeerKey {
    nextKey += 1
    let key = PeerKey(number: nextKey)
    peers[key] = peer
    return key
  }

  private mutating func forgetAddress(_ endpoint: Endpoint, of key: PeerKey) {
    peers[key]?.manual.removeAll { $0 == endpoint }
    peers[key]?.told.removeAll { $0 == endpoint }
    if peers[key]?.remembered == endpoint { peers[key]?.remembered = nil }
    if peers[key]?.called == endpoint { peers[key]?.called = nil }
    // Else it would be dialled again at once, for ever, and the peer's other addresses never.
    for instance in peers[key]?.advertised.keys.sorted() ?? [] {
      peers[key]?.advertised[instance]?.removeAll { $0 == endpoint }
    }
  }

  /// Two entries are one node: the addresses of the newer one go to the older one.
  private mutating func merge(_ key: PeerKey, into known: PeerKey) throws(GtachError) -> PeerKey {
    guard let peer = peers[key] else { return known }
    for endpoint in peer.manual where peers[known]?.manual.contains(endpoint) == false {
      peers[known]?.manual.append(endpoint)
    }
    peers[key] = nil
    if case .up? = peers[known]?.link {
      throw GtachError(.protocolViolation, "\(peers[known]?.label ?? "a peer") is connected already")
    }
    return known
  }
}
