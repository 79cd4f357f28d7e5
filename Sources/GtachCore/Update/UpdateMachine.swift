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
    /// The self-test ran.
    case tested(SelfTestReport)
  }

  /// What is to be done now; unchanged by anything but `advance`.
  public internal(set) var action: UpdateAction

  /// The release that is to be active.
  public var release: ReleaseID { journal.release.id }

  var journal: UpdateJournal
  var state: InstallState
  let history: [UInt8]
  let layout: InstallLayout
  let machine: InstallMachine
  var step: Step

  /// Where a transaction is, more finely than the journal says.
  enum Step {
    case opening, staging, sealing, markingStaged
    case preInstall, activating, postInstall, testing
    case committing, cleaningUp(UpdateResult)
    case undoing, undoHook, recordingUndo(UpdateResult)
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
    case .opening:
      step = .staging
      action = .stage(directory: layout.stagingTree)
    case .staging: perform(.sealing, operations.seal(journal.release.id))
    case .sealing: try markStaged()
    case .markingStaged:
      guard journal.kind == .install, let hook = UpdateHook(.preInstall, of: journal.release, layout: layout) else {
        return try activate()
      }
      run(hook, .preInstall)
    case .preInstall: try activate()
    case .activating: try tryOut()
    case .postInstall: test()
    case .testing: throw GtachError(.bug, "a self-test ended without a report")
    case .committing: try cleanUp()
    case .cleaningUp(let result), .recordingUndo(let result), .concluding(let result): end(.finish(result))
    case .undoing:
      // What the previous release runs whenever it was activated, it runs now; but not for ever, where that is what
      // the machine does not survive.
      guard journal.wasActivated, journal.attempt <= UpdateJournal.maximumAttempts,
        let previous = journal.before.active,
        let hook = UpdateHook(.postInstall, of: previous, layout: layout)
      else { return try recordUndo() }
      run(hook, .undoHook)
    case .undoHook: try recordUndo()
    case .abandoning(let error), .stopping(let error): end(.fail(error))
    case .ended: throw GtachError(.bug, "an update was told of an outcome after its end")
    }
  }

  private mutating func fail(_ error: GtachError) throws(GtachError) {
    switch step {
    case .opening, .staging, .sealing, .markingStaged:
      perform(.abandoning(error), operations.discard(journal) + operations.close())
    case .preInstall, .postInstall, .testing:
      if error.code == .cancelled { return try stop(error) }
      journal.errors.append(ErrorReport(error))
      if journal.kind == .rollback {
        if case .postInstall = step { test() } else { try commit() }
      } else {
        // That the machine has no room for one more process says nothing of the release.
        try undo(refusing: error.code != .busy)
      }
    case .activating:
      journal.errors.append(ErrorReport(error))
      try undo(refusing: false)
    case .committing: throw error.before("what was installed works; the next start writes that down")
    case .cleaningUp(var result):
      result.message += "; old releases could not be removed yet"
      result.validationErrors.append(ErrorReport(error))
      end(.finish(result))
    case .undoing, .recordingUndo: throw error.before("the next start finishes the rollback")
    case .undoHook:
      if error.code == .cancelled { return try stop(error) }
      journal.errors.append(ErrorReport(error))
      try recordUndo()
    case .concluding: throw error
    case .abandoning(let first), .stopping(let first):
      throw first.before("and the next start cleans up, as this failed too: \(error)")
    case .ended: throw GtachError(.bug, "an update was told of an outcome after its end")
    }
  }

  private mutating func judge(_ report: SelfTestReport) throws(GtachError) {
    guard case .testing = step else {
      throw GtachError(.bug, "an update was told of a self-test that it never asked for")
    }
    if let stopped = report.results.first(where: { $0.code == ErrorCode.cancelled.rawValue }) {
      return try stop(GtachError(.cancelled, "the self-test was stopped", reason: stopped.actual))
    }
    journal.selfTest = report
    let errors = SelfTestVerdict.errors(report, release: journal.release.id, allowMock: machine.allowMock)
    journal.errors += errors.map(ErrorReport.init)
    if errors.isEmpty || journal.kind == .rollback { try commit() } else { try undo(refusing: true) }
  }

  // MARK: - The steps

  mutating func markStaged() throws(GtachError) {
    journal.phase = .staged
    perform(.markingStaged, try operations.write(journal))
  }

  private mutating func run(_ hook: UpdateHook, _ step: Step) {
    self.step = step
    action = .runHook(hook)
  }

  private mutating func activate() throws(GtachError) {
    var releases = state.active
    releases[journal.name] = journal.release
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
    guard let hook = UpdateHook(.postInstall, of: journal.release, layout: layout) else { return test() }
    run(hook, .postInstall)
  }

  private mutating func test() {
    step = .testing
    action = .selfTest(journal.release, directory: layout.release(journal.release.id))
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
    let package = journal.committed(to: state).packages[journal.name] ?? InstallState.Package()
    perform(
      .cleaningUp(result),
      operations.retire(journal, committed: package) + (try remember(result)) + operations.close())
  }

  /// Begins to roll back.
  mutating func undo(refusing: Bool) throws(GtachError) {
    journal.phase = .rollingBack
    journal.attempt = 1
    journal.refuses = refusing
    try undo()
  }

  mutating func undo() throws(GtachError) {
    perform(
      .undoing,
      (try operations.write(journal)) + (journal.wasActivated ? operations.activate(journal.generationBefore) : []))
  }

  private mutating func recordUndo() throws(GtachError) {
    state = journal.rolledBack(in: state)
    let result = rolledBackResult()
    perform(
      .recordingUndo(result),
      (try operations.write(state)) + operations.discard(journal) + (try remember(result)) + operations.close())
  }

  /// Leaves the transaction to the next start, without counting this attempt.
  private mutating func stop(_ error: GtachError) throws(GtachError) {
    journal.attempt -= 1
    perform(.stopping(error.before("the next start goes on with it")), try operations.write(journal))
  }

  private func remember(_ result: UpdateResult) throws(GtachError) -> [FileOperation] {
    let entry = InstallHistory.Entry(
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
