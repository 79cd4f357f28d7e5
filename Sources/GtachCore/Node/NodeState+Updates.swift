import GtachModel

/// Something to install or to roll back, and for whom.
struct InstallOrder: Sendable {
  enum Work: Sendable {
    case install(VariantID, isForced: Bool)
    case rollBack(PackageName, SemanticVersion?)
  }
  var work: Work
  /// Who waits for the result; nil where the policy decided.
  var token: RequestToken?

  var name: PackageName {
    switch work {
    case .install(let variant, _): variant.release.name
    case .rollBack(let name, _): name
    }
  }
}

extension NodeState {
  var autoInstallPolicy: AutoInstallPolicy { AutoInstallPolicy(setup.configuration, machine: setup.machine) }

  /// What is installed, and what is not installed by itself, for people.
  public var installed: [StatusReport.Installed] {
    autoInstallPolicy.report(of: installState, listed: trusted.targets.values)
  }

  /// Starts the next update, one at a time: those that operators asked for, then those that the policy wants.
  mutating func advanceUpdates(now: Instant, into actions: inout [NodeAction]) {
    guard installing == nil else { return }
    if installQueue.isEmpty, setup.installs {
      let candidates = held.keys.filter(isListedAsHeld).compactMap { trusted.targets[$0] }.sorted {
        $0.variant < $1.variant
      }
      let due = autoInstallPolicy.next(complete: candidates, state: installState)
      installQueue = due.filter { installBackoff[$0.release.name]?.allows(now: now) ?? true }
        .map { InstallOrder(work: .install($0, isForced: false), token: nil) }
    }
    guard !installQueue.isEmpty else { return }
    let order = installQueue.removeFirst()
    installing = order
    switch order.work {
    case .install(let variant, let isForced): actions.append(.install(variant, isForced: isForced))
    case .rollBack(let name, let version): actions.append(.rollBack(name, version))
    }
  }

  mutating func updateFinished(
    _ result: Result<UpdateResult, GtachError>, now: Instant, into actions: inout [NodeAction]
  ) {
    let order = installing
    installing = nil
    switch result {
    case .success(let update):
      // A release that is not refused, because a condition did not hold, is due again: but not at once.
      if update.success {
        installBackoff[update.name] = nil
      } else {
        installBackoff[update.name, default: Backoff()].fail(now: now, using: &generator)
      }
      for position in orders.indices { orders[position].report.updates.append(update) }
      if let token = order?.token { actions.append(.answer(token, .update(update))) }
    case .failure(let error):
      report(error)
      if let name = order?.name {
        installBackoff[name, default: Backoff()].fail(now: now, using: &generator)
        actions.append(.emit(.updateFailed(name: name.text, error: ErrorReport(error))))
      }
      if let token = order?.token { actions.append(.answer(token, .failed(ErrorReport(error)))) }
    }
  }
}
