import GtachModel

extension Rendering {
  /// What `gtach extract` says: the directory alone on the standard output.
  public func extracted(_ report: ExtractReport) -> Output {
    if options.json { return document(report) }
    return Output(
      standardOutput: Text.printable(report.directory) + "\n",
      standardError: hint("\(report.release) (\(report.platform)): \(Quantity.bytes(report.bytes)), verified"))
  }
}
