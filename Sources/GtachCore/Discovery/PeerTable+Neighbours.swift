import GtachModel

// Whom to keep company with where there are many. Everybody is known, but only some are dialled for their own sake:
// those of the neighbourhood, those that the operator named, and whoever has something that none of them has.

extension PeerTable {
  /// From how many failures on a peer is taken for absent: others are neighbours in its place, too.
  static let absentFailures = 3
  /// How many peers outside of the neighbourhood are connected at a time, as they may have what nobody in it has.
  static let outsiders = 8

  /// Finds out who the neighbours are, if somebody came or went.
  mutating func updateNeighbours() {
    var company: [PeerKey: Bool] = [:]
    for (key, peer) in peers where peer.id != nil && !peer.isHearsay && peer.hasAddress {
      company[key] = peer.backoff.failures < Self.absentFailures
    }
    guard company != neighboursOf else { return }
    neighboursOf = company
    guard company.count > Neighbourhood.fullMesh else {
      neighbours = nil
      return
    }
    // Of those who are there, and of all: somebody has to find out that one who was absent is back.
    let present = company.filter(\.value).keys.sorted()
    neighbours = ring(of: present).union(ring(of: company.keys.sorted()))
  }

  private func ring(of keys: [PeerKey]) -> Set<PeerKey> {
    let points = [own.point] + keys.map { peers[$0]?.id?.point ?? 0 }
    return Set(Neighbourhood(points).neighbours(of: 0).map { keys[$0 - 1] })
  }

  /// Whether a peer is dialled for its own sake.
  func isNeighbour(_ key: PeerKey) -> Bool {
    guard let neighbours, let peer = peers[key] else { return true }
    return neighbours.contains(key) || !peer.manual.isEmpty || peer.id == nil || peer.isHearsay
  }

  /// Whether a peer can be asked, now or soon.
  static func isReachable(_ peer: Peer, now: Instant) -> Bool {
    peer.link != .none || peer.hasAddress && peer.backoff.allows(now: now)
  }

  /// Who outside of the neighbourhood may have what nobody in it has: those first that told of news last.
  func candidates(now: Instant) -> [PeerKey] {
    let outside = peers.filter { !isNeighbour($0.key) }
    let open = outside.values.count { $0.link != .none }
    let unknown = outside.filter { _, peer in
      peer.link == .none && Self.allows(peer, now: now) && peer.indexRoot != peer.knownRoot && peer.hasAddress
    }
    let newest = unknown.sorted { left, right in
      let (leftNews, rightNews) = (left.value.newsNumber, right.value.newsNumber)
      return leftNews != rightNews ? leftNews > rightNews : left.key < right.key
    }
    return newest.prefix(max(0, Self.outsiders - open)).map(\.key)
  }
}

extension NodeID {
  /// A number that is as good as random, and the same for whoever looks at it: an id is a digest's beginning.
  var point: UInt64 { bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
