import GtachModel

extension Rendering {
  /// What `gtach verify --installed` says: what is not as it was packed ends with 1; what operators configured does
  /// not.
  public func installed(_ report: InstalledReport) -> Output {
    let exitCode: Int32 = report.findings.isEmpty ? 0 : 1
    if options.json { return document(report, exitCode: exitCode) }
    var table = Table(columns: [
      .init(title: "PROBLEM"), .init(title: "RELEASE", mayShrink: true), .init(title: "PATH", mayShrink: true),
    ])
    table.rows = report.findings.map { finding in
      [
        .init(finding.problem.rawValue, finding.problem == .unverifiable ? .doubtful : .bad), .init(finding.release),
        .init(finding.path.isEmpty ? "-" : finding.path),
      ]
    }
    var text = table.rows.isEmpty ? "" : table.text(for: output)
    for file in report.configuration {
      text += Text.printable("configured here (\(file.state.rawValue)): \(file.path)") + "\n"
    }
    var hints = hint(
      "\(Quantity.count(report.releases, "release")), \(Quantity.bytes(report.bytes)): "
        + (report.findings.isEmpty ? "all as it was packed" : "not as it was packed"))
    if report.findings.contains(where: { $0.problem == .unverifiable }) {
      hints += hint("nobody knows of an unverifiable one before it is here again: gtach sync NAME@VERSION")
    }
    if report.findings.contains(where: { $0.problem != .unverifiable }) {
      let configured = report.configuration.isEmpty ? "" : "copy aside what is configured here, as it is made anew; "
      hints += hint(
        "to have a release as it was: \(configured)remove its directory in releases/, then gtach install NAME@VERSION")
    }
    return Output(standardOutput: text, standardError: hints, exitCode: exitCode)
  }
}
