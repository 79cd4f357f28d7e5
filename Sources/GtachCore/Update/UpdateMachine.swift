import GtachModel

/// An update, a rollback by hand or the recovery of one, as a value: it says what to do next, is told how that ended,
/// and says what to do then, until `finish` or `fail`.
///
/// It touches nothing itself. Whoever obeys it may die at any point: from what is then on the disk, `recovering` makes
/// the machine that finishes or undoes the transaction.
public struct UpdateMachine: Sendable {
  /// How an action ended.
  public enum Outcome: Hashable, Sendable {
    /// As it should.
    case done
    /// Not. `ErrorCode.cancelled` means that this program was told to stop, which is nobody's failure.
    case failed(GtachError)
    /// What is at the places that were to be inspected.
    case seen([InspectedPlace: PlaceContent])
    /// A hook ran, and how it failed where it did.
    case ran(HookReport, GtachError?)
    /// The self-test ran.
    case tested(SelfTestReport)
  }

  /// What is to be done now; unchanged by anything but `advance`.
  public internal(set) var action: UpdateAction

  /// The release that the transaction is about: the last of several, which is not needed by the others.
  public var release: ReleaseID { goal.release.id }

  var goal: UpdateJournal.Member {
    guard let last = journal.members.last else { preconditionFailure("a transaction about nothing") }
    return last
  }
  var journal: UpdateJournal
  var state: InstallState
  let history: [UInt8]
  let layout: InstallLayout
  let machine: InstallMachine
  /// Nil in a recovery, which needs none.
  let hashing: (any Hashing)?
  var step: Step

  /// Where a transaction is, more finely than the journal says.
  ///
  /// What is done for each release in turn has the position of its member.
  enum Step {
    case opening(Int), staging(Int), inspecting(Int), placing(Int), sealing, markingStaged
    case preInstall(Int), activating, postInstall(Int), testing(Int)
    case committing, cleaningUp(UpdateResult)
    case undoing, undoHook(Int), verifying(isRebuilt: Bool), rebuilding, recordingUndo(UpdateResult)
    case abandoning(GtachError), concluding(UpdateResult), stopping(GtachError)
    case ended
  }

  var operations: InstallOperations { InstallOperations(layout: layout) }

  /// Tells how the action ended, and decides what comes next.
  public mutating func advance(_ outcome: Outcome) {
    do throws(GtachError) {
      switch outcome {
      case .done: try succeed()
      case .failed(let error): try fail(error)
      case .seen(let seen): try assemble(seen)
      case .ran(let report, let error):
        journal.hooks.append(report)
        if let error { try fail(error) } else { try succeed() }
      case .tested(let report): try judge(report)
      }
    } catch {
      end(.fail(error))
    }
  }

  mutating func end(_ action: UpdateAction) {
    step = .ended
    self.action = action
  }

  mutating func perform(_ step: Step, _ operations: [FileOperation]) {
    self.step = step
    action = .perform(operations)
  }

  private mutating func succeed() throws(GtachError) {
    switch step {
    case .opening(let position):
      step = .staging(position)
      action = .stage(journal.members[position].release.id, directory: layout.stagingTree)
    case .staging(let position): inspect(position)
    case .inspecting: throw GtachError(.bug, "a release was inspected, and nothing is said of it")
    case .placing(let position): stage(from: position + 1)
    case .sealing: try markStaged()
    case .markingStaged: try prepare(from: 0)
    case .preInstall(let position): try prepare(from: position + 1)
    case .activating: try tryOut()
    case .postInstall(let position): try settle(from: position + 1)
    case .testing: throw GtachError(.bug, "a self-test ended without a report")
    case .committing: try cleanUp()
    case .cleaningUp(let result), .recordingUndo(let result), .concluding(let result): end(.finish(result))
    case .undoing: restore(from: 0)
    case .undoHook(let position): restore(from: position + 1)
    case .rebuilding: verify(isRebuilt: true)
    case .verifying: try recordUndo()
    case .abandoning(let error), .stopping(let error): end(.fail(error))
    case .ended: throw GtachError(.bug, "an update was told of an outcome after its end")
    }
  }

  private mutating func fail(_ error: GtachError) throws(GtachError) {
    switch step {
    case .opening, .staging, .inspecting, .placing, .sealing, .markingStaged:
      perform(.abandoning(error), operations.discard(journal) + operations.close())
    case .preInstall(let position), .postInstall(let position), .testing(let position):
      if error.code == .cancelled { return try stop(error) }
      journal.errors.append(ErrorReport(error))
      if journal.kind == .rollback {
        if case .postInstall = step { try settle(from: position + 1) } else { try commit() }
      } else {
        // That the machine has no room for one more process says nothing of the release.
        try undo(refusing: error.code == .busy ? [] : [position])
      }
    case .activating:
      journal.errors.append(ErrorReport(error))
      try undo(refusing: [])
    case .committing: throw error.before("what was installed works; the next start writes that down")
    case .cleaningUp(var result):
      result.message += "; old releases could not be removed yet"
      result.validationErrors.append(ErrorReport(error))
      end(.finish(result))
    case .verifying(isRebuilt: false):
      // Somebody has changed the generation meanwhile. It is nothing but links, and the state says which.
      perform(
        .rebuilding,
        operations.generation(journal.generationBefore, state.active) + operations.activate(journal.generationBefore))
    case .undoing, .verifying, .rebuilding, .recordingUndo: throw error.before("the next start finishes the rollback")
    case .undoHook(let position):
      if error.code == .cancelled { return try stop(error) }
      journal.errors.append(ErrorReport(error))
      restore(from: position + 1)
    case .concluding: throw error
    case .abandoning(let first), .stopping(let first):
      throw first.before("and the next start cleans up, as this failed too: \(error)")
    case .ended: throw GtachError(.bug, "an update was told of an outcome after its end")
    }
  }

  private mutating func judge(_ report: SelfTestReport) throws(GtachError) {
    guard case .testing(let position) = step else {
      throw GtachError(.bug, "an update was told of a self-test that it never asked for")
    }
    if let stopped = report.results.first(where: { $0.code == ErrorCode.cancelled.rawValue }) {
      return try stop(GtachError(.cancelled, "the self-test was stopped", reason: stopped.actual))
    }
    journal.members[position].selfTest = report
    let release = journal.members[position].release.id
    let errors = SelfTestVerdict.errors(report, release: release, allowMock: machine.allowMock)
    journal.errors += errors.map(ErrorReport.init)
    if errors.isEmpty || journal.kind == .rollback {
      try test(from: position + 1)
    } else {
      try undo(refusing: [position])
    }
  }

  // MARK: - The steps

  mutating func markStaged() throws(GtachError) {
    journal.phase = .staged
    perform(.markingStaged, try operations.write(journal))
  }

  /// Begins to write releases: the journal tells of it first.
  mutating func beginStaging() throws(GtachError) {
    let record = try operations.write(journal)
    stage(from: 0)
    if case .perform(let operations) = action { action = .perform(record + operations) }
  }

  /// Has the releases written that are not here, from this member on.
  mutating func stage(from position: Int) {
    guard let next = journal.members.indices.first(where: { $0 >= position && !journal.members[$0].wasKept }) else {
      return perform(.sealing, operations.seal())
    }
    perform(.opening(next), operations.prepareStaging())
  }

  /// The first hook of that kind from this member on; nil where there is none.
  func hook(
    _ kind: UpdateHook.Kind, from position: Int, of release: (UpdateJournal.Member) -> InstallState.Release?
  ) -> (hook: UpdateHook, position: Int)? {
    for next in journal.members.indices.dropFirst(position) {
      if let hook = release(journal.members[next]).flatMap({ UpdateHook(kind, of: $0, layout: layout) }) {
        return (hook, next)
      }
    }
    return nil
  }

  mutating func run(_ hook: UpdateHook, _ step: Step) {
    self.step = step
    action = .runHook(hook)
  }

  private mutating func prepare(from position: Int) throws(GtachError) {
    guard journal.kind == .install, let next = hook(.preInstall, from: position, of: { $0.release }) else {
      return try activate()
    }
    run(next.hook, .preInstall(next.position))
  }

  private mutating func activate() throws(GtachError) {
    var releases = state.active
    for member in journal.members { releases[member.name] = member.release }
    let generation = operations.generation(journal.transaction, releases)
    try activate(preparing: generation)
  }

  /// Writes that the release is on trial, and only then swaps `current`: a machine that loses its power meanwhile
  /// knows what it was doing.
  mutating func activate(preparing generation: [FileOperation]) throws(GtachError) {
    journal.phase = .activated
    journal.wasActivated = true
    perform(
      .activating, generation + (try operations.write(journal)) + operations.activate(journal.transaction))
  }

  private mutating func tryOut() throws(GtachError) {
    // Only a rollback by hand comes here after its last attempt: the operator's word stands, untested.
    if journal.attempt > UpdateJournal.maximumAttempts { return try commit() }
    try settle(from: 0)
  }

  private mutating func settle(from position: Int) throws(GtachError) {
    guard let next = hook(.postInstall, from: position, of: { $0.release }) else { return try test(from: 0) }
    run(next.hook, .postInstall(next.position))
  }

  private mutating func test(from position: Int) throws(GtachError) {
    guard position < journal.members.count else { return try commit() }
    let release = journal.members[position].release
    step = .testing(position)
    action = .selfTest(release, directory: layout.release(release.id))
  }

  mutating func commit() throws(GtachError) {
    journal.phase = .selfTested
    let record = try operations.write(journal)
    state = journal.committed(to: state)
    journal.phase = .committed
    perform(.committing, record + (try operations.write(state)) + (try operations.write(journal)))
  }

  mutating func cleanUp() throws(GtachError) {
    let result = committedResult()
    perform(
      .cleaningUp(result),
      operations.retire(journal, committed: journal.committed(to: state)) + (try remember(result)) + operations.close())
  }

  /// Leaves the transaction to the next start, without counting this attempt.
  private mutating func stop(_ error: GtachError) throws(GtachError) {
    journal.attempt -= 1
    perform(.stopping(error.before("the next start goes on with it")), try operations.write(journal))
  }

  func remember(_ result: UpdateResult) throws(GtachError) -> [FileOperation] {
    let entry = HistoryEntry(
      transaction: journal.transaction, started: journal.started, kind: journal.kind, result: result)
    return operations.replace(layout.history, try InstallHistory.appending(entry, to: history))
  }
}

extension GtachError {
  /// The same error, with what happens next as its advice.
  fileprivate func before(_ next: String) -> GtachError {
    GtachError(code, message, reason: reason, advice: advice.map { "\($0); \(next)" } ?? next)
  }
}
