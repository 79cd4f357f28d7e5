import GtachModel
import GtachWire

// What is asked of a peer to learn what it knows: signed metadata first, then which variants it holds.

extension NodeState {
  /// Asks for newer metadata, those first who were not asked for longest, and among them the one that claims the
  /// newest: whoever only claims keeps nobody from the others. One peer at a time: an update is one peer's snapshot
  /// from beginning to end, and whatever a peer sends is believed only as far as it is signed.
  mutating func advanceMetadata(now: Instant, time: Timestamp, into actions: inout [NodeAction]) {
    guard metadataUpdate == nil, metadataBackoff.allows(now: now) else { return }
    let trusted = trusted
    let candidates = sessions.keys.sorted().compactMap { id -> (session: SessionID, turn: Int, version: Int)? in
      guard let peer = sessions[id].flatMap({ table.peers[$0.peer] }), let version = peer.metadataVersion,
        Self.isWorthAsking(peer, besides: trusted)
      else { return nil }
      return (id, peer.metadataTurn, version)
    }
    let best = candidates.min { left, right in
      left.turn != right.turn ? left.turn < right.turn : left.version > right.version
    }
    guard let best else { return }
    metadataTurns += 1
    if let key = sessions[best.session]?.peer { table.peers[key]?.metadataTurn = metadataTurns }
    let update = MetadataUpdate(
      trusted: trusted, now: max(time, trusted.newestSignedTime), checking: checking, hashing: hashing)
    metadataUpdate = (best.session, update)
    askForMetadata(into: &actions)
  }

  /// Verified metadata has reached the disk, or has not: then this node knows what it knew before, and asks again
  /// later.
  mutating func metadataSaved(_ error: GtachError?, now: Instant) {
    metadataSaves -= 1
    if let error {
      trusted = trustedOnDisk
      reconsider()
      metadataBackoff.fail(now: now, using: &generator)
      report(error)
    } else if metadataSaves == 0 {
      trustedOnDisk = trusted
      metadataBackoff.reset()
    }
  }

  /// Whether a peer's metadata is newer than this node's, or as new where this node's has a gap. Not a method of the
  /// state: calling one for each peer after every input copies all of it each time.
  static func isWorthAsking(_ peer: Peer, besides trusted: TrustedMetadata) -> Bool {
    guard let version = peer.metadataVersion, version != peer.refusedMetadataVersion else { return false }
    return version > trusted.timestampVersion
      || !trusted.isComplete && version > 0 && version == trusted.timestampVersion
  }

  private mutating func askForMetadata(into actions: inout [NodeAction]) {
    guard let (session, update) = metadataUpdate, let file = update.nextFile else { return }
    actions.append(.send(session, .metadata(name: file.name, maximumBytes: file.maximumBytes)))
  }

  mutating func receivedMetadata(
    _ session: SessionID, name: String, bytes: [UInt8]?, now: Instant, into actions: inout [NodeAction]
  ) {
    guard let current = metadataUpdate, current.session == session, current.update.nextFile?.name == name else {
      return
    }
    var update = current.update
    do {
      try update.receive(bytes)
    } catch {
      metadataUpdate = nil
      // A change of keys lasts even where what follows it does not verify (TUF specification, 5.3.8).
      if !update.acceptedRoots.isEmpty {
        metadataSaves += 1
        actions.append(.saveMetadata(update.acceptedRoots))
      }
      if let key = sessions[session]?.peer {
        let version = table.peers[key]?.metadataVersion
        table.peers[key]?.refusedMetadataVersion = version
      }
      fail(session, error, now: now, into: &actions)
      return
    }
    if let (newer, files) = update.finished {
      metadataUpdate = nil
      if let key = sessions[session]?.peer { table.peers[key]?.metadataVersion = newer.timestampVersion }
      // What is trusted may have become newer meanwhile: another process of this machine has packed a release.
      guard
        newer.timestampVersion > trusted.timestampVersion
          || newer.timestampVersion == trusted.timestampVersion && !files.isEmpty
      else {
        // The peer has no more than this node: it is not asked again for the same.
        if let key = sessions[session]?.peer { table.peers[key]?.refusedMetadataVersion = newer.timestampVersion }
        return
      }
      trusted = newer
      reconsider()
      metadataSaves += 1
      actions.append(.saveMetadata(files))
      let label = sessions[session].flatMap { table.peers[$0.peer]?.label } ?? ""
      actions.append(.emit(.metadataUpdated(version: newer.timestampVersion, from: label)))
    } else {
      metadataUpdate = (session, update)
      askForMetadata(into: &actions)
    }
  }

  /// The variants that one peer may list.
  public static let maximumVariants = 50_000

  /// Compares index digests with every peer whose root is not the one that its remembered copy gives.
  mutating func advanceExchanges(into actions: inout [NodeAction]) {
    for id in sessions.keys.sorted() {
      guard let session = sessions[id], !session.isExchanging, let peer = table.peers[session.peer],
        peer.indexRoot != peer.knownRoot
      else { continue }
      sessions[id]?.isExchanging = true
      actions.append(.send(id, .buckets))
    }
  }

  mutating func receivedBuckets(_ id: SessionID, _ buckets: [ShortDigest], into actions: inout [NodeAction]) {
    guard let session = sessions[id], session.isExchanging else { return }
    let changed = IndexDigest.changedBuckets(from: table.peers[session.peer]?.buckets, to: buckets)
    if changed.isEmpty {
      finishExchange(id, buckets: buckets)
    } else {
      let requests = IndexDigest.requests(for: changed, known: knownEntries(of: session.peer, in: Set(changed)))
      sessions[id]?.newBuckets = buckets
      sessions[id]?.requestedBuckets = requests.map(\.buckets)
      for request in requests { actions.append(.send(id, .entries(buckets: request.buckets, known: request.known))) }
    }
  }

  /// The digests of what is remembered of some of a peer's buckets; nil where nothing was ever asked.
  private func knownEntries(of key: PeerKey, in buckets: Set<UInt8>) -> [Digest]? {
    guard let peer = table.peers[key], peer.buckets != nil else { return nil }
    return peer.variants.map { digest(of: $0.key, $0.value) }.filter { buckets.contains($0.firstByte) }
  }

  private func digest(of variant: VariantID, _ manifest: Digest) -> Digest {
    IndexDigest.digest(of: Entries.Entry(variant: variant, manifest: manifest), hashing: hashing)
  }

  mutating func receivedEntries(
    _ id: SessionID, _ entries: [VariantID: Digest], gone: EntryIDs?, now: Instant, into actions: inout [NodeAction]
  ) {
    guard let session = sessions[id], let buckets = session.newBuckets, let asked = session.requestedBuckets.first,
      var variants = table.peers[session.peer]?.variants
    else { return }
    let changed = Set(asked)
    // An entry of a bucket that was not asked for would never be replaced again: they would pile up.
    guard entries.allSatisfy({ changed.contains(digest(of: $0.key, $0.value).firstByte) }) else {
      let error = GtachError(.protocolViolation, "the peer lists entries of buckets that it was not asked for")
      fail(id, error, now: now, into: &actions)
      return
    }
    let names = gone.map { Set($0.values) }
    variants = variants.filter { variant, manifest in
      let digest = digest(of: variant, manifest)
      return !changed.contains(digest.firstByte) || names?.contains(EntryIDs.value(digest)) == false
    }
    variants.merge(entries) { _, new in new }
    guard variants.count <= Self.maximumVariants else {
      let error = GtachError(.protocolViolation, "the peer lists more than \(Self.maximumVariants) variants")
      fail(id, error, now: now, into: &actions)
      return
    }
    table.peers[session.peer]?.variants = variants
    sessions[id]?.requestedBuckets.removeFirst()
    if session.requestedBuckets.count == 1 { finishExchange(id, buckets: buckets) }
  }

  /// From now on the peer's root is the one of these buckets, whatever it announced before: it may have changed
  /// between.
  private mutating func finishExchange(_ id: SessionID, buckets: [ShortDigest]) {
    guard let key = sessions[id]?.peer else { return }
    let root = IndexDigest.root(of: buckets, hashing: hashing)
    table.peers[key]?.buckets = buckets
    table.peers[key]?.knownRoot = root
    table.peers[key]?.indexRoot = root
    sessions[id]?.newBuckets = nil
    sessions[id]?.isExchanging = false
  }

  mutating func replied(
    _ id: SessionID, _ reply: SessionReply, now: Instant, into actions: inout [NodeAction]
  ) {
    guard let session = sessions[id] else { return }
    table.peers[session.peer]?.lastExchange = now
    sessions[id]?.probedUntil = nil
    if reply.isAnswer { heard(id, now: now) }
    switch reply {
    case .metadata(let name, let bytes):
      receivedMetadata(id, name: name, bytes: bytes, now: now, into: &actions)
    case .buckets(let buckets): receivedBuckets(id, buckets, into: &actions)
    case .entries(let entries, let gone): receivedEntries(id, entries, gone: gone, now: now, into: &actions)
    case .manifest(let variant, let bytes): receivedManifest(id, variant, bytes, now: now, into: &actions)
    case .index(let variant, let bytes): receivedIndex(id, variant, bytes, now: now, into: &actions)
    case .fetch(let variant, let reply): received(reply, of: variant, in: id, now: now, into: &actions)
    case .missing(let variant): missing(id, variant, into: &actions)
    case .peers(let entries):
      sessions[id]?.noteToldPeers(now: now)
      isCompanyChanged = true
      table.told(entries, by: (session.peer, session.endpoint), now: now)
    case .changed(let told):
      sessions[id]?.isWatching = false
      sessions[id]?.watchesFrom = now.advanced(byMilliseconds: Self.watchPauseMilliseconds)
      table.peers[session.peer]?.indexRoot = told.indexRoot
      table.peers[session.peer]?.metadataVersion = told.metadataVersion
    }
  }
}
