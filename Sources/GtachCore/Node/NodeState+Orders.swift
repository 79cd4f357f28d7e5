import GtachModel

/// An operator's request that waits for the neighbours.
struct Order: Sendable {
  enum Kind: Sendable {
    /// Report when all is settled.
    case sync(isDryRun: Bool)
    /// Install the newest release that is listed once all is settled.
    case install(Requirement)
  }
  let token: RequestToken
  let kind: Kind
  /// What to install by name when all is settled.
  var installs: [Requirement] = []
  /// Not settled before: peers need time to be found.
  let notBefore: Instant
  /// What happened since.
  var report: SyncReport
}

extension NodeState {
  /// How long a request waits for peers to be found, in milliseconds; browsing what is there takes 10.
  static let discoveryMilliseconds: Int64 = 1_500
  /// How long a request waits for the peers' answers where nothing is being fetched, in milliseconds.
  static let settleMilliseconds: Int64 = 15_000

  mutating func accept(
    _ request: ControlRequest, token: RequestToken, now: Instant, into actions: inout [NodeAction]
  ) {
    switch request {
    case .sync(let requirements, let peers, let isDryRun, let install):
      for endpoint in peers { table.add(manual: endpoint) }
      want(requirements)
      lookAgain()
      orders.append(
        Order(
          token: token, kind: .sync(isDryRun: isDryRun), installs: install ? requirements : [],
          notBefore: firstAnswer(now: now), report: SyncReport(peers: 0, metadataVersion: 0)))
    case .install(let requirement):
      want([requirement])
      lookAgain()
      orders.append(
        Order(
          token: token, kind: .install(requirement), notBefore: firstAnswer(now: now),
          report: SyncReport(peers: 0, metadataVersion: 0)))
    case .rollback(let name, let version):
      installQueue.append(InstallOrder(work: .rollBack(name, version), token: token))
    case .status, .peers, .reload:
      actions.append(.answer(token, .failed(ErrorReport(GtachError(.bug, "this is not for the node to decide")))))
    }
  }

  private mutating func want(_ more: [Requirement]) {
    for requirement in more where !requirements.contains(requirement) { requirements.append(requirement) }
    wanted = nil
  }

  /// A request by hand forgives every failure: peers and releases are tried again at once.
  private mutating func lookAgain() {
    for key in table.peers.keys {
      table.peers[key]?.backoff.reset()
      table.peers[key]?.lastExchange = nil
      table.peers[key]?.refusedMetadataVersion = nil
      // A peer that once lacked what it had listed is asked anew what it has.
      table.peers[key]?.buckets = nil
      table.peers[key]?.knownRoot = nil
    }
    downloadBackoff = [:]
    installBackoff = [:]
  }

  /// A node that has been listening for a while knows its neighbours already.
  private func firstAnswer(now: Instant) -> Instant {
    table.peers.isEmpty ? now.advanced(byMilliseconds: Self.discoveryMilliseconds) : now
  }

  var orderDeadlines: [Instant] {
    orders.flatMap { [$0.notBefore, $0.notBefore.advanced(byMilliseconds: Self.settleMilliseconds)] }
  }

  /// Whether every peer has been asked or has failed, and nothing is on its way.
  private func isSettled(now: Instant) -> Bool {
    metadataUpdate == nil && metadataSaves == 0 && isNothingComing(now: now) && isQuiet
  }

  /// A download whose peers are all away may wait for ever; whoever asked does not.
  private func isNothingComing(now: Instant) -> Bool { !downloads.keys.contains { isUnderWay($0, now: now) } }

  private var isQuiet: Bool {
    table.peers.values.allSatisfy { peer in
      switch peer.link {
      case .none: peer.backoff.failures > 0 || peer.lastExchange != nil || peer.endpoints.isEmpty
      case .dialling: false
      case .up(let id):
        sessions[id].map { !$0.isExchanging && peer.indexRoot == peer.knownRoot } ?? true
      }
    }
  }

  mutating func advanceOrders(now: Instant, into actions: inout [NodeAction]) {
    guard !orders.isEmpty, installing == nil, installQueue.isEmpty else { return }
    var waiting: [Order] = []
    for var order in orders {
      let isLate = order.notBefore.advanced(byMilliseconds: Self.settleMilliseconds) <= now
      let isDone =
        order.notBefore <= now && (isSettled(now: now) || isLate && isNothingComing(now: now) && metadataSaves == 0)
      guard isDone else {
        waiting.append(order)
        continue
      }
      if !order.installs.isEmpty {
        // The installs report to this order when they end; then it is done.
        for requirement in order.installs { enqueue(requirement, token: nil, into: &order) }
        order.installs = []
        waiting.append(order)
        continue
      }
      finish(&order, into: &actions)
    }
    orders = waiting
    if installing == nil, !installQueue.isEmpty { advanceUpdates(now: now, into: &actions) }
  }

  private mutating func finish(_ order: inout Order, into actions: inout [NodeAction]) {
    switch order.kind {
    case .sync:
      order.report.peers = table.peers.values.filter { $0.knownRoot != nil && $0.backoff.failures == 0 }.count
      order.report.metadataVersion = trusted.timestampVersion
      order.report.pending = wantedNow().map(\.variant.release.description)
      actions.append(.answer(order.token, .sync(order.report)))
    case .install(let requirement):
      let before = order.report.errors.count
      enqueue(requirement, token: order.token, into: &order)
      if order.report.errors.count > before, let error = order.report.errors.last {
        actions.append(.answer(order.token, .failed(error)))
      }
    }
  }

  /// Queues the newest release here that a requirement accepts.
  private mutating func enqueue(_ requirement: Requirement, token: RequestToken?, into order: inout Order) {
    let candidates = held.keys.filter { variant in
      variant.release.name == requirement.name && trusted.targets[variant]?.manifest.digest == held[variant]
        && variant.platform.suitability(for: setup.machine.platform) != nil
        && (requirement.range?.contains(variant.release.version) ?? !variant.release.version.isPrerelease)
    }
    let best = candidates.max { left, right in
      left.release.version != right.release.version
        ? left.release.version < right.release.version
        : (left.platform.suitability(for: setup.machine.platform) ?? -1)
          < (right.platform.suitability(for: setup.machine.platform) ?? -1)
    }
    guard let best else {
      let range = requirement.range.map { "@\($0)" } ?? ""
      order.report.errors.append(
        ErrorReport(
          GtachError(
            .notFound, "no release of \(requirement.name)\(range) is here or at a neighbour",
            advice: "see what there is with \"gtach list\", and who is there with \"gtach peers\"")))
      return
    }
    // Whoever names versions may mean a step back; whoever names none does not.
    if requirement.range == nil, let active = installState.packages[requirement.name]?.active?.id,
      !UpdatePolicy.byHand.permits(VersionManager.compatibility(from: active.version, to: best.release.version))
    {
      order.report.errors.append(
        ErrorReport(
          GtachError(
            .releaseRefused, "\(best.release), the newest release here, is older than \(active), which is active",
            advice: "to go back all the same: gtach install \(best.release)")))
      return
    }
    installQueue.append(InstallOrder(work: .install(best, isForced: true), token: token))
  }
}
