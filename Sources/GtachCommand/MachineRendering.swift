import GtachModel

extension Rendering {
  private struct SelfTests: Encodable {
    var passed: Bool
    var mock: Bool
    var results: [SelfTestReport.Result]
  }

  // MARK: Status

  /// What `gtach status` says.
  public func status(_ report: StatusReport) -> Output {
    if options.json { return document(report) }
    var daemon = "not running"
    if report.daemon {
      daemon = report.listening.map { "listening on \($0)" } ?? "running"
      if let discovery = report.discovery { daemon += "; discovery: \(discovery)" }
      if let peers = report.peers { daemon += "; \(Quantity.count(peers, "peer"))" }
    }
    var rows: [(String, String)] = [
      ("node", "\(report.node) (\(report.id))"), ("fleet", "\(report.fleet) (\(report.fleetID))"),
      ("platform", report.platform.text), ("home", report.home), ("daemon", daemon),
      ("metadata", "version \(report.metadataVersion)"), ("here", Quantity.count(report.variants, "release")),
    ]
    if let window = report.window { rows.append(("installs", Self.text(window))) }
    if report.installed.isEmpty { rows.append(("installed", "nothing")) }
    var text = fields(rows)
    if !report.installed.isEmpty { text += "\n" + installedTable(report.installed).text(for: output) }
    for package in report.installed {
      guard let withheld = package.withheld else { continue }
      let release = "\(package.name)@\(withheld.version)"
      let change = withheld.change.rawValue
      text += Text.printable("withheld: \(release) is a \(change) change from \(package.version)")
      text += ": gtach install \(release), or \"\(change)\" in autoUpdate\n"
    }
    for package in report.installed { text += keptText(package.kept, of: "\(package.name)@\(package.version)") }
    for refusal in report.refusals {
      let reasons = refusal.errors.map { ": \(Self.line($0))" }.joined()
      text += Text.printable("failed here: \(refusal.release)\(reasons)") + "\n"
    }
    return Output(standardOutput: text)
  }

  /// When a machine installs by itself.
  private static func text(_ window: WindowReport) -> String {
    let windows = window.windows.joined(separator: ", ")
    return switch window.state {
    case .open: "by itself until \(window.until ?? "?") (\(windows))"
    case .closed: "by itself from \(window.until ?? "?") on (\(windows))"
    case .ignored:
      "by itself, ten minutes after its start at the earliest: the clock is not synchronised, so \(windows) does not hold"
    }
  }

  private func installedTable(_ installed: [StatusReport.Installed]) -> Table {
    var table = Table(columns: [
      .init(title: "INSTALLED", mayShrink: true), .init(title: "VERSION", mayShrink: true),
      .init(title: "PREVIOUS", mayShrink: true), .init(title: "SELF-TEST"), .init(title: "NOTE", mayShrink: true),
    ])
    table.rows = installed.sorted { $0.name < $1.name }.map { package in
      var notes: [String] = []
      if package.held { notes.append("held by hand") }
      if !package.refused.isEmpty {
        notes.append("failed here: " + package.refused.map(\.description).joined(separator: ", "))
      }
      let earlier = ([package.previous].compactMap { $0 } + (package.older ?? [])).map(\.description)
      return [
        .init(package.name.text), .init("\(package.version)"),
        .init(earlier.isEmpty ? "-" : earlier.joined(separator: ", ")),
        selfTestCell(package.selfTest), .init(notes.joined(separator: "; "), .doubtful),
      ]
    }
    return table
  }

  private func selfTestCell(_ report: SelfTestReport?) -> Table.Cell {
    guard let report, !report.results.isEmpty else { return .init("-") }
    return .init(Self.selfTestSummary(report), report.passed ? .good : .bad)
  }

  /// `5/5 passed`, `4/5 passed (mock)`.
  static func selfTestSummary(_ report: SelfTestReport) -> String {
    let passed = report.results.filter(\.passed).count
    return "\(passed)/\(report.results.count) passed" + (report.mock ? " (mock)" : "")
  }

  // MARK: Self-tests

  /// What `gtach selftest` says; a failed check ends with 21, and nothing to check with 1.
  public func selfTest(_ report: SelfTestReport) -> Output {
    let exitCode = report.results.isEmpty ? 1 : report.passed ? 0 : ErrorCode.selfTestFailed.exitCode
    if options.json {
      return document(
        SelfTests(passed: report.passed, mock: report.mock, results: report.results), exitCode: exitCode)
    }
    if report.results.isEmpty {
      return Output(standardError: hint("there is nothing to check; --plan FILE names checks"), exitCode: exitCode)
    }
    return Output(standardOutput: selfTestText(report), exitCode: exitCode)
  }

  func selfTestText(_ report: SelfTestReport) -> String {
    var table = Table(columns: [
      .init(title: "RESULT"), .init(title: "CHECK", mayShrink: true, wraps: true),
      .init(title: "EXPECTED", mayShrink: true, wraps: true), .init(title: "READ", mayShrink: true, wraps: true),
      .init(title: "TIME", alignsRight: true),
    ])
    table.rows = report.results.map { result in
      let actual = result.actual + (result.code.map { " [\($0)]" } ?? "")
      return [
        result.passed ? .init("ok", .good) : .init("FAILED", .bad), .init(result.check.title), .init(result.expected),
        .init(actual), .init(Quantity.duration(milliseconds: result.milliseconds)),
      ]
    }
    let summary = Self.selfTestSummary(report)
    return table.text(for: output) + output.painted(summary, report.passed ? .good : .bad) + "\n"
      + (report.mock ? "The GPIO lines were simulated: this says nothing about the hardware.\n" : "")
  }

  // MARK: Updates

  /// What `gtach install` and `gtach rollback` say.
  public func update(_ result: UpdateResult) -> Output {
    let exitCode = Self.exitCode(result)
    if options.json { return document(result, exitCode: exitCode) }
    return Output(standardOutput: updateText(result), exitCode: exitCode)
  }

  /// How an update ends: with 20 where it was rolled back, and as what stood in its way where nothing was activated. One
  /// that was interrupted says nothing of its release.
  static func exitCode(_ result: UpdateResult) -> Int32 {
    if result.success { return 0 }
    if result.validationErrors.contains(where: { $0.error.code == .cancelled }) {
      return ErrorCode.cancelled.exitCode
    }
    let cause = result.rollbackPerformed ? nil : result.validationErrors.first
    return (cause?.error.code ?? .updateRolledBack).exitCode
  }

  /// What `gtach history` says; nothing to tell ends with 1.
  public func history(_ entries: [HistoryEntry]) -> Output {
    let exitCode: Int32 = entries.isEmpty ? 1 : 0
    if options.json { return document(entries, exitCode: exitCode) }
    guard !entries.isEmpty else {
      return Output(standardError: hint("nothing was installed here yet"), exitCode: exitCode)
    }
    var table = Table(columns: [
      .init(title: "WHEN"), .init(title: "RELEASE", mayShrink: true), .init(title: "RESULT"),
      .init(title: "SELF-TEST"), .init(title: "WHAT HAPPENED", mayShrink: true),
    ])
    var readings = ""
    for entry in entries {
      let result = entry.result
      let release = "\(result.name)@\(result.version)"
      let reason = result.success ? nil : result.validationErrors.first.map { Self.line($0) }
      table.rows.append([
        .init("\(entry.started)"), .init(release), outcome(entry), selfTestCell(result.selfTest),
        .init([result.message, reason].compactMap { $0 }.joined(separator: ": ")),
      ])
      guard options.verbose else { continue }
      let hooks = keptText(result.kept, of: release, indent: "  ") + hookText(result)
      let tests = result.selfTest.map { $0.results.isEmpty ? "" : selfTestText($0) } ?? ""
      if !(hooks + tests).isEmpty { readings += "\n\(entry.started) \(Text.printable(release))\n\(hooks)\(tests)" }
    }
    return Output(standardOutput: table.text(for: output) + readings, exitCode: exitCode)
  }

  /// The configuration files that were left as they were changed here, a line each.
  private func keptText(_ files: [KeptFile]?, of release: String, indent: String = "") -> String {
    (files ?? []).map { file in
      let rest = file.beside.map { "; \(release) would have \($0)" } ?? ", though \(release) has no such file any more"
      return indent + Text.printable("kept as it was changed here: \(file.path)\(rest)") + "\n"
    }.joined()
  }

  /// What the hooks said, a line each.
  private func hookText(_ result: UpdateResult) -> String {
    (result.hooks ?? []).map { report in
      let lines = report.output.split(whereSeparator: \.isNewline).map { "    \(Text.printable($0))\n" }
      return "  \(report.hook) of \(Text.printable(report.release))"
        + " (\(Quantity.duration(milliseconds: report.milliseconds)))\n" + lines.joined()
    }.joined()
  }

  private func outcome(_ entry: HistoryEntry) -> Table.Cell {
    if entry.result.success { return .init(entry.kind == .install ? "installed" : "by hand", .good) }
    return .init(entry.result.rollbackPerformed ? "rolled back" : "failed", .bad)
  }

  func updateText(_ result: UpdateResult) -> String {
    var text = output.painted(result.success ? "ok" : "FAILED", result.success ? .good : .bad)
    text += " " + Text.printable("\(result.name)@\(result.version): \(result.message)") + "\n"
    for error in result.validationErrors { text += "  \(Self.line(error))\n" }
    text += keptText(result.kept, of: "\(result.name)@\(result.version)", indent: "  ")
    if result.rollbackPerformed, result.backupLocation != nil {
      text += "  rolled back: the release before is active again\n"
    }
    for service in result.services ?? [] {
      text += "  \(Text.printable(service.unit)) \(service.isRunning ? "runs" : "does not run")\n"
    }
    if let report = result.selfTest, !report.results.isEmpty {
      text +=
        options.verbose || !report.passed
        ? selfTestText(report) : "  self-test: \(Self.selfTestSummary(report))\n"
    }
    if options.verbose { text += hookText(result) }
    if options.verbose, let backup = result.backupLocation {
      text += "  the release before is kept in \(Text.printable(backup))\n"
    }
    return text
  }
}
