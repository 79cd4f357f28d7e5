import GtachCommand
import GtachModel
import GtachNode
import GtachSystem

extension CommandSession {
  func pack(_ options: Command.PackOptions) throws(GtachError) -> Output {
    let context = try NodeContext(home: home())
    let membership = try context.membership()
    let repository = try repository()
    let publisher = ReleasePublisher(home: context.home, membership: membership, repository: repository)
    let now = SystemClock.now()
    let progress = progress()
    defer { progress.finish() }
    let packed = try PackageCreator(repository: repository).createPackage(
      directory: options.directory, name: options.name, version: options.version, descriptionFile: options.description,
      level: options.level, platform: options.platform, created: now
    ) { progress.show($0) }
    try publisher.publish(packed, now: now)
    // A daemon that runs hears of it; one that does not will see it when it starts.
    _ = try ControlClient.ask(.reload, home: context.home, cancellation: try interruptible())
    return rendering.packed(try repository.report(of: packed.manifest.variant))
  }

  func info(_ name: PackageName, version: SemanticVersion?) throws(GtachError) -> Output {
    let reports = try repository().reports(name: name)
    let wanted = version ?? reports.map(\.manifest.description.version).max()
    return rendering.info(
      reports.filter { $0.manifest.description.version == wanted }, name: name, version: version)
  }
}
