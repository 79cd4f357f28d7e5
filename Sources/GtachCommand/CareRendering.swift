import GtachModel

extension Rendering {
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
