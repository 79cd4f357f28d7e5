import GtachModel
import GtachWire

// What comes for the downloads under way.

extension NodeState {
  mutating func receivedManifest(
    _ id: SessionID, _ variant: VariantID, _ bytes: [UInt8], now: Instant, into actions: inout [NodeAction]
  ) {
    guard var download = downloads[variant], case .manifest = download.phase else { return }
    guard download.listed.manifest == Manifest.Content(digest: hashing.digest(of: bytes), size: bytes.count) else {
      // The peer's fault, not the variant's: others are asked at once.
      let error = GtachError(.manifestUnlisted, "the peer's manifest of \(variant) is not the one that was asked for")
      fail(id, error, now: now, into: &actions)
      return
    }
    do {
      try download.accept(manifest: bytes, hashing: hashing)
      downloads[variant] = download
    } catch {
      drop(variant, error, now: now, into: &actions)
    }
  }

  mutating func receivedIndex(
    _ id: SessionID, _ variant: VariantID, _ bytes: [UInt8], now: Instant, into actions: inout [NodeAction]
  ) {
    guard var download = downloads[variant], case .index = download.phase else { return }
    guard download.indexContent == Manifest.Content(digest: hashing.digest(of: bytes), size: bytes.count) else {
      // The peer's fault, not the variant's: others are asked at once.
      let error = GtachError(.indexCorrupt, "the peer's index of \(variant) is not the one that was asked for")
      fail(id, error, now: now, into: &actions)
      return
    }
    do {
      let index = try download.accept(index: bytes, hashing: hashing)
      downloads[variant] = download
      actions.append(.inspect(variant, index))
    } catch {
      drop(variant, error, now: now, into: &actions)
    }
  }

  mutating func inspected(
    _ variant: VariantID, _ result: Result<[LackingChunk], GtachError>, now: Instant, into actions: inout [NodeAction]
  ) {
    guard case .inspecting? = downloads[variant]?.phase else { return }
    switch result {
    case .success(let lacking):
      downloads[variant]?.begin(lacking: lacking)
      actions.append(
        .emit(
          .fetchStarted(
            release: variant.release.description, bytes: downloads[variant]?.totalBytes ?? 0,
            peers: holders(of: variant).count)))
    case .failure(let error): drop(variant, error, now: now, into: &actions)
    }
  }

  /// Something that was asked for has come, or has not.
  mutating func received(
    _ reply: ChunkFetch.Reply, of variant: VariantID, in id: SessionID, now: Instant, into actions: inout [NodeAction]
  ) {
    if case .refused(let error) = reply {
      // This machine's own fault, such as a full disk: no other peer would help.
      if downloads[variant] != nil { drop(variant, error, now: now, into: &actions) }
      return
    }
    guard downloads[variant]?.followed.contains(id) == true else { return }
    // In its place: a copy would be one of all that is known of its units, for every unit.
    let useless = downloads[variant]?.chunks?.take(reply, from: id)
    if let useless, downloads[variant]?.noteUseless() == true {
      // The publisher's fault, not the peer's: nobody has another object of that id.
      actions.append(.emit(.objectUseless(release: variant.release.description, error: ErrorReport(useless))))
    }
    switch reply {
    case .unit(_, let bytes, _), .chunk(_, let bytes): came(bytes, of: variant, in: id, into: &actions)
    // The peer may lack an object, but who lacks a chunk has not got the variant.
    case .chunkLacking: strikeOff(id, variant, into: &actions)
    // No fault of its: its owner wants it so. It is no holder of anything before it lists something else.
    case .notGiven: if let key = sessions[id]?.peer { table.peers[key]?.variants = [:] }
    default: break
    }
  }

  /// Something came of what a peer owes, whatever it was asked for: answers come in the order of the questions.
  mutating func heard(_ id: SessionID, now: Instant) {
    for variant in Array(downloads.keys) { downloads[variant]?.heard(id, now: now) }
  }

  /// Counts what came.
  private mutating func came(
    _ bytes: Int, of variant: VariantID, in id: SessionID, into actions: inout [NodeAction]
  ) {
    guard let key = sessions[id]?.peer else { return }
    table.peers[key]?.receivedBytes += bytes
    guard downloads[variant]?.count(bytes, from: table.peers[key]?.label ?? "") == true else { return }
    actions.append(
      .emit(
        .fetchProgress(
          release: variant.release.description, receivedBytes: downloads[variant]?.receivedBytes ?? 0,
          totalBytes: downloads[variant]?.totalBytes ?? 0)))
  }

  /// Asks for something of a variant.
  func send(
    _ questions: [(session: SessionID, question: ChunkFetch.Question)], of variant: VariantID,
    into actions: inout [NodeAction]
  ) {
    for (session, question) in questions { actions.append(.send(session, .fetch(variant, question))) }
  }

  /// Whoever has room for more leases demands them now and then.
  mutating func measureDownloads(now: Instant, into actions: inout [NodeAction]) {
    guard let due = measuresAt, due <= now else { return }
    measuresAt = nil
    for variant in downloads.keys.sorted() {
      guard let questions = downloads[variant]?.chunks?.measure(using: &generator) else { continue }
      measuresAt = now.advanced(byMilliseconds: UnitFetch.measureMilliseconds)
      send(questions, of: variant, into: &actions)
      let holders = holders(of: variant).filter { downloads[variant]?.followed.contains($0) == true }
      for session in downloads[variant]?.chunks?.silent(among: holders) ?? [] {
        fail(session, GtachError(.peerTimeout, "the peer does not tell what it has"), now: now, into: &actions)
      }
    }
  }

  mutating func missing(_ id: SessionID, _ variant: VariantID, into actions: inout [NodeAction]) {
    strikeOff(id, variant, into: &actions)
    downloads[variant]?.lost(id)
  }

  /// The peer has not, or no longer, what it said it had: it is not asked for that again before it announces a change.
  mutating func strikeOff(_ id: SessionID, _ variant: VariantID, into actions: inout [NodeAction]) {
    guard let key = sessions[id]?.peer, let manifest = table.peers[key]?.variants.removeValue(forKey: variant) else {
      return
    }
    // Whatever it has news of, what it lists beside that variant is asked for again then: the digest of no bucket at
    // all.
    let entry = Entries.Entry(variant: variant, manifest: manifest)
    let bucket = Int(IndexDigest.digest(of: entry, hashing: hashing).firstByte)
    if var buckets = table.peers[key]?.buckets {
      buckets[bucket] = ShortDigest(hashing.digest(of: Array("struck off".utf8)))
      table.peers[key]?.buckets = buckets
    }
    actions.append(
      .emit(.holderLacking(name: table.peers[key]?.label ?? "", release: variant.release.description)))
  }
}
