import Foundation
import GtachModel
import GtachSystem
import Testing

/// The real program, run as a user runs it.
enum Program {
  /// What a run left.
  struct Outcome {
    var status: Int32
    var output: String
    var errors: String

    /// The one JSON document that `--json` prints.
    func json<Value: Decodable>(_ type: Value.Type) throws -> Value {
      try JSONDecoder().decode(type, from: Data(output.utf8))
    }
  }

  /// The program that was built beside these tests.
  static var path: String {
    let runner = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
    let candidates = [
      runner.deletingLastPathComponent(), Bundle.main.bundleURL, Bundle.main.bundleURL.deletingLastPathComponent(),
      URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent(),
    ].map { $0.appendingPathComponent("gtach").path }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "gtach-is-not-built"
  }

  /// Runs a command to its end.
  ///
  /// - Parameters:
  ///   - environment: What of it is another one than usual.
  ///   - launcher: A program that runs it, and its arguments.
  static func run(
    _ arguments: [String], home: String, environment: [String: String] = [:], launcher: [String] = []
  ) throws -> Outcome {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    let command = launcher + [path, "--home", home] + arguments
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.environment = ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"].merging(environment) { $1 }
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    // Errors are few and fit the pipe; the output may not.
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return Outcome(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: errorText, as: UTF8.self))
  }

  /// What runs a program as somebody else, where that is possible: as root, and where they may execute what was built.
  static let otherUser: [String]? = {
    let launcher = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    guard geteuid() == 0, FileManager.default.isExecutableFile(atPath: launcher[0]) else { return nil }
    return (try? run(["--version"], home: "/nonexistent", launcher: launcher))?.status == 0 ? launcher : nil
  }()

  /// Runs a command that must succeed.
  @discardableResult
  static func succeed(
    _ arguments: [String], home: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Outcome {
    let outcome = try run(arguments, home: home)
    try #require(
      outcome.status == 0, "gtach \(arguments.joined(separator: " ")): \(outcome.output)\(outcome.errors)",
      sourceLocation: sourceLocation)
    return outcome
  }
}

extension Program {
  /// Runs a command and gives it signals, each once its condition holds.
  ///
  /// - Returns: What it left; its status is negative where a signal ended it.
  static func interrupt(
    _ arguments: [String], home: String, with signals: [(signal: Int32, when: (Process) throws -> Bool)]
  ) throws -> Outcome {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["--home", home] + arguments
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    for (signal, condition) in signals {
      try waitUntil("\(arguments[0]) is where it is to be") { try condition(process) }
      Foundation.kill(process.processIdentifier, signal)
    }
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let errorText = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let status = process.terminationStatus
    return Outcome(
      status: process.terminationReason == .exit ? status : -status, output: String(decoding: text, as: UTF8.self),
      errors: String(decoding: errorText, as: UTF8.self))
  }
}

/// A daemon of a home on loopback without multicast, with what it has printed so far.
final class Daemon {
  let home: String
  let endpoint: String
  private let process = Process()
  private let log: URL

  /// Starts a daemon and waits until it listens.
  init(home: String, peers: [String] = [], arguments: [String] = []) throws {
    self.home = home
    let log = URL(fileURLWithPath: home).appendingPathComponent("test-daemon-\(UUID().uuidString).log")
    self.log = log
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    let handle = try FileHandle(forWritingTo: log)
    let process = self.process
    func printed() -> String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments =
      ["--home", home, "node", "--listen", "127.0.0.1:0", "--no-mdns"] + peers.flatMap { ["--peer", $0] } + arguments
    process.environment = ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"]
    process.standardOutput = handle
    process.standardError = handle
    process.standardInput = FileHandle.nullDevice
    try process.run()
    var found: String?
    try waitUntil("the daemon of \(home) listens; it has printed: \(printed())") {
      try #require(process.isRunning, "the daemon of \(home) ended at once: \(printed())")
      let status = try Program.run(["status", "--json"], home: home)
      if status.status == 0, let report = try? status.json(StatusReport.self), report.daemon {
        found = report.listening?.description
      }
      return found != nil
    }
    endpoint = try #require(found)
  }

  /// All that it has printed.
  var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

  var isRunning: Bool { process.isRunning }
  var processIdentifier: Int32 { process.processIdentifier }

  /// Ends it as systemd does, and waits.
  func stop() {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }

  /// Ends it as a power cut does.
  func kill() {
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }

  deinit { kill() }
}

/// Waits for something that other processes do. The limit is there to end a test that has failed, not to time one.
func waitUntil(
  _ what: @autoclosure () -> String, limitSeconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: () throws -> Bool
) throws {
  let start = Date()
  while try !condition() {
    try #require(Date().timeIntervalSince(start) < limitSeconds, "\(what())", sourceLocation: sourceLocation)
    usleep(50_000)
  }
}

/// A directory that is gone when the test is.
final class Sandbox {
  let path: String

  /// A sandbox, and the home in it of the first node of a fleet, `dev`.
  static func withFleet() throws -> (sandbox: Sandbox, home: String) {
    let sandbox = try Sandbox()
    let home = sandbox.home("dev")
    try Program.succeed(["init", "--fleet", "test", "--node", "dev"], home: home)
    return (sandbox, home)
  }

  init() throws {
    // Short, because the path of a Unix socket is.
    path = "/tmp/gt-\(UInt32.random(in: 0..<UInt32.max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  // Installed releases are read-only, directories too.
  deinit { try? FileSystem().perform([.remove(path)]) }

  func home(_ name: String) -> String { "\(path)/\(name)" }

  @discardableResult
  func write(_ name: String, _ text: String, executable: Bool = false) throws -> String {
    let url = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    try FileManager.default.setAttributes(
      [.posixPermissions: executable ? 0o755 : 0o644], ofItemAtPath: url.path)
    return url.path
  }

  /// A source tree with a gtach.json of that content beside a program and some data.
  func source(_ name: String, description: String, data: String = "data") throws -> String {
    try write("\(name)/gtach.json", description)
    try write("\(name)/bin/hook", "#!/bin/sh\nexit 0\n", executable: true)
    try write("\(name)/bin/fail", "#!/bin/sh\necho it does not work >&2\nexit 3\n", executable: true)
    try write("\(name)/data.txt", data)
    return "\(path)/\(name)"
  }
}
