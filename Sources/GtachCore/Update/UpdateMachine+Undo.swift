import GtachModel

/// The way back, and the end of either.
extension UpdateMachine {
  /// Begins to roll back.
  ///
  /// - Parameter refusing: The positions of the members that are not to be tried again by themselves.
  mutating func undo(refusing: some Sequence<Int>) throws(GtachError) {
    journal.phase = .rollingBack
    journal.attempt = 1
    for position in refusing { journal.members[position].isRefused = true }
    try undo()
  }

  mutating func undo() throws(GtachError) {
    journal.services = []
    let record = try operations.write(journal)
    guard journal.wasActivated else { return perform(.undoing, record) }
    if concernsServices { return perform(.beginningUndo, record + draftsOfOld) }
    perform(.undoing, record + operations.activate(journal.generationBefore))
  }

  // What a previous release runs whenever it was activated, it runs now; but not for ever, where that is what the
  // machine does not survive.
  mutating func restore(from position: Int) throws(GtachError) {
    guard journal.wasActivated, journal.attempt <= UpdateJournal.maximumAttempts,
      let next = hook(.postInstall, from: position, of: { $0.before.active })
    else { return try serve(journal.wasActivated ? starts(\.before.active) : [], .startingBack) }
    run(next.hook, .undoHook(next.position))
  }

  /// Has it looked at what is active now: only what is seen to be restored is said to be.
  mutating func verify(isRebuilt: Bool) {
    step = .verifying(isRebuilt: isRebuilt)
    action = .verifyActive(generation: journal.generationBefore, releases: state.active.values.map(\.id).sorted())
  }

  mutating func recordUndo() throws(GtachError) {
    state = journal.rolledBack(in: state)
    let result = rolledBackResult()
    perform(
      .recordingUndo(result),
      (try operations.write(state)) + operations.discard(journal) + (try remember(result)) + operations.close())
  }

  /// Writes into the history how it ended.
  ///
  /// - Parameter syncingAll: Whether all that was done before has to be on the disk with that.
  func remember(_ result: UpdateResult, syncingAll: Bool = false) throws(GtachError) -> [FileOperation] {
    let entry = HistoryEntry(
      transaction: journal.transaction, started: journal.started, kind: journal.kind, result: result)
    return operations.replace(layout.history, try InstallHistory.appending(entry, to: history), syncingAll: syncingAll)
  }
}

extension GtachError {
  /// The same error, with what happens next as its advice.
  func before(_ next: String) -> GtachError {
    GtachError(code, message, reason: reason, advice: advice.map { "\($0); \(next)" } ?? next)
  }
}
