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
    if report.mock, !allowMock, report.results.contains(where: { isOfLines($0.check) }) {
      errors.append(
        GtachError(
          .selfTestFailed, "the self-test of \(release) read simulated GPIO lines, which prove nothing",
          advice: "where a simulation is good enough, set \"allowMock\": true in config.json"))
    }
    return errors
  }

  private static func isOfLines(_ check: SelfTestCheck) -> Bool {
    switch check {
    case .loopback, .level, .edges, .consumer: true
    case .path, .command: false
    }
  }
}

extension UpdateMachine {
  private var id: ReleaseID { journal.release.id }

  private func result(
    _ success: Bool, _ message: String, rollbackPerformed: Bool = false, errors: [ErrorReport]
  ) -> UpdateResult {
    UpdateResult(
      name: id.name, version: id.version, success: success, message: message, rollbackPerformed: rollbackPerformed,
      validationErrors: errors, backupLocation: backup(success), selfTest: journal.selfTest)
  }

  // After a success the release that was active is kept as the backup; otherwise it is what is active, or still the
  // backup of what is.
  private func backup(_ success: Bool) -> String? {
    let kept = success && journal.before.active?.id != id ? journal.before.active : journal.before.previous
    return kept.map { layout.release($0.id) }
  }

  func committedResult() -> UpdateResult {
    let replaced = journal.before.active.map { ", in place of \($0.id.version)" } ?? ""
    let message =
      switch journal.kind {
      case .install: "\(id) is installed\(replaced)"
      case .rollback where journal.errors.isEmpty: "\(id) is active again\(replaced), and held there"
      case .rollback: "\(id) is active again\(replaced), and held there, although it did not pass its tests"
      }
    return result(true, message, errors: journal.errors)
  }

  func rolledBackResult() -> UpdateResult {
    let cause =
      switch journal.errors.first?.error.code {
      case .hookFailed: "a hook of \(id) failed"
      case .selfTestFailed: "the self-test of \(id) failed"
      case .updateRolledBack: "\(id) was never tried to the end"
      default: "\(id) could not be activated"
      }
    let now = journal.before.active.map { active in
      journal.wasActivated ? "\(active.id.version) is active again" : "\(active.id.version) stays active"
    }
    return result(
      false, "\(cause); \(now ?? "\(id.name) is not installed")", rollbackPerformed: journal.wasActivated,
      errors: journal.errors)
  }

  func interruptedResult() -> UpdateResult {
    let error = GtachError(
      .updateRolledBack, "\(id) was not written to the end", reason: "the machine or gtach stopped meanwhile",
      advice: "it may be installed again")
    let now = journal.before.active.map { "\($0.id.version) stays active" } ?? "\(id.name) is not installed"
    return result(false, "the installation of \(id) was cut off; \(now)", errors: [ErrorReport(error)])
  }

  func impossibleResult(_ violations: [ErrorReport]) -> UpdateResult {
    result(false, "\(id) cannot be installed: \(violations.first?.message ?? "")", errors: violations)
  }

  func activeResult(endingHold: Bool) -> UpdateResult {
    var result = result(
      true, "\(id) is installed already" + (endingHold ? ", and no longer held" : ""), errors: [])
    result.selfTest = journal.before.selfTest
    return result
  }
}
