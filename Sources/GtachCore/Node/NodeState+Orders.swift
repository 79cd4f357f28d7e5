import GtachModel

/// An operator's request that waits for the neighbours.
struct Order: Sendable {
  enum Kind: Sendable {
    /// Report when all is settled that these, too, were asked for.
    case sync([Requirement])
    /// Report what would be fetched for these, and fetch nothing for them.
    case dryRun([Requirement])
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
      if !isDryRun {
        restore(requirements, into: &actions)
        want(requirements)
      }
      lookAgain()
      orders.append(
        Order(
          token: token, kind: isDryRun ? .dryRun(requirements) : .sync(requirements),
          installs: install ? requirements : [], notBefore: firstAnswer(now: now),
          report: SyncReport(peers: 0, metadataVersion: 0)))
    case .install(let requirement):
      restore([requirement], into: &actions)
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
    reconsider()
  }

  /// What was removed here comes back where it is asked for by its very version.
  private mutating func restore(_ requirements: [Requirement], into actions: inout [NodeAction]) {
    keep(
      choices.removed.filter { release in
        requirements.contains { $0.name == release.name && $0.range == .exactly(release.version) }
      }, into: &actions)
  }

  /// What was asked for by version or range, and came, stays when newer releases push others out.
  private mutating func keepWhatCame(into actions: inout [NodeAction]) {
    let here = Set(held.keys.filter(isListedAsHeld).map(\.release)).sorted(by: >)
    keep(
      requirements.compactMap { requirement in
        requirement.range.flatMap { range in
          here.first { $0.name == requirement.name && range.contains($0.version) }
        }
      }, into: &actions)
  }

  private mutating func keep(_ releases: some Sequence<ReleaseID>, into actions: inout [NodeAction]) {
    let new = Set(releases).subtracting(choices.kept).sorted()
    guard !new.isEmpty else { return }
    for release in new { choices.keep(release) }
    reconsider()
    actions.append(.keep(new))
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
    // Who is known by hearsay only may be nobody, and who is no neighbour is not asked.
    let asked = table.peers.filter { key, peer in
      !peer.isHearsay && (peer.link != .none || table.isNeighbour(key))
    }
    return asked.values.allSatisfy { peer in
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
      // What one order installs changes the plan of the next.
      guard isDone, installQueue.isEmpty else {
        waiting.append(order)
        continue
      }
      beginInstalls(of: &order)
      if installQueue.isEmpty {
        finish(&order, into: &actions)
      } else {
        // The installs report to this order when they end; then it is done.
        waiting.append(order)
      }
    }
    orders = waiting
    if installing == nil, !installQueue.isEmpty { advanceUpdates(now: now, into: &actions) }
  }

  /// Queues what an order wants to have installed: all of it by one plan, or, where not all goes together, what comes
  /// first, and then the rest as things stand by then.
  private mutating func beginInstalls(of order: inout Order) {
    while !order.installs.isEmpty, installQueue.isEmpty {
      if order.installs.count > 1, (try? enqueue(order.installs, token: nil)) != nil {
        order.installs = []
        return
      }
      do throws(GtachError) {
        try enqueue([order.installs.removeFirst()], token: nil)
      } catch {
        order.report.errors.append(ErrorReport(error))
      }
    }
  }

  private mutating func finish(_ order: inout Order, into actions: inout [NodeAction]) {
    switch order.kind {
    case .sync(let requirements):
      keepWhatCame(into: &actions)
      report(on: requirements, asked: [], &order, into: &actions)
    case .dryRun(let requirements):
      report(on: requirements, asked: requirements, &order, into: &actions)
    case .install(let requirement):
      keepWhatCame(into: &actions)
      do throws(GtachError) {
        try enqueue([requirement], token: order.token)
      } catch {
        actions.append(.answer(order.token, .failed(ErrorReport(error))))
      }
    }
  }

  /// Answers how things stand, and which of what was asked for nobody has.
  ///
  /// - Parameter asked: What is not wanted anyway.
  private mutating func report(
    on requirements: [Requirement], asked: [Requirement], _ order: inout Order, into actions: inout [NodeAction]
  ) {
    for requirement in requirements {
      do throws(GtachError) {
        try checkListed(requirement)
        // To a publisher everything comes.
        if !setup.isPublisher { try checkFitting(requirement) }
      } catch {
        // Where it was to be installed, that has been said.
        let error = ErrorReport(error)
        if !order.report.errors.contains(error) { order.report.errors.append(error) }
      }
    }
    order.report.peers = table.peers.values.filter { $0.knownRoot != nil && $0.backoff.failures == 0 }.count
    order.report.metadataVersion = trusted.timestampVersion
    order.report.pending = wantedVariants(held: Set(held.keys.filter(isListedAsHeld)), asked: asked)
      .map(\.release.description)
    actions.append(.answer(order.token, .sync(order.report)))
  }

  /// Queues what it takes for packages to be installed.
  private mutating func enqueue(_ requirements: [Requirement], token: RequestToken?) throws(GtachError) {
    var works = try installations(of: requirements)
    guard !works.isEmpty else {
      throw GtachError(.bug, "a plan for \(requirements.map(\.name.text).joined(separator: ", ")) is without it")
    }
    let first = works.removeFirst()
    installQueue.append(InstallOrder(work: first, next: works, token: token))
  }
}
