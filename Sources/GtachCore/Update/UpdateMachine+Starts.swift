import GtachModel

extension UpdateMachine {
  /// Begins to install a release. Where it is active already, where a condition does not hold, or where a transaction
  /// is still under way, the first action says so and nothing is done.
  ///
  /// - Parameters:
  ///   - release: The release, as the verified metadata lists it.
  ///   - records: What is on the disk; its `opening` was carried out.
  ///   - force: An operator asked for it: a refusal and a hold do not stand in the way.
  ///   - asDependency: It comes only because others need it.
  ///   - freeBytes: The free space of the install root's file system.
  ///   - now: The time of the calendar, for people.
  public static func installing(
    _ release: InstallState.Release, records: InstallRecords, layout: InstallLayout, machine: InstallMachine,
    force: Bool, asDependency: Bool = false, freeBytes: Int64, now: Timestamp
  ) -> UpdateMachine {
    let package = records.state.packages[release.id.name] ?? InstallState.Package()
    let kept = package.kept(release.id.version)
    let chosen = kept ?? release
    // What was once installed for its own sake stays so.
    let isDependency = asDependency && (package.active == nil || package.isDependency == true)
    var update = UpdateMachine(
      kind: .install, release: chosen, before: package, records: records, layout: layout, machine: machine,
      byOperator: force, isDependency: isDependency, now: now)
    guard records.journal == nil else { return update.ending(with: Self.unfinished) }
    if let active = package.active, active.id.version == release.id.version {
      return update.alreadyActive(
        endingHold: force && package.held, endingDependency: package.isDependency == true && !asDependency)
    }
    let violations = UpdateConditions.violations(
      of: chosen, state: records.state, machine: machine, force: force, staged: kept == nil, freeBytes: freeBytes)
    guard violations.isEmpty else {
      update.end(.finish(update.impossibleResult(violations)))
      return update
    }
    return update.begin { update throws(GtachError) in
      if kept != nil {
        try update.markStaged()
      } else {
        update.perform(
          .opening, try update.operations.write(update.journal) + update.operations.prepareStaging())
      }
    }
  }

  /// Begins to make the previous release active again because an operator wants it; the package is held there
  /// afterwards. The hook and the self-test run and are reported, but do not decide.
  ///
  /// - Parameter version: Which version; nil for the previous one.
  public static func rollingBack(
    _ name: PackageName, to version: SemanticVersion?, records: InstallRecords, layout: InstallLayout,
    machine: InstallMachine, now: Timestamp
  ) throws(GtachError) -> UpdateMachine {
    guard let package = records.state.packages[name], let active = package.active else {
      throw GtachError(.notFound, "\(name) is not installed")
    }
    if let version, version == active.id.version {
      throw GtachError(.usage, "\(active.id) is the active release: there is nothing to roll back")
    }
    guard let previous = package.previous, version == nil || version == previous.id.version else {
      throw GtachError(
        .notFound, "no release \(version.map(\.description) ?? "before \(active.id.version)") of \(name) is kept here",
        reason: "kept: \(package.previous.map { "\($0.id.version), " } ?? "")\(active.id.version)",
        advice: "to install another one: gtach install \(name)@VERSION")
    }
    let update = UpdateMachine(
      kind: .rollback, release: previous, before: package, records: records, layout: layout, machine: machine,
      byOperator: true, isDependency: package.isDependency ?? false, now: now)
    guard records.journal == nil else { return update.ending(with: Self.unfinished) }
    return update.begin { update throws(GtachError) in try update.markStaged() }
  }

  /// Takes up the transaction that the journal tells of, wherever it was cut off; nil where there is none.
  public static func recovering(
    _ records: InstallRecords, layout: InstallLayout, machine: InstallMachine
  ) -> UpdateMachine? {
    guard let journal = records.journal else { return nil }
    let update = UpdateMachine(journal: journal, records: records, layout: layout, machine: machine)
    return update.begin { update throws(GtachError) in try update.resume() }
  }

  private mutating func resume() throws(GtachError) {
    switch journal.phase {
    case .staging:
      perform(.concluding(interruptedResult()), operations.discard(journal) + operations.close())
    case .staged:
      guard try attemptAgain() else { return }
      try markStaged()
    case .activated:
      guard try attemptAgain() else { return }
      try activate(preparing: [])
    case .selfTested: try commit()
    case .committed: try cleanUp()
    case .rollingBack:
      journal.attempt += 1
      try undo()
    }
  }

  /// Counts one more attempt; false where there were enough, and the rollback has begun.
  private mutating func attemptAgain() throws(GtachError) -> Bool {
    journal.attempt += 1
    guard journal.attempt > UpdateJournal.maximumAttempts else { return true }
    journal.errors.append(
      ErrorReport(
        GtachError(
          .updateRolledBack, "\(journal.release.id) was never tried to the end",
          reason: "\(UpdateJournal.maximumAttempts) times the machine or gtach stopped meanwhile")))
    guard journal.kind == .install else { return true }
    try undo(refusing: true)
    return false
  }

  // MARK: - Making one

  private init(
    kind: UpdateJournal.Kind, release: InstallState.Release, before: InstallState.Package, records: InstallRecords,
    layout: InstallLayout, machine: InstallMachine, byOperator: Bool, isDependency: Bool, now: Timestamp
  ) {
    let journal = UpdateJournal(
      transaction: records.state.lastTransaction + 1, kind: kind, phase: .staging, release: release, before: before,
      generationBefore: records.state.generation, byOperator: byOperator, isDependency: isDependency,
      circumstances: machine.circumstances, started: now)
    self.init(journal: journal, records: records, layout: layout, machine: machine)
  }

  private init(journal: UpdateJournal, records: InstallRecords, layout: InstallLayout, machine: InstallMachine) {
    self.journal = journal
    state = records.state
    history = records.history
    self.layout = layout
    self.machine = machine
    step = .ended
    action = .perform([])
  }

  private static var unfinished: GtachError {
    GtachError(.bug, "an update was begun before the last one was recovered")
  }

  private func ending(with error: GtachError) -> UpdateMachine {
    var copy = self
    copy.end(.fail(error))
    return copy
  }

  private func begin(_ body: (inout UpdateMachine) throws(GtachError) -> Void) -> UpdateMachine {
    var copy = self
    do throws(GtachError) { try body(&copy) } catch { copy.end(.fail(error)) }
    return copy
  }

  /// The release is active already: at most a hold is ended, or it is now here for its own sake, by the one atomic step
  /// of replacing the state.
  private func alreadyActive(endingHold: Bool, endingDependency: Bool) -> UpdateMachine {
    let result = activeResult(endingHold: endingHold)
    return begin { update throws(GtachError) in
      guard endingHold || endingDependency else { return update.end(.finish(result)) }
      if endingHold { update.state.packages[update.journal.name]?.held = false }
      if endingDependency { update.state.packages[update.journal.name]?.isDependency = nil }
      update.perform(.concluding(result), try update.operations.write(update.state))
    }
  }
}
