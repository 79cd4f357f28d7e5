import GtachCommand
import GtachModel
import GtachNode
import GtachSystem

extension CommandSession {
  func sync(_ command: Command.SyncOptions) throws(GtachError) -> Output {
    let request = ControlRequest.sync(
      requirements: command.requirements, peers: command.peers, dryRun: command.dryRun, install: command.install)
    let passing = NodeDaemon.Options(
      serves: false, usesDiscovery: command.discovery, fetches: !command.dryRun, installs: !command.dryRun)
    guard case .sync(let report) = try ask(request, orBy: passing, services: command.services) else { throw unexpected }
    return rendering.sync(report, dryRun: command.dryRun)
  }

  func peers() throws(GtachError) -> Output {
    let context = try NodeContext(home: home())
    let cancellation = try interruptible()
    if case .peers(let reports)? = try ControlClient.ask(.peers, home: context.home, cancellation: cancellation) {
      return rendering.peers(reports)
    }
    let passing = NodeDaemon.Options(serves: false, fetches: false, installs: false)
    let look = ControlRequest.sync(requirements: [], peers: [], dryRun: true, install: false)
    let replies = try PassingNode.ask([look, .peers], context: context, options: passing, cancellation: cancellation)
    guard case .peers(let reports)? = replies.last else { throw unexpected }
    return rendering.peers(reports)
  }

  func status() throws(GtachError) -> Output {
    let context = try NodeContext(home: home())
    let cancellation = try interruptible()
    if let report = try daemonStatus(context, cancellation) { return rendering.status(report) }
    return rendering.status(try context.statusWithoutDaemon(cancellation: cancellation))
  }

  func install(_ requirement: Requirement, services: Bool) throws(GtachError) -> Output {
    let passing = NodeDaemon.Options(serves: false, installs: false)
    guard case .update(let result) = try ask(.install(requirement), orBy: passing, services: services) else {
      throw unexpected
    }
    return rendering.update(result)
  }

  func rollback(_ name: PackageName, version: SemanticVersion?) throws(GtachError) -> Output {
    let passing = NodeDaemon.Options(serves: false, usesDiscovery: false, fetches: false, installs: false)
    guard case .update(let result) = try ask(.rollback(name: name, version: version), orBy: passing) else {
      throw unexpected
    }
    return rendering.update(result)
  }

  /// Asks the daemon, or else a node that is there for this question only.
  ///
  /// - Parameter services: Whether the services of releases are installed as the configuration says, or not at all.
  private func ask(
    _ request: ControlRequest, orBy options: NodeDaemon.Options, services: Bool = true
  ) throws(GtachError) -> ControlReply {
    var context = try NodeContext(home: home())
    let cancellation = try interruptible()
    if !services {
      guard try daemonStatus(context, cancellation) == nil else {
        throw GtachError(
          .usage, "--no-service is not for a command that the daemon carries out",
          advice: "set \"services\": false in config.json, or start the daemon with --no-service")
      }
      context.configuration.services = false
    }
    return try ask(request, orBy: options, context: context, cancellation: cancellation)
  }

  /// The same for a command that can be interrupted already.
  func ask(
    _ request: ControlRequest, orBy options: NodeDaemon.Options, context: NodeContext, cancellation: Cancellation
  ) throws(GtachError) -> ControlReply {
    let progress = progress()
    defer { progress.finish() }
    let answer = try ControlClient.ask(request, home: context.home, cancellation: cancellation) { progress.show($0) }
    if let answer { return answer }
    let replies = try PassingNode.ask(
      [request], context: context, options: options, cancellation: cancellation
    ) { progress.show($0) }
    guard let reply = replies.last else { throw unexpected }
    return reply
  }

  private var unexpected: GtachError {
    GtachError(
      .protocolViolation, "the daemon answered something else than was asked",
      advice: "are the daemon and this command of the same version of gtach?")
  }
}
