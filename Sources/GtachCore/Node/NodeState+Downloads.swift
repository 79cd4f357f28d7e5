import GtachModel
import GtachWire

extension NodeState {
  /// How many variants are fetched at once.
  static let simultaneousDownloads = 2

  /// What the policy wants and is not here, newest knowledge first.
  mutating func wantedNow() -> [ListedVariant] {
    if let wanted { return wanted }
    let result = wantedVariants(held: Set(held.keys.filter(isListedAsHeld))).compactMap { trusted.targets[$0] }
    wanted = result
    return result
  }

  /// What the policy wants beside what is here.
  ///
  /// - Parameter asked: What an operator asks for, beside what operators asked for before.
  mutating func wantedVariants(held: Set<VariantID>, asked: [Requirement] = []) -> [VariantID] {
    let configuration = setup.configuration
    let requirements = requirements + asked
    let planned = planned(for: requirements)
    return WantPolicy.wanted(
      listed: available.sorted { $0.variant < $1.variant }, held: held,
      machine: setup.machine.platform, model: setup.machine.model, isPublisher: setup.isPublisher,
      keepReleases: configuration.keepReleases ?? NodeConfiguration.defaultKeepReleases,
      planned: planned, requirements: requirements, choices: choices)
  }

  /// Whether a variant that is here is the one that the signed metadata lists.
  func isListedAsHeld(_ variant: VariantID) -> Bool {
    held[variant] != nil && held[variant] == trusted.targets[variant]?.manifest.digest
  }

  mutating func advanceDownloads(now: Instant, into actions: inout [NodeAction]) {
    guard setup.fetches else { return }
    for listed in wantedNow() {
      // Those that wait for a peer that is away hold nobody up.
      guard downloads.keys.count(where: { isUnderWay($0, now: now) }) < Self.simultaneousDownloads else { break }
      let variant = listed.variant
      guard downloads[variant] == nil, downloadBackoff[variant]?.allows(now: now) ?? true,
        isReachable(variant, now: now)
      else { continue }
      downloads[variant] = Download(listed, now: now)
    }
    for variant in downloads.keys.sorted() { advance(variant, into: &actions) }
  }

  /// Whether a download goes on as things stand: nothing more is needed from a peer, or one that has it is there.
  func isUnderWay(_ variant: VariantID, now: Instant) -> Bool {
    downloads[variant]?.isHere == true || isReachable(variant, now: now)
  }

  private func isReachable(_ variant: VariantID, now: Instant) -> Bool {
    table.peers.values.contains { peer in
      peer.variants[variant] != nil
        && (peer.link != .none || !peer.endpoints.isEmpty && peer.backoff.allows(now: now))
    }
  }

  private func isHeldByAnyPeer(_ variant: VariantID) -> Bool {
    table.peers.values.contains { $0.variants[variant] != nil }
  }

  /// Open sessions to peers that say they hold a variant. What they say is only a reason to ask them.
  private func holders(of variant: VariantID) -> [SessionID] {
    sessions.keys.sorted().filter { id in
      guard let session = sessions[id], let peer = table.peers[session.peer] else { return false }
      return peer.variants[variant] != nil
    }
  }

  /// Whether a peer that says it holds a variant is being dialled. One that was dialled in vain is waited for no more: it
  /// may be gone for good.
  private func isHolderComing(_ variant: VariantID) -> Bool {
    table.peers.values.contains { peer in
      guard case .dialling = peer.link else { return false }
      return peer.variants[variant] != nil && peer.backoff.failures == 0
    }
  }

  private mutating func advance(_ variant: VariantID, into actions: inout [NodeAction]) {
    guard var download = downloads[variant] else { return }
    guard trusted.targets[variant]?.manifest == download.listed.manifest, !choices.removed.contains(variant.release)
    else {
      downloads[variant] = nil
      return
    }
    let holders = holders(of: variant)
    if holders.isEmpty, !isHeldByAnyPeer(variant), !download.isHere {
      downloads[variant] = nil
      return
    }
    switch download.phase {
    case .manifest(nil):
      guard let session = holders.randomElement(using: &generator) else { break }
      download.phase = .manifest(session)
      actions.append(.send(session, .manifest(variant, download.listed.manifest)))
    case .index(nil):
      guard let session = holders.randomElement(using: &generator), let content = download.indexContent else { break }
      download.phase = .index(session)
      actions.append(.send(session, .index(variant, content)))
    case .chunks:
      guard let index = download.index else { break }
      if download.isComplete {
        download.phase = .completing
        actions.append(.complete(variant, manifest: download.manifest, index: download.indexBytes))
        break
      }
      let questions = download.queue?.ask(
        holders: holders, expectsMore: isHolderComing(variant), load: sessions.mapValues(\.chunks), using: &generator)
      for question in questions ?? [] {
        sessions[question.session]?.chunks += 1
        actions.append(
          .send(
            question.session, .chunk(variant, position: question.chunk, form: question.form, index: index)))
      }
    case .manifest, .index, .inspecting, .completing: break
    }
    downloads[variant] = download
  }

  mutating func receivedManifest(
    _ id: SessionID, _ variant: VariantID, _ bytes: [UInt8], now: Instant, into actions: inout [NodeAction]
  ) {
    guard var download = downloads[variant], case .manifest(let asked) = download.phase, asked == id else { return }
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
    guard var download = downloads[variant], case .index(let asked) = download.phase, asked == id else { return }
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

  mutating func chunkStored(
    _ id: SessionID, _ variant: VariantID, _ position: Int, bytes: Int, into actions: inout [NodeAction]
  ) {
    guard let peer = came(bytes, in: id) else { return }
    downloads[variant]?.stored(position, bytes: bytes, from: peer)
    guard let download = downloads[variant] else { return }
    actions.append(
      .emit(
        .fetchProgress(
          release: variant.release.description, receivedBytes: download.receivedBytes,
          totalBytes: download.totalBytes)))
  }

  /// The publisher's fault, not the peer's: nobody has another object of that id. The operator is told of the first one.
  mutating func objectUseless(
    _ question: ChunkQueue.Question, of variant: VariantID, bytes: Int, _ error: GtachError,
    into actions: inout [NodeAction]
  ) {
    guard let peer = came(bytes, in: question.session) else { return }
    guard downloads[variant]?.isUseless(question, bytes: bytes, from: peer) == true else { return }
    actions.append(.emit(.objectUseless(release: variant.release.description, error: ErrorReport(error))))
  }

  /// This machine's own fault, such as a full disk: no other peer would help.
  mutating func chunkRefused(
    _ id: SessionID, _ variant: VariantID, _ error: GtachError, now: Instant, into actions: inout [NodeAction]
  ) {
    sessions[id]?.chunks -= 1
    if downloads[variant] != nil { drop(variant, error, now: now, into: &actions) }
  }

  /// The peer lacks an object, which it may, or the chunk itself, and then it has not got the variant.
  mutating func chunkLacking(
    _ question: ChunkQueue.Question, of variant: VariantID, into actions: inout [NodeAction]
  ) {
    guard sessions[question.session] != nil else { return }
    sessions[question.session]?.chunks -= 1
    downloads[variant]?.queue?.lacks(question)
    if question.form == .bare { strikeOff(question.session, variant, into: &actions) }
  }

  mutating func missing(_ id: SessionID, _ variant: VariantID, into actions: inout [NodeAction]) {
    strikeOff(id, variant, into: &actions)
    downloads[variant]?.lost(id)
  }

  /// The peer has not, or no longer, what it said it had: it is not asked for that again before it announces a change.
  private mutating func strikeOff(_ id: SessionID, _ variant: VariantID, into actions: inout [NodeAction]) {
    guard let key = sessions[id]?.peer, let manifest = table.peers[key]?.variants.removeValue(forKey: variant) else {
      return
    }
    // Whatever it has news of, what it lists beside that variant is asked for again then: the digest of no bucket at all.
    let entry = Entries.Entry(variant: variant, manifest: manifest)
    let bucket = Int(IndexDigest.digest(of: entry, hashing: hashing).firstByte)
    if var buckets = table.peers[key]?.buckets {
      buckets[bucket] = ShortDigest(hashing.digest(of: Array("struck off".utf8)))
      table.peers[key]?.buckets = buckets
    }
    actions.append(
      .emit(.holderLacking(name: table.peers[key]?.label ?? "", release: variant.release.description)))
  }

  /// Counts what came in answer to a question for a chunk.
  ///
  /// - Returns: Whom from, for people; nil where the session is over.
  private mutating func came(_ bytes: Int, in id: SessionID) -> String? {
    guard let session = sessions[id] else { return nil }
    sessions[id]?.chunks -= 1
    table.peers[session.peer]?.receivedBytes += bytes
    return table.peers[session.peer]?.label ?? ""
  }

  mutating func completed(
    _ variant: VariantID, error: GtachError?, now: Instant, into actions: inout [NodeAction]
  ) {
    guard let download = downloads[variant], case .completing = download.phase else { return }
    if let error {
      // An object that waited for others to be decoded may have yielded another chunk.
      if error.code == .chunkMissing, let index = downloads[variant]?.looksAgain() {
        actions.append(.inspect(variant, index))
      } else {
        drop(variant, error, now: now, into: &actions)
      }
      return
    }
    downloads[variant] = nil
    downloadBackoff[variant] = nil
    cleaning.isDue = true
    hold(variant, download.listed.manifest.digest)
    // What is wanted follows from what is listed; of what is here it only lacks what came just now.
    if isListedAsHeld(variant), let position = wanted?.firstIndex(where: { $0.variant == variant }) {
      wanted?.remove(at: position)
    }
    due = nil
    let fetch = download.report(now: now)
    actions.append(.emit(.fetchFinished(fetch)))
    for position in orders.indices { orders[position].report.fetched.append(fetch) }
  }

  /// Gives a download up. It starts anew after a pause, with what is stored by then.
  private mutating func drop(
    _ variant: VariantID, _ error: GtachError, now: Instant, into actions: inout [NodeAction]
  ) {
    downloads[variant] = nil
    if error.code == .diskFull { cleaning.isDue = true }
    downloadBackoff[variant, default: Backoff()].fail(now: now, using: &generator)
    actions.append(.emit(.fetchFailed(release: variant.release.description, error: ErrorReport(error))))
    report(error)
  }
}

extension Download {
  /// Whether nothing more is needed from anybody.
  var isHere: Bool {
    switch phase {
    case .inspecting, .completing: true
    case .chunks: isComplete
    case .manifest, .index: false
    }
  }

  /// Length and hash of the index, as the manifest says.
  var indexContent: Manifest.Content? { parsedManifest?.index }

  /// Takes the manifest.
  ///
  /// - Throws: As `ListedVariant.verifiedManifest`.
  mutating func accept(manifest bytes: [UInt8], hashing: some Hashing) throws(GtachError) {
    parsedManifest = try listed.verifiedManifest(bytes, hashing: hashing)
    manifest = bytes
    phase = .index(nil)
  }

  /// Takes the index.
  ///
  /// - Throws: As `Manifest.verifiedIndex`.
  mutating func accept(index bytes: [UInt8], hashing: some Hashing) throws(GtachError) -> ChunkIndex {
    guard let parsedManifest else { throw GtachError(.bug, "an index came before its manifest") }
    let decoded = try parsedManifest.verifiedIndex(bytes, hashing: hashing)
    indexBytes = bytes
    index = decoded
    phase = .inspecting
    return decoded
  }
}
