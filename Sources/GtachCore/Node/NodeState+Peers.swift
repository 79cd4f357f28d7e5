import GtachModel
import GtachWire

/// A connection that this node dialled: it asks, the peer answers.
struct Session: Sendable {
  /// The peer.
  let peer: PeerKey
  /// Where it was reached.
  let endpoint: Endpoint
  /// Whether the index digest is being compared.
  var isExchanging = false
  /// Bucket digests of which some are new, and the requests under way for the entries of these.
  var newBuckets: [ShortDigest]?
  var requestedBuckets: [[UInt8]] = []
  /// Whether the peer will tell of changes by itself.
  var isWatching = false
  /// Before when it is not asked to again: a peer that always has news must not keep this node busy.
  var watchesFrom = Instant(milliseconds: .min)
  /// Since when there has been nothing to ask; nil while there is.
  var idleSince: Instant?
  /// Until when it must have said something; nil where nobody doubts that it is there.
  var probedUntil: Instant?
  /// When it is asked whom it has met; nil while the answer has not come.
  var asksPeersAt: Instant?
  /// How long after the next answer it is asked again, in milliseconds.
  private var peersPause = firstPeersPause

  /// Everybody meets others soon after the start, and seldom later.
  private static let firstPeersPause: Int64 = 5_000
  private static let longestPeersPause: Int64 = 60_000

  init(peer: PeerKey, endpoint: Endpoint, now: Instant) {
    self.peer = peer
    self.endpoint = endpoint
    asksPeersAt = now
  }

  /// It has told whom it has met.
  mutating func noteToldPeers(now: Instant) {
    asksPeersAt = now.advanced(byMilliseconds: peersPause)
    peersPause = min(2 * peersPause, Self.longestPeersPause)
  }
}

extension NodeState {
  /// How long a connection to a peer that multicast shows is kept without need, in milliseconds.
  static let idleCloseMilliseconds: Int64 = 10_000
  /// How long what no neighbour has is waited for before others are asked, in milliseconds.
  static let lackMilliseconds: Int64 = 2_000
  /// From how much time on that passed unnoticed this machine is taken to have slept, in milliseconds.
  static let sleepMilliseconds: Int64 = 30_000
  /// How long a peer has to show that it is still there, in milliseconds.
  static let probeMilliseconds: Int64 = 10_000
  /// How long after a peer's news it is asked for more, in milliseconds.
  static let watchPauseMilliseconds: Int64 = 200

  mutating func note(_ event: DiscoveryEvent, now: Instant, into actions: inout [NodeAction]) {
    switch event {
    case .available:
      discoveryError = nil
      table.hearsMulticast = true
      actions.append(.emit(.discoveryAvailable))
    case .unavailable(let error):
      discoveryError = error
      table.hearsMulticast = false
      actions.append(.emit(.discoveryUnavailable(error: ErrorReport(error))))
    case .found(let service):
      // An advertisement that is none of ours is anybody's right on a LAN, and none of our business.
      guard let record = try? TextRecord(pairs: service.text) else { return }
      let left = table.advertised(instance: service.name, endpoints: service.endpoints, record: record)
      if let left { probe(left, now: now, into: &actions) }
    case .lost(let instance):
      table.withdrawn(instance: instance)
    }
  }

  mutating func opened(
    _ session: SessionID, hello: Hello, name: String, endpoint: Endpoint, now: Instant,
    into actions: inout [NodeAction]
  ) {
    do {
      let key = try table.opened(session, hello: hello, name: name, at: endpoint, now: now)
      sessions[session] = Session(peer: key, endpoint: endpoint, now: now)
      isCompanyChanged = true
      actions.append(.emit(.peerConnected(name: name, endpoint: endpoint)))
      let remembered = table.remembered
      if remembered != rememberedOnDisk {
        rememberedOnDisk = remembered
        actions.append(.remember(remembered))
      }
    } catch {
      actions.append(.close(session, error))
    }
  }

  mutating func closed(
    _ session: SessionID, error: GtachError?, now: Instant, into actions: inout [NodeAction]
  ) {
    let label = table.key(of: session).flatMap { table.peers[$0]?.label }
    let isFirst = table.key(of: session).flatMap { table.peers[$0]?.backoff.failures } == 0
    if let error, error.code == .peerUnreachable || error.code == .peerTimeout,
      let peer = table.key(of: session).flatMap({ table.peers[$0] })
    {
      for instance in peer.advertised.keys.sorted() { actions.append(.lookUp(instance: instance)) }
    }
    table.closed(session, error: error, now: now, using: &generator)
    sessions[session] = nil
    isCompanyChanged = true
    if metadataUpdate?.session == session { metadataUpdate = nil }
    for variant in downloads.keys { downloads[variant]?.lost(session) }
    // A peer that stays away is told of once, not at every attempt.
    if let error, let label, isFirst {
      actions.append(.emit(.peerFailed(name: label, error: ErrorReport(error))))
    }
  }

  /// Ends a session whose peer is at fault. What is known of it stays; it is dialled again after a pause.
  mutating func fail(_ session: SessionID, _ error: GtachError, now: Instant, into actions: inout [NodeAction]) {
    actions.append(.close(session, error))
    closed(session, error: error, now: now, into: &actions)
    report(error)
  }

  /// Dials those who are worth it, and ends what nobody needs.
  mutating func advanceConnections(now: Instant, into actions: inout [NodeAction]) {
    table.updateNeighbours()
    let unfetched = Set(downloads.keys)
    let isShared = downloads.values.contains(where: \.isShared)
    let trusted = trusted
    let behind = Set(table.peers.filter { Self.isWorthAsking($0.value, besides: trusted) }.keys)
    let neighbours = Set(table.peers.keys.filter(table.isNeighbour))
    let outsiders = outsiders(behind: behind, now: now)
    let dialled = table.dial(now: now) { key, peer in
      guard neighbours.contains(key) else { return outsiders.contains(key) }
      return behind.contains(key) || isShared || !unfetched.isDisjoint(with: peer.variants.keys)
    }
    for (session, endpoints) in dialled { actions.append(.dial(session, endpoints)) }

    for id in sessions.keys.sorted() {
      guard var session = sessions[id], let peer = table.peers[session.peer] else { continue }
      let isBusy =
        session.isExchanging || metadataUpdate?.session == id
        || downloads.values.contains { $0.followed.contains(id) }
        || !unfetched.isDisjoint(with: peer.variants.keys)
      session.idleSince = isBusy ? nil : session.idleSince ?? now
      let isAsked = session.isExchanging || metadataUpdate?.session == id
      if !isAsked, !session.isWatching, session.watchesFrom <= now, let told = Self.advertised(by: peer) {
        session.isWatching = true
        actions.append(.send(id, .watch(told)))
      }
      if let due = session.asksPeersAt, due <= now {
        session.asksPeersAt = nil
        actions.append(.send(id, .peers))
      }
      sessions[id] = session
      if !isBusy, let close = closesAt(session), close <= now {
        sessions[id] = nil
        actions.append(.close(id, nil))
        table.closed(id, error: nil, now: now, using: &generator)
      }
    }
  }

  /// Who is to be dialled that is no neighbour: who lists what no neighbour has, and, where that takes longer than news
  /// take from neighbour to neighbour, some who may have it.
  private mutating func outsiders(behind: Set<PeerKey>, now: Instant) -> Set<PeerKey> {
    guard table.neighbours != nil else { return [] }
    let table = table
    let near = table.peers.filter { table.isNeighbour($0.key) && PeerTable.isReachable($0.value, now: now) }
    let lacking = (downloads.keys + wantedNow().map(\.variant)).filter { variant in
      !near.values.contains { $0.variants[variant] != nil }
    }
    let isBehind = !behind.isEmpty && behind.isDisjoint(with: near.keys)
    guard isBehind || !lacking.isEmpty else {
      lacksFrom = nil
      return []
    }
    var chosen = Set(
      table.peers.filter { _, peer in lacking.contains { peer.variants[$0] != nil } }.keys.filter {
        !table.isNeighbour($0)
      })
    let due = lacksFrom ?? now.advanced(byMilliseconds: Self.lackMilliseconds)
    lacksFrom = due
    if due <= now, chosen.isEmpty {
      let ahead = table.candidates(now: now).filter { !isBehind || behind.contains($0) || !lacking.isEmpty }
      chosen.formUnion(ahead)
    }
    return chosen
  }

  /// When a session is closed for want of need. One to a neighbour that multicast does not show stays: it is the only
  /// way to hear of news.
  func closesAt(_ session: Session) -> Instant? {
    guard let idleSince = session.idleSince, let peer = table.peers[session.peer],
      table.hearsNews(of: peer) || !table.isNeighbour(session.peer)
    else { return nil }
    return idleSince.advanced(byMilliseconds: Self.idleCloseMilliseconds)
  }

  /// Whether this machine has slept: it looks again at a time that it would not have chosen, or much more time has
  /// passed by the calendar than by the clock that stands still meanwhile. A calendar that was set looks the same, and
  /// does no harm.
  func isLate(now: Instant, time: Timestamp) -> Bool {
    guard let lastInput, let lastTime else { return false }
    let passed = (now.milliseconds - lastInput.milliseconds) / 1_000
    if time.secondsSinceEpoch - lastTime.secondsSinceEpoch > passed + Self.sleepMilliseconds / 1_000 { return true }
    return expected.map { $0.advanced(byMilliseconds: Self.sleepMilliseconds) <= now } ?? false
  }

  /// Connections may be of another time or another network: all peers have to show that they are still there, and those
  /// that were away are tried again at once.
  mutating func lookAround(now: Instant, into actions: inout [NodeAction]) {
    for session in sessions.keys.sorted() { probe(session, now: now, into: &actions) }
    for key in table.peers.keys.sorted() where table.isNeighbour(key) {
      table.peers[key]?.forgiveAbsence()
      for instance in table.peers[key]?.advertised.keys.sorted() ?? [] { actions.append(.lookUp(instance: instance)) }
    }
  }

  /// There is a reason to doubt that a peer is still at the other end: it is asked something, and left if it says
  /// nothing soon. The connection itself would not tell for minutes.
  mutating func probe(_ id: SessionID, now: Instant, into actions: inout [NodeAction]) {
    guard let session = sessions[id], session.probedUntil == nil else { return }
    sessions[id]?.probedUntil = now.advanced(byMilliseconds: Self.probeMilliseconds)
    guard !session.isExchanging else { return }
    sessions[id]?.isExchanging = true
    actions.append(.send(id, .buckets))
  }

  /// Leaves peers that did not show that they are still there.
  mutating func endProbes(now: Instant, into actions: inout [NodeAction]) {
    for id in sessions.keys.sorted() {
      guard let until = sessions[id]?.probedUntil, until <= now else { continue }
      fail(id, GtachError(.peerTimeout, "the peer is not there any more"), now: now, into: &actions)
    }
  }

  /// Others are told whom this node has met: when that has changed, not each time that one of them asks.
  mutating func advanceIntroductions(now: Instant, into actions: inout [NodeAction]) {
    guard isCompanyChanged else { return }
    isCompanyChanged = false
    let current = table.introductions(now: now)
    guard current != introduced else { return }
    introduced = current
    actions.append(.introduce(current))
  }

  private static func advertised(by peer: Peer) -> Advertisement? {
    guard let root = peer.indexRoot, let version = peer.metadataVersion else { return nil }
    return Advertisement(indexRoot: root, metadataVersion: version)
  }
}
