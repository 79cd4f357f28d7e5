import GtachCommand
import GtachModel
import GtachNode
import GtachSystem

extension CommandSession {
  /// Runs the daemon until it is interrupted; its events are its log, on the standard output.
  func node(_ command: Command.NodeOptions) throws(GtachError) -> Output {
    var context = try NodeContext(home: home())
    if let listen = command.listen { context.configuration.listen = listen }
    context.configuration.peers = (context.configuration.peers ?? []) + command.peers
    if let mock = command.mock { context.configuration.mock = mock }
    if !command.services { context.configuration.services = false }
    let rendering = rendering
    let isTerminal = Console.isTerminal(.output)
    let options = NodeDaemon.Options(usesDiscovery: command.discovery, keyLog: command.keyLog)
    let daemon = try context.daemon(options: options) { event in
      // systemd's journal has the time already; a terminal or a file does not.
      let time = Console.environment("JOURNAL_STREAM") != nil && !isTerminal ? nil : SystemClock.now()
      // A daemon whose log cannot be written, on a full disk perhaps, serves and fetches all the same.
      try? Console.write(rendering.event(event, at: time), to: .output)
    }
    if let path = command.keyLog {
      Console.say("TLS keys go to \(path): whoever has it can read what the connections carry.\n")
    }
    try onInterruption { daemon.stop() }
    try daemon.run()
    return Output()
  }
}
