import GtachCommand
import GtachModel
import GtachNode
import GtachSystem

/// From the arguments to the exit code.
enum Program {
  /// This program's version.
  static let version = "0.1.0"

  /// Runs one invocation and returns its exit code.
  static func run(_ arguments: [String]) -> Int32 {
    Signals.ignoreBrokenPipe()
    FreedMemory.keep()
    let terminal = { (stream: Console.Stream) in
      Terminal(
        isTerminal: Console.isTerminal(stream), columns: Console.columns(stream), environment: Console.environment)
    }
    let invocation = Invocation.parse(arguments)
    let options =
      switch invocation {
      case .failure(let failure): failure.options
      case .success(let invocation): invocation.options
      }
    let rendering = Rendering(output: terminal(.output), errors: terminal(.errors), options: options)
    let output: Output
    do throws(GtachError) {
      switch invocation {
      case .failure(let failure): throw failure.error
      case .success(let invocation):
        output = try CommandSession(options: options, rendering: rendering).run(invocation.command)
      }
    } catch {
      output = rendering.error(error)
    }
    return write(output, rendering)
  }

  /// Writes what a command has to say.
  ///
  /// - Returns: the exit code; that of a command whose yes or no cannot be written is the error's.
  private static func write(_ output: Output, _ rendering: Rendering) -> Int32 {
    var exitCode = output.exitCode
    do throws(GtachError) {
      try Console.write(output.standardOutput, to: .output)
    } catch {
      let failure = rendering.error(error)
      Console.say(failure.standardError)
      if exitCode <= 1 { exitCode = failure.exitCode }
    }
    Console.say(output.standardError)
    return exitCode
  }
}

/// One command and what it is run with.
struct CommandSession {
  let options: GlobalOptions
  let rendering: Rendering

  /// Runs a command.
  ///
  /// - Returns: what remains to be said, and the exit code.
  func run(_ command: Command) throws(GtachError) -> Output {
    switch command {
    case .help(let topic): rendering.help(topic)
    case .programVersion: rendering.programVersion(Program.version)
    case .version(let question): rendering.answer(question)
    case .resolve(let requirements):
      rendering.plan(
        try NodeContext(home: home()).resolve(requirements, explainsFully: options.verbose), asked: requirements)
    case .initialize(let fleet, let node): try initialize(fleet: fleet, node: node)
    case .invite(let node, let addresses, let minutes):
      try invite(node, addresses: addresses, minutes: minutes)
    case .join(let token, let address): try join(token, address: address)
    case .pack(let options): try pack(options)
    case .list(let name): try list(name)
    case .search(let query): try search(query)
    case .info(let name, let version): try info(name, version: version)
    case .extract(let release, let platform, let directory):
      try extract(release, platform: platform, into: directory)
    case .export(let release, let place): try export(release, to: place)
    case .importRelease(let place, let release): try importRelease(from: place, release: release)
    case .remove(let release, let force): try remove(release, force: force)
    case .verify(let name, let version, let repairs): try verify(name, version: version, repairs: repairs)
    case .verifyInstalled(let name, let version): try verifyInstalled(name, version: version)
    case .reindex: rendering.reindexed(try repository().reindex())
    case .collectGarbage(let dryRun): try collectGarbage(dryRun: dryRun)
    case .node(let options): try node(options)
    case .sync(let options): try sync(options)
    case .peers: try peers()
    case .status: try status()
    case .install(let requirement, let services): try install(requirement, services: services)
    case .installer(let source, let socket): try installer(source: source, socket: socket)
    case .releaseLines: try releaseLines()
    case .rollback(let name, let version): try rollback(name, version: version)
    case .history(let name): rendering.history(try NodeContext(home: home()).history(of: name))
    case .selfTest(let name, let plan, let mock): try selfTest(name: name, plan: plan, mock: mock)
    }
  }

  /// The node's home: `--home`, else `GTACH_HOME`, else `~/.gtach`.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` where none of them says.
  func home() throws(GtachError) -> Home {
    if let path = options.home { return try Home(absolute: path) }
    if let path = Console.environment("GTACH_HOME"), !path.isEmpty { return try Home(absolute: path) }
    guard let user = Console.environment("HOME"), !user.isEmpty else {
      throw GtachError(
        .configurationInvalid, "there is no home directory", reason: "neither GTACH_HOME nor HOME is set",
        advice: "name one with --home")
    }
    return Home("\(user)/.gtach")
  }

  func repository() throws(GtachError) -> PackageRepository { try PackageRepository(home: home().path) }

  /// Shows what happens while an operator waits, on the standard error.
  func progress() -> LiveProgress { LiveProgress(rendering: rendering) }
}
