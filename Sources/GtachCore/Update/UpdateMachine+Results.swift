import GtachModel

/// What a self-test means for an update.
enum SelfTestVerdict {
  /// Why a release may not be committed; empty where it may. Checks of files and programs are real everywhere, so only
  /// a report with a check of simulated lines needs `allowMock`.
  static func errors(_ report: SelfTestReport, release: ReleaseID, allowMock: Bool) -> [GtachError] {
    let failed = report.results.filter { !$0.passed }
    var errors = failed.map { result in
      GtachError(
        .selfTestFailed, "the self-test of \(release) failed: \(result.expected)", reason: "read: \(result.actual)")
    }
    if report.mock, !allowMock, report.results.contains(where: { $0.check.isOfLines }) {
      errors.append(
        GtachError(
          .selfTestFailed, "the self-test of \(release) read simulated GPIO lines, which prove nothing",
          advice: "where a simulation is good enough, set \"allowMock\": true in config.json"))
    }
    return errors
  }
}

extension UpdateMachine {
  private var id: ReleaseID { goal.release.id }

  /// The releases of the transaction beside the one that it is about.
  private var others: [ReleaseID] { journal.members.map(\.release.id).filter { $0 != id } }

  private func result(
    _ success: Bool, _ message: String, rollbackPerformed: Bool = false, errors: [ErrorReport]
  ) -> UpdateResult {
    UpdateResult(
      name: id.name, version: id.version, success: success, message: message, rollbackPerformed: rollbackPerformed,
      validationErrors: errors, backupLocation: backup(success), selfTest: journal.selfTest,
      together: others.isEmpty ? nil : others.map(\.description), hooks: journal.hooks.isEmpty ? nil : journal.hooks,
      services: journal.startedServices, kept: success ? kept : nil)
  }

  private var kept: [KeptFile]? {
    let kept = journal.members.flatMap { $0.release.keptFiles ?? [] }
    return kept.isEmpty || journal.kind == .rollback ? nil : kept
  }

  // After a success the release that was active is kept as the backup; otherwise it is what is active, or still the
  // backup of what is.
  private func backup(_ success: Bool) -> String? {
    let kept = success && goal.before.active?.id != id ? goal.before.active : goal.before.previous
    return kept.map { layout.release($0.id) }
  }

  func committedResult() -> UpdateResult {
    let with = others.isEmpty ? "" : " with \(others.map(\.description).joined(separator: ", "))"
    let replaced = goal.before.active.map { ", in place of \($0.id.version)" } ?? ""
    let message =
      switch journal.kind {
      case .install: "\(id) is installed\(replaced)\(with)\(tried)"
      case .rollback where journal.errors.isEmpty: "\(id) is active again\(replaced)\(with), and held there"
      case .rollback: "\(id) is active again\(replaced)\(with), and held there, although not all tests passed"
      }
    return result(true, message, errors: journal.errors)
  }

  /// With which of those that need it a release was tried.
  private var tried: String {
    let names = journal.dependents.filter(\.isTried).map(\.release.id.description)
    return names.isEmpty ? "" : "; \(names.joined(separator: " and ")) \(names.count == 1 ? "works" : "work") with it"
  }

  func rolledBackResult() -> UpdateResult {
    let refused = journal.members.first { $0.isRefused == true }?.release.id ?? id
    let dependent = journal.dependents.first { $0.hasFailed == true }?.release.id
    let culprit = dependent.map { "\($0), which needs \(refused.name)," } ?? refused.description
    let codes = journal.errors.map(\.error.code)
    let cause =
      switch codes.contains(.cancelled) ? .cancelled : codes.first {
      case .cancelled where journal.kind == .rollback: "the rollback to \(id) was interrupted"
      case .cancelled: "the installation of \(id) was interrupted"
      case .hookFailed: "a hook of \(culprit) failed"
      case .serviceFailed: "the service of \(culprit) failed"
      case .selfTestFailed: "the self-test of \(culprit) failed"
      case .descriptionInvalid, .configurationInvalid: "\(culprit) cannot be put together here"
      case .updateRolledBack: "\(id) was never tried to the end"
      default: "\(id) could not be activated"
      }
    return result(
      false, "\(cause); \(standing(isAgain: journal.wasActivated))\(servicePhrase)",
      rollbackPerformed: journal.wasActivated, errors: journal.errors)
  }

  /// What is added of the services after a rollback.
  private var servicePhrase: String {
    let stopped = journal.services.filter { !$0.isRunning }
    if !stopped.isEmpty { return ", but \(stopped.map(\.unit).joined(separator: " and ")) does not run" }
    return journal.services.isEmpty
      ? "" : ", and so \(journal.services.count == 1 ? "is its service" : "are the services")"
  }

  func interruptedResult() -> UpdateResult {
    let error = GtachError(
      .updateRolledBack, "\(id) was not written to the end", reason: "the machine or gtach stopped meanwhile",
      advice: "it may be installed again")
    return result(
      false, "the installation of \(id) was cut off; \(standing(isAgain: false))", errors: [ErrorReport(error)])
  }

  /// What is active of the packages after a transaction that came to nothing.
  private func standing(isAgain: Bool) -> String {
    func are(_ count: Int) -> String {
      isAgain ? (count == 1 ? "is active again" : "are active again") : (count == 1 ? "stays active" : "stay active")
    }
    if journal.members.count == 1 {
      return goal.before.active.map { "\($0.id.version) \(are(1))" } ?? "\(id.name) is not installed"
    }
    let there = journal.members.compactMap(\.before.active)
    let away = journal.members.filter { $0.before.active == nil }
    let parts = [
      there.isEmpty ? nil : "\(there.map(\.id.description).joined(separator: " and ")) \(are(there.count))",
      away.isEmpty
        ? nil : "\(away.map(\.name.text).joined(separator: " and ")) \(away.count == 1 ? "is" : "are") not installed",
    ]
    return parts.compactMap { $0 }.joined(separator: ", ")
  }

  func impossibleResult(_ violations: [ErrorReport]) -> UpdateResult {
    result(false, "\(id) cannot be installed, and nothing changed", errors: violations)
  }

  func activeResult(endingHold: Bool) -> UpdateResult {
    var result = result(
      true, "\(id) is installed already" + (endingHold ? ", and no longer held" : ""), errors: [])
    result.selfTest = goal.before.selfTest
    return result
  }
}
