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
      let underWay = downloads.keys.filter { isUnderWay($0, now: now) }
      guard underWay.count < Self.simultaneousDownloads else { break }
      let variant = listed.variant
      guard downloads[variant] == nil, downloadBackoff[variant]?.allows(now: now) ?? true,
        isReachable(variant, now: now),
        // What has most chunks in common would be fetched twice: the second finds them here when the first is complete.
        !underWay.contains(where: { $0.release.name == variant.release.name })
      else { continue }
      downloads[variant] = Download(listed, now: now)
    }
    for variant in downloads.keys.sorted() { advance(variant, now: now, into: &actions) }
  }

  /// Whether a download goes on as things stand: nothing more is needed from a peer, or one that has it is there.
  func isUnderWay(_ variant: VariantID, now: Instant) -> Bool {
    downloads[variant]?.isHere == true || isReachable(variant, now: now)
  }

  private func isReachable(_ variant: VariantID, now: Instant) -> Bool {
    table.peers.values.contains { peer in
      peer.variants[variant] != nil && PeerTable.isReachable(peer, now: now)
    }
  }

  private func isHeldByAnyPeer(_ variant: VariantID) -> Bool {
    table.peers.values.contains { $0.variants[variant] != nil }
  }

  /// Open sessions to peers that say they hold a variant. What they say is only a reason to ask them.
  func holders(of variant: VariantID) -> [SessionID] {
    var holders: [SessionID] = []
    for (id, session) in sessions where table.peers[session.peer]?.variants[variant] != nil { holders.append(id) }
    return holders.sorted()
  }

  /// Whether a peer that says it holds a variant is being dialled. One that was dialled in vain is waited for no more:
  /// it may be gone for good.
  private func isHolderComing(_ variant: VariantID) -> Bool {
    table.peers.values.contains { peer in
      guard case .dialling = peer.link else { return false }
      return peer.variants[variant] != nil && peer.backoff.failures == 0
    }
  }

  private mutating func advance(_ variant: VariantID, now: Instant, into actions: inout [NodeAction]) {
    guard let phase = downloads[variant]?.phase, let manifest = downloads[variant]?.listed.manifest else { return }
    guard trusted.targets[variant]?.manifest == manifest, !choices.removed.contains(variant.release) else {
      end(variant, into: &actions)
      return
    }
    let holders = holders(of: variant)
    if holders.isEmpty, !isHeldByAnyPeer(variant), downloads[variant]?.isHere == false {
      end(variant, into: &actions)
      return
    }
    switch phase {
    case .manifest:
      guard let session = nextToAsk(for: variant, holders, now: now) else { break }
      downloads[variant]?.phase = .manifest(session)
      actions.append(.send(session, .manifest(variant, manifest)))
    case .index:
      guard let content = downloads[variant]?.indexContent, let session = nextToAsk(for: variant, holders, now: now)
      else { break }
      downloads[variant]?.phase = .index(session)
      actions.append(.send(session, .index(variant, content)))
    case .chunks: advanceChunks(of: variant, holders, now: now, into: &actions)
    case .inspecting, .completing: break
    }
  }

  /// Whom to ask for a manifest or an index: anybody, unless somebody was asked who has not been silent for long.
  private mutating func nextToAsk(for variant: VariantID, _ holders: [SessionID], now: Instant) -> SessionID? {
    if let silentAt = downloads[variant]?.silentAt, now < silentAt { return nil }
    let asked = downloads[variant]?.asked
    guard let session = holders.filter({ $0 != asked }).randomElement(using: &generator) else { return nil }
    downloads[variant]?.quietSince = now
    return session
  }

  private mutating func advanceChunks(
    of variant: VariantID, _ holders: [SessionID], now: Instant, into actions: inout [NodeAction]
  ) {
    switch downloads[variant]?.step(holders, sessions.keys) {
    case .complete(let manifest, let index):
      actions.append(.complete(variant, manifest: manifest, index: index))
    case .fetch(let newcomers):
      measuresAt = measuresAt ?? now.advanced(byMilliseconds: UnitFetch.measureMilliseconds)
      for session in newcomers {
        guard makeRoom(for: variant, in: session, now: now, into: &actions),
          let (map, index) = downloads[variant]?.follow(session)
        else { continue }
        actions.append(.send(session, .follow(variant, map, index: index)))
      }
      let isHolderComing = isHolderComing(variant)
      let next = downloads[variant]?.advance(holders: holders, isHolderComing: isHolderComing, using: &generator)
      guard let (questions, lacking) = next else { return }
      send(questions, of: variant, into: &actions)
      for session in lacking { strikeOff(session, variant, into: &actions) }
    case nil: break
    }
  }

  /// Sees to it that one more variant may be followed in a session. One that waits for a peer that is away gives way to
  /// one that goes on, and has its turn again when there is room.
  ///
  /// - Returns: Whether there is room.
  private mutating func makeRoom(
    for variant: VariantID, in session: SessionID, now: Instant, into actions: inout [NodeAction]
  ) -> Bool {
    let others = downloads.keys.filter { downloads[$0]?.followed.contains(session) == true }.sorted()
    guard others.count >= Limits.follows else { return true }
    guard isUnderWay(variant, now: now), let other = others.first(where: { !isUnderWay($0, now: now) }) else {
      return false
    }
    downloads[other]?.lost(session)
    actions.append(.send(session, .unfollow(other)))
    return true
  }

  mutating func completed(
    _ variant: VariantID, error: GtachError?, now: Instant, into actions: inout [NodeAction]
  ) {
    guard let download = downloads[variant], case .completing = download.phase else { return }
    if let error {
      // An object that waited for others to be decoded may have yielded another chunk.
      if error.code == .chunkMissing, let index = downloads[variant]?.looksAgain() {
        unfollow(variant, into: &actions)
        actions.append(.inspect(variant, index))
      } else {
        drop(variant, error, now: now, into: &actions)
      }
      return
    }
    unfollow(variant, into: &actions)
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
    actions.append(.emit(.fetchFinished(fetch: fetch)))
    for position in orders.indices { orders[position].report.fetched.append(fetch) }
  }

  /// A download is over although it is not complete: nobody need tell of it any more, and what arrived is left as it
  /// is.
  private mutating func end(_ variant: VariantID, into actions: inout [NodeAction]) {
    unfollow(variant, into: &actions)
    let index = downloads.removeValue(forKey: variant)?.index
    if let index { actions.append(.leave(index, keeping: downloads.values.compactMap(\.index))) }
  }

  private mutating func unfollow(_ variant: VariantID, into actions: inout [NodeAction]) {
    for session in downloads[variant]?.followed.sorted() ?? [] {
      actions.append(.send(session, .unfollow(variant)))
    }
    downloads[variant]?.followed = []
  }

  /// Gives a download up. It starts anew after a pause, with what is stored by then.
  mutating func drop(
    _ variant: VariantID, _ error: GtachError, now: Instant, into actions: inout [NodeAction]
  ) {
    end(variant, into: &actions)
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
