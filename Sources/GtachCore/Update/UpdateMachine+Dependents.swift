import GtachModel

/// The releases that stay what they are and need one that does not: they are tried with it, and their services are
/// stopped and started around the change, as those of a set are.
extension UpdateMachine {
  /// Those that need a package of the transaction, in the order in which they start. What has neither a service nor a
  /// self-test cannot tell whether it works.
  static func dependents(
    of members: [UpdateJournal.Member], state: InstallState, on machine: Platform
  ) -> [UpdateJournal.Dependent]? {
    let changing = members.reduce(into: [:]) { $0[$1.name] = $1.release }
    let active = state.active.sorted { $0.key < $1.key }.map(\.value)
    let found = DependencyOrder.dependents(of: changing, among: active, on: machine).filter {
      $0.service != nil || $0.manifest.description.selfTest?.isEmpty == false
    }
    return found.isEmpty ? nil : found.map { UpdateJournal.Dependent(release: $0) }
  }

  /// All that is tested, in this order: the members, and behind them the dependents.
  var tested: [InstallState.Release] { journal.members.map(\.release) + journal.dependents.map(\.release) }

  /// The services of dependents that ran before, and so are to run afterwards.
  var runningDependents: [InstallState.Release] {
    journal.dependents.filter { $0.isRunning == true }.map(\.release)
  }

  /// Looks whether the services of dependents run, from this one on: what somebody has stopped stays so, and is not
  /// tried either.
  mutating func inspectDependents(from position: Int) throws(GtachError) {
    for next in journal.dependents.indices.dropFirst(position) {
      guard let service = journal.dependents[next].release.service else { continue }
      step = .inspectingDependent(next)
      action = .inspectActivity(service.id)
      return
    }
    try prepare(from: 0)
  }

  mutating func take(isRunning: Bool) throws(GtachError) {
    guard case .inspectingDependent(let position) = step else {
      throw GtachError(.bug, "an update was told of a service that it never asked for")
    }
    journal.dependents[position].isRunning = isRunning
    try inspectDependents(from: position + 1)
  }

  /// The members that are to blame where one of `tested` fails: itself, or those that a dependent needs. Takes note of a
  /// dependent that did.
  mutating func blame(_ position: Int) -> [Int] {
    guard position >= journal.members.count else { return [position] }
    let dependent = journal.dependents[position - journal.members.count]
    journal.dependents[position - journal.members.count].hasFailed = true
    let active = state.active.sorted { $0.key < $1.key }.map(\.value)
    return journal.members.indices.filter { member in
      let changing = [journal.members[member].name: journal.members[member].release]
      let others = active.filter { other in !journal.members.contains { $0.name == other.id.name } }
      return DependencyOrder.dependents(
        of: changing, among: others + journal.members.map(\.release), on: machine.platform
      ).contains { $0.id == dependent.release.id }
    }
  }

  /// Takes note of what a self-test read.
  mutating func note(_ report: SelfTestReport, of position: Int, _ stage: SelfTestStage) {
    func merged(_ before: SelfTestReport?) -> SelfTestReport {
      // What was tested before the service was started comes first.
      SelfTestReport(
        results: (stage == .serviceRunning ? before?.results ?? [] : []) + report.results, mock: report.mock)
    }
    if position < journal.members.count {
      journal.members[position].selfTest = merged(journal.members[position].selfTest)
    } else {
      let position = position - journal.members.count
      journal.dependents[position].selfTest = merged(journal.dependents[position].selfTest)
    }
  }
}
