import GtachModel

/// A release that is to be installed, and why.
public struct RequestedRelease: Hashable, Sendable {
  /// The release, as the verified metadata lists it.
  public var release: InstallState.Release
  /// An operator asked for it: a refusal and a hold do not stand in the way.
  public var isForced: Bool
  /// It comes only because others need it.
  public var isDependency: Bool

  /// A request from its fields.
  public init(_ release: InstallState.Release, isForced: Bool = false, isDependency: Bool = false) {
    self.release = release
    self.isForced = isForced
    self.isDependency = isDependency
  }
}

extension UpdateMachine {
  /// Begins to install releases that take over at once, or not at all. Where they are active already, where a condition
  /// does not hold, or where a transaction is still under way, the first action says so and nothing is done.
  ///
  /// - Parameters:
  ///   - requests: At least one, of different packages, each after those that it needs.
  ///   - records: What is on the disk; its `opening` was carried out.
  ///   - freeBytes: The free space of the install root's file system.
  ///   - now: The time of the calendar, for people.
  ///   - hashing: Tells whether an operator has changed a file.
  /// - Throws: `ErrorCode.bug` where nothing is requested, or two releases of a package are.
  public static func installing(
    _ requests: [RequestedRelease], records: InstallRecords, layout: InstallLayout, machine: InstallMachine,
    freeBytes: Int64, now: Timestamp, hashing: any Hashing
  ) throws(GtachError) -> UpdateMachine {
    guard !requests.isEmpty, Set(requests.map(\.release.id.name)).count == requests.count else {
      throw GtachError(.bug, "an update of \(requests.map(\.release.id.description)) was asked for")
    }
    func member(_ request: RequestedRelease) -> UpdateJournal.Member {
      let package = records.state.packages[request.release.id.name] ?? InstallState.Package()
      // What was once installed for its own sake stays so.
      let isDependency = request.isDependency && (package.active == nil || package.isDependency == true)
      return UpdateJournal.Member(
        release: package.kept(request.release.id.version) ?? request.release, before: package,
        byOperator: request.isForced, isDependency: isDependency ? true : nil)
    }
    let all = requests.map(member)
    let changing = all.filter { $0.before.active?.id.version != $0.release.id.version }
    var update = UpdateMachine(
      kind: .install, members: changing.isEmpty ? all : changing, records: records, layout: layout, machine: machine,
      now: now, hashing: hashing)
    guard records.journal == nil else { return update.ending(with: Self.unfinished) }
    if changing.isEmpty {
      return update.alreadyActive(asked: Set(requests.filter { !$0.isDependency }.map(\.release.id)))
    }
    let violations = UpdateConditions.violations(
      of: changing, state: records.state, machine: machine, freeBytes: freeBytes)
    guard violations.isEmpty else {
      update.end(.finish(update.impossibleResult(violations)))
      return update
    }
    return update.begin { update throws(GtachError) in
      if changing.contains(where: update.isToBeStaged) { try update.beginStaging() } else { try update.markStaged() }
    }
  }

  /// Begins to make an earlier release active again because an operator wants it, and with it whatever would not work
  /// without; the package is held there afterwards. The hooks and the self-tests run and are reported, but do not
  /// decide.
  ///
  /// - Parameter version: Which of those that are kept; nil for the previous one.
  /// - Throws: `ErrorCode.notFound` where that is not kept; `ErrorCode.dependencyConflict` where what is kept does not
  ///   go together; `ErrorCode.usage` where it is active.
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
    guard let earlier = version.map({ package.kept($0) }) ?? package.previous else {
      throw GtachError(
        .notFound, "no release \(version.map(\.description) ?? "before \(active.id.version)") of \(name) is kept here",
        reason: "kept: \(package.kept.map(\.id.version.description).joined(separator: ", "))",
        advice: "to install another one: gtach install \(name)@VERSION")
    }
    let members = try RollbackCompany(records.state, on: machine.platform).releases(with: earlier).map { release in
      let before = records.state.packages[release.id.name] ?? InstallState.Package()
      return UpdateJournal.Member(
        release: release, before: before, byOperator: release.id.name == name, isDependency: before.isDependency)
    }
    let update = UpdateMachine(
      kind: .rollback, members: members, records: records, layout: layout, machine: machine, now: now)
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
      let result = interruptedResult()
      perform(.concluding(result), operations.discard(journal) + (try remember(result)) + operations.close())
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
          .updateRolledBack, "\(release) was never tried to the end",
          reason: "\(UpdateJournal.maximumAttempts) times the machine or gtach stopped meanwhile")))
    guard journal.kind == .install else { return true }
    // Nobody knows which of several it was.
    try undo(refusing: journal.members.indices)
    return false
  }

  // MARK: - Making one

  private init(
    kind: UpdateKind, members: [UpdateJournal.Member], records: InstallRecords, layout: InstallLayout,
    machine: InstallMachine, now: Timestamp, hashing: (any Hashing)? = nil
  ) {
    let journal = UpdateJournal(
      transaction: records.state.lastTransaction + 1, kind: kind, phase: .staging, members: members,
      generationBefore: records.state.generation, keepInstalled: machine.keepInstalled,
      circumstances: machine.circumstances, started: now,
      neededBy: Self.dependents(of: members, state: records.state, on: machine.platform))
    self.init(journal: journal, records: records, layout: layout, machine: machine, hashing: hashing)
  }

  private init(
    journal: UpdateJournal, records: InstallRecords, layout: InstallLayout, machine: InstallMachine,
    hashing: (any Hashing)? = nil
  ) {
    self.hashing = hashing
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

  /// The releases are active already: at most holds are ended, or they are now here for their own sake, by the one
  /// atomic step of replacing the state.
  private func alreadyActive(asked: Set<ReleaseID>) -> UpdateMachine {
    let held = journal.members.filter { $0.byOperator && $0.before.held }.map(\.name)
    let needed = journal.members.filter { asked.contains($0.release.id) && $0.before.isDependency == true }.map(\.name)
    let result = activeResult(endingHold: !held.isEmpty)
    return begin { update throws(GtachError) in
      guard !held.isEmpty || !needed.isEmpty else { return update.end(.finish(result)) }
      for name in held { update.state.packages[name]?.held = false }
      for name in needed { update.state.packages[name]?.isDependency = nil }
      update.perform(.concluding(result), try update.operations.write(update.state))
    }
  }
}
