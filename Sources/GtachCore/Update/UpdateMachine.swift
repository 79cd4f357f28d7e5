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
    /// Not. `ErrorCode.cancelled` means that this program was told to stop, which is nobody's failure: what is not
    /// committed is taken back.
    case failed(GtachError)
    /// What is at the places that were to be inspected.
    case seen([InspectedPlace: PlaceContent])
    /// A hook ran, and how it failed where it did.
    case ran(HookReport, GtachError?)
    /// The self-test ran.
    case tested(SelfTestReport)
    /// It was looked at what is where a service is to be.
    case inspected(ServiceFinding)
    /// Whether a service runs, or is about to.
    case isRunning(Bool)
  }

  /// What is to be done now; unchanged by anything but `advance`.
  public internal(set) var action: UpdateAction

  /// The release that the transaction is about: the one that an operator wants back, else the last of several, which is
  /// not needed by the others.
  public var release: ReleaseID { goal.release.id }

  var goal: UpdateJournal.Member {
    guard let last = journal.members.last else { preconditionFailure("a transaction about nothing") }
    return journal.kind == .rollback ? journal.members.first(where: \.byOperator) ?? last : last
  }
  var journal: UpdateJournal
  var state: InstallState
  let history: [UInt8]
  let layout: InstallLayout
  let machine: InstallMachine
  /// Nil in a recovery, which needs none.
  let hashing: (any Hashing)?
  var step: Step
  /// Whether this run has made the new generation already.
  var hasGeneration = false
  /// Whether this program was told to stop, and all that is left to do is to be done soon: nothing may cut it off.
  public internal(set) var isInterrupted = false

  /// Where a transaction is, more finely than the journal says.
  ///
  /// What is done for each release in turn has the position of its member.
  enum Step {
    case announcing, opening(Int), staging(Int), inspecting(Int), placing(Int), sealing, markingStaged
    case inspectingService(Int), inspectingDependent(Int)
    case preInstall(Int), beginning, activating, postInstall(Int), testing(Int, SelfTestStage)
    case serving(ServiceOrder, then: [ServiceOrder], ServiceStage)
    case committing, cleaningUp(UpdateResult)
    case beginningUndo, undoing, undoHook(Int), verifying(isRebuilt: Bool), rebuilding, recordingUndo(UpdateResult)
    case abandoning(GtachError), concluding(UpdateResult)
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
      case .inspected(let finding): try take(finding)
      case .isRunning(let isRunning): try take(isRunning: isRunning)
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
    case .announcing: stage(from: 0)
    case .opening(let position):
      step = .staging(position)
      action = .stage(journal.members[position].release.id, directory: layout.stagingTree)
    case .staging(let position): inspect(position)
    case .inspecting: throw GtachError(.bug, "a release was inspected, and nothing is said of it")
    case .placing(let position): stage(from: position + 1)
    case .sealing: try markStaged()
    case .markingStaged: try inspectServices(from: 0)
    case .inspectingService, .inspectingDependent:
      throw GtachError(.bug, "a service was looked at, and nothing was seen")
    case .preInstall(let position): try prepare(from: position + 1)
    case .beginning: try serve(stops(), .stopping)
    case .activating: try serve(reloads(), .reloading)
    case .serving(let order, let rest, let stage): try obeyed(order, then: rest, stage)
    case .postInstall(let position): try settle(from: position + 1)
    case .testing: throw GtachError(.bug, "a self-test ended without a report")
    case .committing: try cleanUp()
    case .cleaningUp(let result), .recordingUndo(let result), .concluding(let result): end(.finish(result))
    case .beginningUndo: try serve(stops(), .stoppingAgain)
    case .undoing: try serve(journal.wasActivated ? reloads() : [], .reloadingBack)
    case .undoHook(let position): try restore(from: position + 1)
    case .rebuilding: verify(isRebuilt: true)
    case .verifying: try recordUndo()
    case .abandoning(let error): end(.fail(error))
    case .ended: throw GtachError(.bug, "an update was told of an outcome after its end")
    }
  }

  mutating func fail(_ error: GtachError) throws(GtachError) {
    if error.code == .cancelled, !isInterrupted, try interrupt() { return }
    switch step {
    case .announcing, .opening, .staging, .inspecting, .placing, .sealing, .markingStaged:
      let told = error.code == .cancelled ? error.before("nothing was changed") : error
      perform(.abandoning(told), operations.discard(journal) + operations.close())
    case .inspectingService(let position):
      journal.errors.append(ErrorReport(error))
      if journal.kind == .rollback, error.code != .serviceUnavailable {
        // An operator who goes back does so with the service that the release had, and without one where its name is
        // somebody else's by now.
        if error.code != .serviceForeign { recallService(of: position) }
        return try inspectServices(from: position + 1)
      }
      // What is wrong with this release or this machine is wrong with them the next time as well.
      let isLasting = [.descriptionInvalid, .serviceForeign, .configurationInvalid].contains(error.code)
      try undo(refusing: isLasting ? [position] : [])
    case .inspectingDependent(let position):
      journal.errors.append(ErrorReport(error))
      // Where nobody is there to ask, nothing of it can be stopped either.
      guard journal.kind == .rollback, error.code != .serviceUnavailable else { return try undo(refusing: []) }
      try inspectDependents(from: position + 1)
    case .serving(let order, let rest, let stage): try disobeyed(order, then: rest, stage, error)
    case .preInstall(let position), .postInstall(let position), .testing(let position, _):
      journal.errors.append(ErrorReport(error))
      if journal.kind == .rollback {
        try passOver(position)
      } else {
        // That the machine has no room for one more process says nothing of the release.
        try undo(refusing: error.code == .busy ? [] : blame(position))
      }
    case .beginning, .activating:
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
    case .beginningUndo, .undoing, .verifying, .rebuilding, .recordingUndo:
      throw error.before("the next start finishes the rollback")
    case .undoHook(let position):
      journal.errors.append(ErrorReport(error))
      try restore(from: position + 1)
    case .concluding: throw error
    case .abandoning(let first):
      throw first.before("and the next start cleans up, as this failed too: \(error)")
    case .ended: throw GtachError(.bug, "an update was told of an outcome after its end")
    }
  }

  private mutating func judge(_ report: SelfTestReport) throws(GtachError) {
    guard case .testing(let position, let stage) = step else {
      throw GtachError(.bug, "an update was told of a self-test that it never asked for")
    }
    if let stopped = report.results.first(where: { $0.code == ErrorCode.cancelled.rawValue }) {
      return try fail(GtachError(.cancelled, "the self-test was stopped", reason: stopped.actual))
    }
    note(report, of: position, stage)
    let errors = SelfTestVerdict.errors(report, release: tested[position].id, allowMock: machine.allowMock)
    journal.errors += errors.map(ErrorReport.init)
    if errors.isEmpty || journal.kind == .rollback {
      try test(from: position + 1, stage)
    } else {
      try undo(refusing: blame(position))
    }
  }
}
