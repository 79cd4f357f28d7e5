import GtachModel

/// The way forward: from a release that is to be written to one that is committed.
extension UpdateMachine {
  mutating func markStaged() throws(GtachError) {
    journal.phase = .staged
    perform(.markingStaged, try operations.write(journal))
  }

  /// Begins to write releases: the journal tells of it first.
  mutating func beginStaging() throws(GtachError) {
    perform(.announcing, try operations.write(journal))
  }

  /// Has the releases written that are not here, from this member on.
  mutating func stage(from position: Int) {
    let rest = journal.members.indices.dropFirst(position)
    guard let next = rest.first(where: { isToBeStaged(journal.members[$0]) }) else {
      hasGeneration = true
      return perform(.sealing, operations.seal(operations.unsyncedGeneration(journal.transaction, releasesToBe)))
    }
    // One that is here already is only configured anew.
    if journal.members[next].wasKept { return inspect(next) }
    perform(.opening(next), operations.prepareStaging())
  }

  /// Whether anything has to be made before a release can be active.
  func isToBeStaged(_ member: UpdateJournal.Member) -> Bool { !member.wasKept || member.mayBeConfigured }

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

  mutating func prepare(from position: Int) throws(GtachError) {
    guard journal.kind == .install, let next = hook(.preInstall, from: position, of: { $0.release }) else {
      return try activate()
    }
    run(next.hook, .preInstall(next.position))
  }

  /// What is to be active, by name.
  private var releasesToBe: [PackageName: InstallState.Release] {
    journal.members.reduce(into: state.active) { $0[$1.name] = $1.release }
  }

  mutating func activate() throws(GtachError) {
    try activate(preparing: hasGeneration ? [] : operations.generation(journal.transaction, releasesToBe))
  }

  /// Writes that the release is on trial, and only then stops services and swaps `current`: a machine that loses its
  /// power meanwhile knows what it was doing.
  mutating func activate(preparing generation: [FileOperation]) throws(GtachError) {
    journal.phase = .activated
    journal.wasActivated = true
    let record = generation + (try operations.write(journal)) + draftsOfNew
    if concernsServices { return perform(.beginning, record) }
    perform(.activating, record + operations.reconfigure(journal.members) + operations.activate(journal.transaction))
  }

  mutating func tryOut() throws(GtachError) {
    // Only a rollback by hand comes here after its last attempt: the operator's word stands, untested.
    if journal.attempt > UpdateJournal.maximumAttempts {
      return try serve(starts(\.release, isWatched: false), .startingUntested)
    }
    try settle(from: 0)
  }

  mutating func settle(from position: Int) throws(GtachError) {
    guard let next = hook(.postInstall, from: position, of: { $0.release }) else {
      return try test(from: 0, startsServices ? .serviceStopped : .all)
    }
    run(next.hook, .postInstall(next.position))
  }

  mutating func test(from position: Int, _ stage: SelfTestStage) throws(GtachError) {
    let tested = tested
    guard position < tested.count else {
      guard stage == .serviceStopped else { return try commit() }
      journal.services = []
      return try serve(starts(\.release), .starting)
    }
    // What somebody has stopped cannot show whether it works.
    let isDependent = position >= journal.members.count
    guard !isDependent || journal.dependents[position - journal.members.count].isTried else {
      return try test(from: position + 1, stage)
    }
    let release = tested[position]
    step = .testing(position, stage)
    action = .selfTest(release, directory: layout.release(release.id), stage: stage)
  }

  /// Goes on after what failed and does not decide, in a rollback by hand.
  mutating func passOver(_ position: Int) throws(GtachError) {
    switch step {
    case .postInstall: try settle(from: position + 1)
    case .testing(_, let stage): try test(from: position + 1, stage)
    default: throw GtachError(.bug, "a rollback by hand went on from nowhere")
    }
  }

  mutating func commit() throws(GtachError) {
    journal.phase = .selfTested
    let record = try operations.write(journal)
    // From here on the state says that it is committed: whoever finds this journal does the same again, and cleans up.
    state = journal.committed(to: state)
    perform(.committing, record + (try operations.write(state)))
  }

  mutating func cleanUp() throws(GtachError) {
    let result = committedResult()
    perform(
      .cleaningUp(result),
      operations.retire(journal, committed: journal.committed(to: state))
        + (try remember(result, syncingAll: true)) + operations.close())
  }
}
