import GtachModel

extension Rendering {
  /// What `gtach extract` says: the directory alone on the standard output.
  public func extracted(_ report: ExtractReport) -> Output {
    if options.json { return document(report) }
    return Output(
      standardOutput: Text.printable(report.directory) + "\n",
      standardError: hint("\(report.release) (\(report.platform)): \(Quantity.bytes(report.bytes)), verified"))
  }

  /// What `gtach export` says: what was written alone on the standard output.
  public func exported(_ report: ExportReport) -> Output {
    if options.json { return document(report) }
    let platforms = report.platforms.map(\.text).joined(separator: ", ")
    return Output(
      standardOutput: Text.printable(report.path) + "\n",
      standardError: hint(
        "\(report.release) (\(platforms)): \(Quantity.bytes(report.archiveBytes)) in "
          + "\(Quantity.count(report.chunks, "chunk")), metadata version \(report.metadataVersion)"))
  }

  /// What `gtach import` says: each `NAME@VERSION` that came in, once.
  public func imported(_ report: ImportReport) -> Output {
    if options.json { return document(report) }
    var releases: [String] = []
    for variant in report.imported where !releases.contains(variant.release) { releases.append(variant.release) }
    let hints = report.imported.map {
      hint("\($0.release) (\($0.platform)): \(Quantity.bytes($0.bytes)), verified")
    }
    let ignored = report.ignored.map { hint("\($0) is of no release that is listed here: left alone") }
    return Output(
      standardOutput: releases.map { Text.printable($0) + "\n" }.joined(), standardError: (hints + ignored).joined())
  }
}
