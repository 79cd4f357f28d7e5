import GtachCommand
import GtachModel
import GtachNode
import GtachSystem

extension CommandSession {
  func remove(_ release: ReleaseID, force: Bool) throws(GtachError) -> Output {
    let cancellation = try interruptible()
    let context = try NodeContext(home: home(), cancellation: cancellation)
    let report = try ReleaseRemover(context).remove(release, force: force)
    try tellDaemon("\(release) is removed", context, cancellation)
    return rendering.removed(report)
  }

  func verify(_ name: PackageName?, version: SemanticVersion?, repairs: Bool) throws(GtachError) -> Output {
    let cancellation = try interruptible()
    let context = try NodeContext(home: home(), cancellation: cancellation)
    let progress = progress()
    defer { progress.finish() }
    var verifier = try RepositoryVerifier(context, cancellation: cancellation)
    let report = try verifier.verify(
      name: name, version: version, repairs: repairs,
      fetch: { requirements throws(GtachError) in
        progress.finish()
        try tellDaemon("damaged releases are out of sight", context, cancellation)
        let passing = NodeDaemon.Options(serves: false, installs: false)
        let request = ControlRequest.sync(requirements: requirements, peers: [], dryRun: false, install: false)
        _ = try ask(request, orBy: passing, context: context, cancellation: cancellation)
      }
    ) { done, total in progress.show("verifying", doneBytes: done, totalBytes: total) }
    // A daemon must not go on telling its neighbours of what is out of sight. Metadata that is damaged it could not
    // read either.
    let isMetadataDamaged = report.findings.contains { $0.kind == "metadata" && $0.isDamage }
    if !report.isSound, !isMetadataDamaged { try tellDaemon("damage was found", context, cancellation) }
    return rendering.verification(report)
  }

  func verifyInstalled(_ name: PackageName?, version: SemanticVersion?) throws(GtachError) -> Output {
    let cancellation = try interruptible()
    let context = try NodeContext(home: home(), cancellation: cancellation)
    let progress = progress()
    defer { progress.finish() }
    let report = try InstalledVerifier(context, cancellation: cancellation).verify(name: name, version: version) {
      progress.show("verifying", doneBytes: $0, totalBytes: $1)
    }
    progress.finish()
    return rendering.installed(report)
  }

  func collectGarbage(dryRun: Bool) throws(GtachError) -> Output {
    let cancellation = try interruptible()
    let context = try NodeContext(home: home(), cancellation: cancellation)
    let report = try GarbageCollector(context).collect(
      dryRun: dryRun, now: SystemClock.now(), cancellation: cancellation)
    if !dryRun, !report.releases.isEmpty { try tellDaemon("old releases are gone", context, cancellation) }
    return rendering.garbage(report)
  }

  /// Has a daemon that runs read the repository again.
  private func tellDaemon(
    _ what: String, _ context: NodeContext, _ cancellation: Cancellation
  ) throws(GtachError) {
    do throws(GtachError) {
      _ = try ControlClient.ask(.reload, home: context.home, cancellation: cancellation)
    } catch {
      throw GtachError(
        error.code, "\(what), but the daemon did not hear of it", reason: error.reason ?? error.message,
        advice: "run the same again, or start the daemon again")
    }
  }
}
