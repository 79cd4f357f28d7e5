import GtachModel
import GtachWire

// Peers that others tell of, or that called. Whoever tells may lie, or may be told wrongly: what it says is dialled
// with restraint, believed only when a key was shown, and forgotten.

extension PeerTable {
  /// The most peers that are known by hearsay only, of everybody and of one who tells.
  static let hearsayLimit = (ofAll: 256, ofOne: 64)
  /// The most of them at one address, unless it is this machine's: nobody gets a fleet to dial a stranger.
  static let hearsayPerHost = 4
  /// How many of them are dialled at a time.
  static let hearsayDials = 8
  /// After how many failures one is tried every so many milliseconds only.
  static let hearsayFailures = 6
  static let hearsayPauseMilliseconds: Int64 = 600_000
  /// For how long one is remembered that nobody tells of any more, in milliseconds.
  static let hearsayMilliseconds: Int64 = 3_600_000
  /// Addresses that one peer is remembered to be said to have.
  static let toldEndpoints = 2
  /// Whom others are told of: whoever was heard from within so many milliseconds.
  static let introducedMilliseconds: Int64 = 600_000

  /// A peer tells of peers.
  ///
  /// - Parameter teller: Who tells, and where it was reached.
  mutating func told(_ entries: [Peers.Entry], by teller: (key: PeerKey, endpoint: Endpoint), now: Instant) {
    for entry in entries.prefix(Limits.peersPerMessage) where entry.node != own {
      for endpoint in entry.endpoints.prefix(Limits.endpointsPerPeer)
      where isUsable(endpoint, toldAt: teller.endpoint) { told(endpoint, of: entry.node, by: teller.key, now: now) }
    }
  }

  private mutating func told(_ endpoint: Endpoint, of node: NodeID, by teller: PeerKey, now: Instant) {
    let known = peers.first { $0.value.id == node }?.key
    if let known, peers[known]?.endpoints.contains(endpoint) == true {
      peers[known]?.toldAt = now
      return
    }
    // Nobody tells of itself: it is where it was reached.
    guard known != teller, hasRoom(for: endpoint, isNew: known == nil, by: teller) else { return }
    let key = known ?? insert(Peer())
    peers[key]?.id = node
    peers[key]?.told.insert(endpoint, at: 0)
    if let told = peers[key]?.told { peers[key]?.told = Array(told.prefix(Self.toldEndpoints)) }
    peers[key]?.toldAt = now
    if known == nil { peers[key]?.toldBy = teller }
    peers[key]?.forgiveAbsence()
  }

  private func isUsable(_ endpoint: Endpoint, toldAt teller: Endpoint) -> Bool {
    guard !ownEndpoints.contains(endpoint) else { return false }
    switch endpoint.reach {
    case .network?: return true
    case .machine?: return teller.reach == .machine
    case .link?, .nobody?, nil: return false
    }
  }

  private func hasRoom(for endpoint: Endpoint, isNew: Bool, by teller: PeerKey) -> Bool {
    let there = peers.values.count { peer in peer.told.contains { $0.host == endpoint.host } }
    guard endpoint.reach == .machine || there < Self.hearsayPerHost else { return false }
    let hearsay = peers.values.filter(\.isHearsay)
    return !isNew
      || hearsay.count < Self.hearsayLimit.ofAll && hearsay.count { $0.toldBy == teller } < Self.hearsayLimit.ofOne
  }

  /// A peer has dialled this node, and listens where it called from, as it says.
  ///
  /// - Returns: The session with it that may be to an address that it has left.
  mutating func called(_ id: NodeID, name: String, at endpoint: Endpoint, now: Instant) -> SessionID? {
    guard id != own, !ownEndpoints.contains(endpoint) else { return nil }
    let key = peers.first { $0.value.id == id }?.key ?? insert(Peer())
    peers[key]?.id = id
    peers[key]?.name = name
    peers[key]?.toldAt = now
    let isNew = peers[key]?.endpoints.contains(endpoint) == false
    if peers[key]?.deafCalled != endpoint { peers[key]?.called = endpoint }
    peers[key]?.forgiveAbsence()
    guard isNew, case .up(let session)? = peers[key]?.link else { return nil }
    return session
  }

  /// Forgets who is known by hearsay only, does not answer, and of whom nobody has told for long.
  mutating func forgetHearsay(now: Instant) {
    for (key, peer) in peers where peer.isHearsay && peer.link == .none {
      guard let told = peer.toldAt, told.advanced(byMilliseconds: Self.hearsayMilliseconds) <= now else { continue }
      peers[key] = nil
    }
  }

  /// Whether a peer may be tried now.
  static func allows(_ peer: Peer, now: Instant) -> Bool { pause(of: peer).map { $0 <= now } ?? true }

  /// Until when a peer is left alone that failed; nil where it may be tried.
  static func pause(of peer: Peer) -> Instant? {
    guard peer.isHearsay, peer.backoff.failures >= hearsayFailures else { return peer.backoff.until }
    return peer.backoff.until?.advanced(byMilliseconds: hearsayPauseMilliseconds)
  }

  /// Whom this node can tell others of: whom it has reached itself, lately, at an address in digits.
  func introductions(now: Instant) -> [Peers.Entry] {
    peers.values.compactMap { peer in
      let heard = peer.lastExchange?.advanced(byMilliseconds: Self.introducedMilliseconds)
      guard let id = peer.id, let endpoint = peer.remembered, peer.link.isUp || heard.map({ $0 > now }) == true,
        endpoint.reach == .network || endpoint.reach == .machine
      else { return nil }
      return Peers.Entry(node: id, endpoints: [endpoint])
    }.sorted { $0.node < $1.node }
  }
}

extension Peer {
  /// Whether it was never reached, and nothing is known but what others tell of it, or it itself when it called.
  var isHearsay: Bool {
    remembered == nil && manual.isEmpty && advertised.isEmpty && (called != nil || !told.isEmpty)
  }

  /// It was not to be reached, but may be by now. What it was blamed for otherwise is not forgiven.
  mutating func forgiveAbsence() {
    guard let code = error?.code, [.peerUnreachable, .peerTimeout, .peerClosed].contains(code) else { return }
    backoff.reset()
  }
}
