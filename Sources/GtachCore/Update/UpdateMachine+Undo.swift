import GtachModel

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
    perform(
      .undoing,
      (try operations.write(journal)) + (journal.wasActivated ? operations.activate(journal.generationBefore) : []))
  }

  // What a previous release runs whenever it was activated, it runs now; but not for ever, where that is what the machine
  // does not survive.
  mutating func restore(from position: Int) {
    guard journal.wasActivated, journal.attempt <= UpdateJournal.maximumAttempts,
      let next = hook(.postInstall, from: position, of: { $0.before.active })
    else { return verify(isRebuilt: false) }
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
}
