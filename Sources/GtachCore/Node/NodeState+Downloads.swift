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
    for variant in downloads.keys.sorted() { advance(variant, now: now, into: &actions) }
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
  func holders(of variant: VariantID) -> [SessionID] {
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

  private mutating func advance(_ variant: VariantID, now: Instant, into actions: inout [NodeAction]) {
    guard var download = downloads[variant] else { return }
    guard trusted.targets[variant]?.manifest == download.listed.manifest, !choices.removed.contains(variant.release)
    else {
      end(variant, into: &actions)
      return
    }
    let holders = holders(of: variant)
    if holders.isEmpty, !isHeldByAnyPeer(variant), !download.isHere {
      end(variant, into: &actions)
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
      if download.isComplete {
        download.phase = .completing
        actions.append(.complete(variant, manifest: download.manifest, index: download.indexBytes))
        break
      }
      measuresAt = measuresAt ?? now.advanced(byMilliseconds: UnitFetch.measureMilliseconds)
      guard let content = download.indexContent, let map = download.chunks?.map else { break }
      for session in download.isShared ? sessions.keys.sorted() : holders
      where download.followed.insert(session).inserted {
        actions.append(.send(session, .follow(variant, map, index: content.digest)))
      }
      let questions = download.chunks?.advance(
        holders: holders, expectsMore: isHolderComing(variant), using: &generator)
      send(questions ?? [], of: variant, into: &actions)
      if !isHolderComing(variant), download.chunks?.isLackedBy(holders) == true {
        for session in holders { strikeOff(session, variant, into: &actions) }
      }
    case .manifest, .index, .inspecting, .completing: break
    }
    downloads[variant] = download
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
    end(variant, into: &actions)
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

  /// A download is over: nobody need tell of it any more.
  private mutating func end(_ variant: VariantID, into actions: inout [NodeAction]) {
    unfollow(variant, into: &actions)
    downloads[variant] = nil
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
