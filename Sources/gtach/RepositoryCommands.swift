import GtachCommand
import GtachModel
import GtachNode
import GtachSystem

extension CommandSession {
  func pack(_ options: Command.PackOptions) throws(GtachError) -> Output {
    let cancellation = try interruptible()
    let context = try NodeContext(home: home(), cancellation: cancellation)
    let membership = try context.membership()
    let repository = try context.repository()
    let publisher = ReleasePublisher(home: context.home, membership: membership, repository: repository)
    let now = SystemClock.now()
    let progress = progress()
    defer { progress.finish() }
    let packed = try PackageCreator(repository: repository).createPackage(
      source: options.source, name: options.name, version: options.version, descriptionFile: options.description,
      bump: options.bump, level: options.level, isFast: options.isFast, bases: options.patches,
      platform: options.platform, mock: options.mock, created: now, modified: try sourceDate()
    ) { (step) throws(GtachError) in
      try cancellation.check()
      progress.show(step)
    }
    let isNew: Bool
    do throws(GtachError) {
      isNew = try publisher.publish(packed, now: now, cancellation: cancellation)
    } catch {
      // The first error is the one that counts; what is left is for gc.
      try? repository.abandonUnnamed()
      throw error
    }
    do throws(GtachError) {
      // A daemon that runs hears of it; one that does not will see it when it starts.
      _ = try ControlClient.ask(.reload, home: context.home, cancellation: cancellation)
    } catch {
      throw GtachError(
        error.code, "\(packed.manifest.variant.release) is out, but the daemon did not hear of it",
        reason: error.reason ?? error.message, advice: "pack the same version again, or start the daemon again")
    }
    return rendering.packed(
      try repository.reportWithUpdates(of: packed.manifest.variant),
      isNew: isNew, raisedFrom: packed.descriptionUpdate?.raised.previousVersion, packing: packed.report)
  }

  /// The time of every file in the archive: SOURCE_DATE_EPOCH, by which a build is the same at any time, or the start
  /// of 1970.
  private func sourceDate() throws(GtachError) -> Int64 {
    guard let text = Console.environment("SOURCE_DATE_EPOCH"), !text.isEmpty else { return 0 }
    // What the eleven octal digits of a tar header hold.
    guard let seconds = Int64(text), (0..<1 << 33).contains(seconds) else {
      throw GtachError(
        .usage, "SOURCE_DATE_EPOCH is \"\(text)\"", reason: "it is no number of seconds since 1970",
        advice: "set it to one, or not at all")
    }
    return seconds
  }

  func list(_ name: PackageName?) throws(GtachError) -> Output {
    let repository = try repository()
    let output =
      options.json
      ? rendering.list(try repository.reports(name: name))
      : rendering.list(try repository.summaries(name: name), name: name)
    return rendering.partial(output, repository.unreadable(of: name))
  }

  func search(_ query: ReleaseQuery) throws(GtachError) -> Output {
    let repository = try repository()
    let found = try repository.search(query)
    let output: Output
    if options.json {
      let reports = try repository.reports(of: found.map(\.summary.variant))
      output = rendering.found(found.compactMap { hit in reports[hit.summary.variant].map { ($0, hit.match) } })
    } else {
      output = rendering.found(found, query: query)
    }
    return rendering.partial(output, repository.unreadable(of: query.name))
  }

  func info(_ name: PackageName, version: SemanticVersion?) throws(GtachError) -> Output {
    let repository = try repository()
    var reports = try repository.reports(name: name)
    let shown = version ?? Rendering.newestVersion(of: reports)
    for position in reports.indices where reports[position].manifest.description.version == shown {
      reports[position] = try repository.reportWithUpdates(of: reports[position].manifest.variant)
    }
    return rendering.partial(rendering.info(reports, name: name, version: version), repository.unreadable(of: name))
  }
}
