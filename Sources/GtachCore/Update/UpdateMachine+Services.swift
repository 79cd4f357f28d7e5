import GtachModel

/// The services of the releases of a transaction: which are stopped, which run afterwards, and what that says of it.
extension UpdateMachine {
  /// Why orders are given, and so what comes when they are carried out.
  enum ServiceStage {
    /// The way forward: those before are stopped, the new ones are known, and started.
    case stopping, reloading, starting
    /// They are started, and nobody looks whether they stay so.
    case startingUntested
    /// The way back.
    case stoppingAgain, reloadingBack, startingBack
  }

  private var old: [InstalledService] { journal.members.compactMap(\.before.active?.service) }
  private var new: [InstalledService] { journal.members.compactMap(\.release.service) }

  /// Whether any of the releases has a service, before or after.
  var concernsServices: Bool { !old.isEmpty || startsServices }
  /// Whether any is started on the way forward.
  var startsServices: Bool { !new.isEmpty || !runningDependents.isEmpty }

  /// The services whose unit files are to be written; nothing else is done to one that stays what it was.
  private func changed(_ services: [InstalledService]) -> [InstalledService] {
    let kept = journal.members.filter { $0.keepsUnit == true }.compactMap(\.release.service)
    return services.filter { !kept.contains($0) }
  }

  /// Drafts the unit files that are to come, and those that would come back.
  var draftsOfNew: [FileOperation] { operations.draft(changed(new)) }
  var draftsOfOld: [FileOperation] { operations.draft(changed(old)) }
  var exchangeForNew: [FileOperation] { operations.exchange(changed(old), for: changed(new)) }
  var exchangeForOld: [FileOperation] { operations.exchange(changed(new), for: changed(old)) }

  // MARK: - Before anything is stopped

  /// Looks at what is where the services are to be, from this member on.
  mutating func inspectServices(from position: Int) throws(GtachError) {
    for next in journal.members.indices.dropFirst(position) {
      // What a release had when it was installed the last time may not be what it is to have now.
      journal.members[next].release.service = nil
      journal.members[next].keepsUnit = nil
      let release = journal.members[next].release
      guard case .available(let manager, let directory) = machine.services, let id = release.serviceID(manager),
        let path = release.manifest.description.install?.service
      else { continue }
      step = .inspectingService(next)
      action = .inspectService(
        unit: "\(layout.release(release.id))/\(path)", service: id, installedAt: "\(directory)/\(id.name)")
      return
    }
    try inspectDependents(from: 0)
  }

  /// Gives a release that is gone back to the service that it had when it was installed.
  mutating func recallService(of position: Int) {
    let member = journal.members[position]
    guard case .available = machine.services else { return }
    journal.members[position].release.service = member.before.kept(member.release.id.version)?.service
  }

  mutating func take(_ finding: ServiceFinding) throws(GtachError) {
    guard case .inspectingService(let position) = step, case .available(let manager, let directory) = machine.services,
      let id = journal.members[position].release.serviceID(manager)
    else { throw GtachError(.bug, "an update was told of a service that it never asked for") }
    let member = journal.members[position]
    do throws(GtachError) {
      let service = try InstalledService(
        unit: finding.unit,
        path: "\(member.release.manifest.description.install?.service ?? "") of \(member.release.id)",
        of: member.name, layout: layout, id: id, directory: directory)
      try finding.checkOwner(of: service, for: member.name, layout: layout)
      let isThere = finding.installed == .file(Array(service.text.utf8))
      journal.members[position].release.service = service
      journal.members[position].keepsUnit = isThere && member.before.active?.service == service ? true : nil
    } catch {
      return try fail(error)
    }
    try inspectServices(from: position + 1)
  }

  // MARK: - Orders

  /// Stops all services of the transaction, the dependent ones first, and of those that are not there before it in
  /// front: in a recovery they may run already, and otherwise nothing waits for them.
  func stops() -> [ServiceOrder] {
    let known = Set(old.map(\.id))
    let added = new.filter { !known.contains($0.id) }
    let before = DependencyOrder.sorted(
      journal.members.compactMap(\.before.active) + runningDependents, on: machine.platform
    ).compactMap(\.service)
    return (Array(added.reversed()) + Array(before.reversed())).map { .stop($0.id) }
  }

  /// Has unit files read again where there are others.
  func reloads() -> [ServiceOrder] {
    Set((changed(old) + changed(new)).map(\.id.manager)).sorted { $0.rawValue < $1.rawValue }.map { .reload($0) }
  }

  /// Starts services, each after those that it needs, and then looks at all of them.
  func starts(_ release: (UpdateJournal.Member) -> InstallState.Release?, isWatched: Bool = true) -> [ServiceOrder] {
    let orders = DependencyOrder.sorted(
      journal.members.compactMap(release) + runningDependents, on: machine.platform
    ).flatMap(\.serviceOrders)
    func isStart(_ order: ServiceOrder) -> Bool { if case .start = order { true } else { false } }
    return orders.filter(isStart) + (isWatched ? orders.filter { !isStart($0) } : [])
  }

  /// Gives the next order, or goes on where there is none.
  mutating func serve(_ orders: [ServiceOrder], _ stage: ServiceStage) throws(GtachError) {
    guard let first = orders.first else { return try served(stage) }
    let order = isInterrupted ? first.hurried : first
    step = .serving(order, then: Array(orders.dropFirst()), stage)
    action = .service(order)
  }

  private mutating func served(_ stage: ServiceStage) throws(GtachError) {
    switch stage {
    case .stopping:
      let change = operations.reconfigure(journal.members) + operations.activate(journal.transaction)
      perform(.activating, change + exchangeForNew)
    case .reloading: try tryOut()
    case .starting: try test(from: 0, .serviceRunning)
    case .startingUntested: try commit()
    case .stoppingAgain: perform(.undoing, operations.activate(journal.generationBefore) + exchangeForOld)
    case .reloadingBack: try restore(from: 0)
    case .startingBack: verify(isRebuilt: false)
    }
  }

  /// An order was carried out.
  mutating func obeyed(
    _ order: ServiceOrder, then rest: [ServiceOrder], _ stage: ServiceStage
  ) throws(GtachError) {
    if case .watch(let id, _) = order { note(id, isRunning: true, stage) }
    try serve(rest, stage)
  }

  /// An order could not be carried out.
  mutating func disobeyed(
    _ order: ServiceOrder, then rest: [ServiceOrder], _ stage: ServiceStage, _ error: GtachError
  ) throws(GtachError) {
    switch stage {
    case .stopping, .reloading, .starting, .startingUntested:
      journal.errors.append(ErrorReport(error))
      // What cannot be stopped would run beside what takes its place, whoever wants that.
      if journal.kind == .install || stage == .stopping {
        // That there is nobody to ask says nothing of the release.
        guard error.code == .serviceFailed, let culprit = order.service.flatMap(position) else {
          return try undo(refusing: [])
        }
        return try undo(refusing: blame(culprit))
      }
    case .stoppingAgain, .reloadingBack, .startingBack:
      guard error.code == .serviceFailed else { throw error.before("the next start finishes the rollback") }
      journal.errors.append(ErrorReport(error))
    }
    guard let id = order.started else { return try serve(rest, stage) }
    note(id, isRunning: false, stage)
    try serve(rest.filter { $0.started != id }, stage)
  }

  /// The position among `tested` of whoever has that service, or had it.
  private func position(of service: ServiceID) -> Int? {
    let member = journal.members.firstIndex {
      $0.release.service?.id == service || $0.before.active?.service?.id == service
    }
    let dependent = journal.dependents.firstIndex { $0.release.service?.id == service }
    return member ?? dependent.map { journal.members.count + $0 }
  }

  /// What the result says: only what was seen to run is said to.
  private mutating func note(_ id: ServiceID, isRunning: Bool, _ stage: ServiceStage) {
    let owner = journal.members.first { member in
      (stage == .startingBack ? member.before.active : member.release)?.service?.id == id
    }
    let dependent = journal.dependents.first { $0.release.service?.id == id }?.release.id
    let release = (stage == .startingBack ? owner?.before.active?.id : owner?.release.id) ?? dependent
    guard let release else { return }
    journal.services.append(ServiceReport(release: release.description, unit: id.name, isRunning: isRunning))
  }
}

extension InstallState.Release {
  /// What its service is called; nil where it has none.
  func serviceID(_ manager: ServiceManager) -> ServiceID? {
    guard let path = manifest.description.install?.service, let name = path.split(separator: "/").last else {
      return nil
    }
    return ServiceID(manager: manager, name: String(name))
  }
}
