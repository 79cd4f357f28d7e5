import GtachModel

/// A variant that is to be installed, and why.
public struct RequestedVariant: Hashable, Sendable {
  /// The variant, which is here complete.
  public let variant: VariantID
  /// An operator asked for it: a refusal and a hold do not stand in the way.
  public let isForced: Bool
  /// It comes only because others need it.
  public let isDependency: Bool
}

/// Something to install or to roll back, and for whom.
struct InstallOrder: Sendable {
  enum Work: Sendable {
    /// Releases that take over at once or not at all, each after those that it needs.
    case install([RequestedVariant])
    case rollBack(PackageName, SemanticVersion?)
  }
  var work: Work
  /// What is to be installed if this succeeds: each release after those that it needs.
  var next: [Work] = []
  /// Who waits for the last result, or for the first that is no success; nil where the policy decided.
  var token: RequestToken?

  /// The packages, the one that it is about last.
  var names: [PackageName] {
    switch work {
    case .install(let set): set.map(\.variant.release.name)
    case .rollBack(let name, _): [name]
    }
  }
}

extension NodeState {
  var autoInstallPolicy: AutoInstallPolicy { AutoInstallPolicy(setup.configuration, machine: setup.machine) }

  /// What is installed, and what is not installed by itself, for people.
  public var installed: [StatusReport.Installed] {
    autoInstallPolicy.report(of: installState, listed: trusted.targets.values)
  }

  /// The variants that signed metadata lists and that are here complete.
  private var listedAndHeld: some Sequence<ListedVariant> {
    held.keys.lazy.filter { isListedAsHeld($0) }.compactMap { trusted.targets[$0] }
  }

  /// What signed metadata lists and nobody removed here.
  var available: [ListedVariant] {
    trusted.targets.values.filter { !choices.removed.contains($0.variant.release) }
  }

  /// What has to be here for what is installed by itself and what operators asked for.
  mutating func planned(for requirements: [Requirement]) -> [VariantID] {
    // Whoever asked for what has no plan is told why when it is to be installed.
    let together = orders.map(\.installs).filter { $0.count > 1 }
    let available = available
    let byHand = (together + requirements.map { [$0] }).flatMap {
      VersionManager.plan(for: problem($0, among: available))?.variants ?? []
    }
    return byHand + nextOfListed()
  }

  private mutating func nextOfListed() -> [VariantID] {
    let next = dueOfListed ?? autoInstallPolicy.next(listed: available, state: installState).flatMap { $0 }
    dueOfListed = next
    return next
  }

  /// The problem of what an operator asks for.
  private func problem(
    _ requirements: [Requirement], among listed: some Sequence<ListedVariant>
  ) -> ResolutionProblem {
    autoInstallPolicy.problem(byHand: requirements, listed: listed, state: installState)
  }

  /// What to install, in this order, so that packages are there that an operator asked for: the plan among all that is
  /// listed, or, where not all of that came here, among what did.
  ///
  /// - Throws: `ErrorCode.notFound`; `ErrorCode.dependencyConflict`, also where something installed is in the way;
  ///   `ErrorCode.releaseRefused` where what is active is no longer listed and nothing that is can follow it.
  func installations(of requirements: [Requirement]) throws(GtachError) -> [InstallOrder.Work] {
    for requirement in requirements { try checkListed(requirement) }
    var plan = try VersionManager.resolve(problem(requirements, among: available))
    let away = plan.variants.filter { !isListedAsHeld($0) }
    if !away.isEmpty {
      guard let possible = VersionManager.plan(for: problem(requirements, among: listedAndHeld)) else {
        throw Self.unfetched(requirements, away)
      }
      plan = possible
    }
    try Self.checkOrder(plan)
    let named = Set(requirements.map(\.name))
    var works = plan.sets.map { steps in
      InstallOrder.Work.install(
        steps.compactMap { step in
          step.variant.map {
            RequestedVariant(variant: $0, isForced: named.contains(step.name), isDependency: step.isDependency)
          }
        })
    }
    for step in plan.steps where step.action == .keep && named.contains(step.name) {
      guard let platform = step.platform else {
        throw away.isEmpty ? unlisted(step) : Self.unfetched(requirements, away)
      }
      // It is active already, and this says so; it ends a hold.
      let variant = VariantID(release: ReleaseID(name: step.name, version: step.version), platform: platform)
      works.append(.install([RequestedVariant(variant: variant, isForced: true, isDependency: false)]))
    }
    return works
  }

  /// Throws where no variant that is listed runs on this machine: none comes.
  ///
  /// - Throws: `ErrorCode.platformUnsupported`.
  func checkFitting(_ requirement: Requirement) throws(GtachError) {
    let range = requirement.range ?? .any
    let listed = available.filter {
      $0.variant.release.name == requirement.name && range.contains($0.variant.release.version)
    }
    let machine = setup.machine
    guard !listed.contains(where: { $0.fits(machine.platform, model: machine.model) }) else { return }
    let platforms = Set(listed.map(\.variant.platform)).subtracting([.any]).map(\.text).sorted()
    let model = machine.model.map { " (\($0))" } ?? ""
    throw GtachError(
      .platformUnsupported, "no variant of \(requirement) fits this machine, which is \(machine.platform)\(model)",
      reason: platforms.isEmpty
        ? "its description allows other machines only" : "it is there for \(platforms.joined(separator: " and "))",
      advice: "publish one that fits, with gtach pack --platform \(machine.platform)")
  }

  /// Throws where no release that there is fits.
  ///
  /// - Throws: `ErrorCode.notFound`.
  func checkListed(_ requirement: Requirement) throws(GtachError) {
    let range = requirement.range ?? .any
    let versions = available.map(\.variant.release).filter { $0.name == requirement.name }.map(\.version)
    guard !versions.contains(where: range.contains) else { return }
    if let release = choices.removed.sorted().last(where: {
      $0.name == requirement.name && range.contains($0.version)
    }) {
      throw GtachError(
        .notFound, "no release of \(requirement) is left: \(release) was removed here",
        advice: "to have it again, name it: gtach install \(release)")
    }
    let prerelease = requirement.range == nil ? versions.max() : nil
    throw GtachError(
      .notFound, "no release of \(requirement) is here or at a neighbour",
      reason: prerelease.map { "there are only prereleases, the newest of which is \($0)" },
      advice: prerelease.map { "to take it all the same: gtach install \(requirement.name)@\($0)" }
        ?? "see what there is with \"gtach list\", and who is there with \"gtach peers\"")
  }

  private static func checkOrder(_ plan: InstallPlan) throws(GtachError) {
    let obstructed = plan.obstructed
    guard !obstructed.isEmpty else { return }
    let releases = obstructed.map { "\($0.name)@\($0.version)" }.joined(separator: ", ")
    throw GtachError(
      .dependencyConflict, "\(releases) cannot take over from what is installed",
      reason: obstructed.compactMap { step in
        step.obstacle.map { "\(step.name)@\(step.version) is kept from it: \($0)." }
      }.joined(separator: "\n"),
      advice: "publish a release of what is in the way that goes with it")
  }

  private static func unfetched(_ requirements: [Requirement], _ away: [VariantID]) -> GtachError {
    GtachError(
      .notFound,
      "\(requirements.map(\.description).joined(separator: ", ")) is listed, and not all that it takes could be fetched",
      reason: "not here: \(away.map(\.release.description).joined(separator: ", "))",
      advice: "see who is there with \"gtach peers\"")
  }

  /// That what is active is no longer listed, and stays.
  private func unlisted(_ step: InstallPlan.Step) -> GtachError {
    let versions = trusted.targets.keys.filter { $0.release.name == step.name }.map(\.release.version)
    let active = "\(step.name)@\(step.version), which is active and no longer listed for this machine,"
    guard let newest = versions.max(), newest < step.version else {
      return GtachError(
        .releaseRefused, "\(active) stays, as no newer release that is listed can follow it",
        reason: step.newer.map { "\($0.version) cannot: \($0.reason)" })
    }
    return GtachError(
      .releaseRefused, "\(active) is newer than any release that is",
      advice: "to go back all the same: gtach install \(step.name)@\(newest)")
  }

  /// Starts the next update, one at a time: those that operators asked for, then those that the policy wants.
  mutating func advanceUpdates(now: Instant, into actions: inout [NodeAction]) {
    guard installing == nil else { return }
    windowAt = nil
    if installQueue.isEmpty, setup.installs, let set = nextDue(now: now), isWindowOpen(now: now) {
      let named = setup.configuration.autoInstall ?? [:]
      let requested = set.map {
        RequestedVariant(variant: $0, isForced: false, isDependency: named[$0.release.name] == nil)
      }
      installQueue = [InstallOrder(work: .install(requested), token: nil)]
    }
    guard !installQueue.isEmpty else { return }
    let order = installQueue.removeFirst()
    installing = order
    switch order.work {
    case .install(let set): actions.append(.install(set))
    case .rollBack(let name, let version): actions.append(.rollBack(name, version))
    }
  }

  /// Whether something may be installed by itself now; where not, it is looked again when that changes.
  private mutating func isWindowOpen(now: Instant) -> Bool {
    guard let windows = setup.configuration.installWindows, let localTime else { return true }
    switch windows.state(at: localTime) {
    case .inside: return true
    case .outside(let seconds):
      // The clock may be set meanwhile, be it for summer time.
      windowAt = now.advanced(byMilliseconds: Int64(min(seconds, Self.windowPauseSeconds)) * 1000)
      return false
    case .ignored:
      // A machine without a battery for its clock is told the time some moments after each start.
      let patience = (startedAt ?? now).advanced(byMilliseconds: Int64(InstallWindows.clockPatienceSeconds) * 1000)
      if now >= patience { return true }
      windowAt = min(patience, now.advanced(byMilliseconds: Self.clockPauseMilliseconds))
      return false
    }
  }

  private static let windowPauseSeconds = 600
  /// How often it is looked whether somebody has set the clock, in milliseconds.
  private static let clockPauseMilliseconds: Int64 = 10_000

  /// The first set to install by itself that need not wait: for a pause after a failure, for one that does, or for
  /// a newer one that is on its way here.
  private mutating func nextDue(now: Instant) -> [VariantID]? {
    if nextOfListed().contains(where: { downloads[$0] != nil && isUnderWay($0, now: now) }) { return nil }
    let due = self.due ?? autoInstallPolicy.next(listed: listedAndHeld, state: installState)
    self.due = due
    var waiting: Set<PackageName> = []
    for set in due {
      let names = set.map(\.release.name)
      let needs = set.flatMap { trusted.targets[$0]?.dependencies.on(setup.machine.platform).keys.map { $0 } ?? [] }
      let isFree = names.allSatisfy { installBackoff[$0]?.allows(now: now) ?? true }
      if isFree, waiting.isDisjoint(with: needs) { return set }
      waiting.formUnion(names)
    }
    return nil
  }

  mutating func updateFinished(
    _ result: Result<UpdateResult, GtachError>, now: Instant, into actions: inout [NodeAction]
  ) {
    let order = installing
    installing = nil
    switch result {
    case .success(let update):
      // A release that is not refused, because a condition did not hold, is due again: but not at once.
      for name in order?.names ?? [update.name] {
        if update.success {
          installBackoff[name] = nil
        } else {
          installBackoff[name, default: Backoff()].fail(now: now, using: &generator)
        }
      }
      for position in orders.indices { orders[position].report.updates.append(update) }
      if update.success, var order, !order.next.isEmpty {
        order.work = order.next.removeFirst()
        installQueue.insert(order, at: 0)
      } else if let token = order?.token {
        actions.append(.answer(token, .update(update)))
      }
    case .failure(let error):
      report(error)
      let names = order?.names ?? []
      for name in names { installBackoff[name, default: Backoff()].fail(now: now, using: &generator) }
      if let name = names.last { actions.append(.emit(.updateFailed(name: name.text, error: ErrorReport(error)))) }
      if let token = order?.token { actions.append(.answer(token, .failed(ErrorReport(error)))) }
    }
  }
}
