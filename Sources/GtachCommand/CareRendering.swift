import GtachModel

extension Rendering {
  /// What `gtach verify` says: what is not as it should be, or was not; any of it that is still so ends with 65.
  public func verification(_ report: VerificationReport) -> Output {
    let exitCode = report.isSound ? 0 : ErrorCode.objectCorrupt.exitCode
    if options.json { return document(report, exitCode: exitCode) }
    var table = Table(columns: [
      .init(title: "PROBLEM"), .init(title: "KIND"), .init(title: "NAME", mayShrink: true),
      .init(title: "OF", mayShrink: true),
    ])
    table.rows = report.findings.map { finding in
      [
        .init(
          finding.repaired ? "repaired" : finding.problem,
          finding.repaired ? .good : finding.isDamage ? .bad : .doubtful),
        .init(finding.kind),
        .init(finding.count.map(String.init) ?? finding.id), .init(finding.variants.joined(separator: ", ")),
      ]
    }
    var hints = hint(
      "\(Quantity.count(report.variants, "release")), \(Quantity.bytes(report.bytes)): "
        + (!report.isSound ? "not sound" : report.findings.contains(where: \.repaired) ? "all sound now" : "all sound"))
    // What was wrong with something that is mended needs no advice any more.
    for finding in report.findings where !finding.repaired && !options.quiet {
      if let error = finding.error { hints += errorText(error) }
    }
    if !report.isSound {
      hints += hint("gtach verify --repair makes it anew, or fetches it; gtach list shows what is complete")
    } else if report.findings.contains(where: { !$0.repaired && $0.kind == "objects" }) {
      hints += hint("without objects whole chunks travel: gtach verify --repair makes anew what it can")
    }
    return Output(
      standardOutput: table.rows.isEmpty ? "" : table.text(for: output), standardError: hints, exitCode: exitCode)
  }

  /// What `gtach reindex` says.
  public func reindexed(_ report: ReindexReport) -> Output {
    if options.json { return document(report) }
    return Output(
      standardError: hint(
        "\(Quantity.count(report.variants, "release")) of \(Quantity.count(report.packages, "package")), "
          + "\(Quantity.bytes(report.bytes))"))
  }

  /// What `gtach gc` says: what went, by kind, and the releases by name.
  public func garbage(_ report: GarbageReport) -> Output {
    if options.json { return document(report) }
    var table = Table(columns: [
      .init(title: "KIND"), .init(title: "COUNT", alignsRight: true), .init(title: "SIZE", alignsRight: true),
    ])
    table.rows = report.parts.map { [.init($0.kind), .init("\($0.count)"), .init(Quantity.bytes($0.bytes))] }
    var text = report.parts.isEmpty ? "" : table.text(for: output)
    for release in report.releases {
      text += Text.printable((report.dryRun ? "would go: " : "gone: ") + release) + "\n"
    }
    let sum = Quantity.bytes(report.bytes)
    var hints = hint(
      report.parts.isEmpty ? "nothing to take away" : report.dryRun ? "\(sum) would be free" : "\(sum) given back")
    if let postponed = report.postponed, !options.quiet { hints += errorText(postponed) }
    return Output(standardOutput: text, standardError: hints)
  }

  /// What `gtach remove` says: `NAME@VERSION` alone on the standard output.
  public func removed(_ report: RemovalReport) -> Output {
    if options.json { return document(report) }
    var hints = ""
    if report.platforms.isEmpty { hints += hint("\(report.release) was not here, and will not come") }
    if report.installed {
      hints += hint("what is installed of it stays: gtach install another version, or gtach rollback")
    }
    if !report.platforms.isEmpty { hints += hint("gtach gc gives its space back") }
    hints += hint("to have it again: gtach sync \(report.release)")
    return Output(standardOutput: Text.printable(report.release) + "\n", standardError: hints)
  }
}
