import GtachCommand
import GtachModel
import GtachNode
import GtachSystem

extension CommandSession {
  func extract(_ release: ReleaseID, platform: Platform?, into directory: String) throws(GtachError) -> Output {
    let cancellation = try interruptible()
    let extractor = ReleaseExtractor(try NodeContext(home: home(), cancellation: cancellation))
    let progress = progress()
    defer { progress.finish() }
    return rendering.extracted(
      try extractor.extract(
        release, platform: platform, into: directory, progress: shown("extracting", progress, cancellation)))
  }

  func export(_ release: ReleaseID, to place: Command.TransferPlace) throws(GtachError) -> Output {
    let cancellation = try interruptible()
    let exporter = ReleaseExporter(try NodeContext(home: home(), cancellation: cancellation))
    let progress = progress()
    defer { progress.finish() }
    let show = shown("exporting", progress, cancellation)
    switch place {
    case .file(let path): return rendering.exported(try exporter.exportFile(release, to: path, progress: show))
    case .casync(let directory):
      return rendering.exported(try exporter.exportStore(release, to: directory, progress: show))
    }
  }

  func importRelease(from place: Command.TransferPlace, release: ReleaseID?) throws(GtachError) -> Output {
    let cancellation = try interruptible()
    let context = try NodeContext(home: home(), cancellation: cancellation)
    let importer = try ReleaseImporter(context)
    let progress = progress()
    defer { progress.finish() }
    let show = shown("importing", progress, cancellation)
    let report: ImportReport
    switch place {
    case .file(let path): report = try importer.importFile(path, progress: show)
    case .casync(let directory): report = try importer.importStore(directory, release: release, progress: show)
    }
    do throws(GtachError) {
      // A daemon that runs hears of it; one that does not will see it when it starts.
      _ = try ControlClient.ask(.reload, home: context.home, cancellation: cancellation)
    } catch {
      throw GtachError(
        error.code, "it is in the repository, but the daemon did not hear of it",
        reason: error.reason ?? error.message, advice: "import it again, or start the daemon again")
    }
    return rendering.imported(report)
  }

  /// Shows how far something is, and ends it where the operator interrupts.
  private func shown(
    _ title: String, _ progress: LiveProgress, _ cancellation: Cancellation
  ) -> (Int, Int) throws(GtachError) -> Void {
    { done, total throws(GtachError) in
      try cancellation.check()
      progress.show(title, doneBytes: done, totalBytes: total)
    }
  }
}
