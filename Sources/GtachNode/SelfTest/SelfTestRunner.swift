import GtachCore
import GtachModel
import GtachSystem

/// Carries out self-tests on this machine, one after the other, and reports every one of them.
public struct SelfTestRunner: Sendable {
  /// How many bytes of a command's output are kept for its result.
  public static let maximumOutputBytes = 16_384
  /// Where a command without a `/` in it is looked for if the environment has no PATH.
  public static let defaultSearchPath = "/usr/local/bin:/usr/bin:/bin"

  private let root: String
  private let mayDrive: [String]
  private let environment: [String: String]
  private let recordPath: String?
  private let services: ServiceProbe?
  private let fileSystem = FileSystem()

  /// A runner for one release, or for a plan.
  ///
  /// - Parameters:
  ///   - root: The directory that commands start in and relative paths refer to: the release's own.
  ///   - mayDrive: The only lines that may be driven.
  ///   - environment: All that a command's environment holds.
  ///   - services: How services are looked at, and which is the release's own; nil where none is looked at.
  ///   - recordPath: Where the lines are recorded that are being driven; nil where nothing outlives the process, as
  ///     with a mock.
  public init(
    root: String, mayDrive: [String], environment: [String: String], services: ServiceProbe? = nil, recordPath: String?
  ) {
    self.root = root
    self.mayDrive = mayDrive
    self.environment = environment
    self.services = services
    self.recordPath = recordPath
  }

  /// Runs the checks in their order; one that fails does not keep the next from running.
  ///
  /// - Throws: `ErrorCode.cancelled` only: whatever else happens is the result of its check.
  public func run(
    _ checks: [SelfTestCheck], gpio: any GPIOAccess, cancellation: Cancellation? = nil
  ) throws(GtachError) -> SelfTestReport {
    var results: [SelfTestReport.Result] = []
    for check in checks {
      try cancellation?.check()
      let start = MonotonicClock.now()
      let reading: SelfTestReading
      do throws(GtachError) {
        reading = try read(check, gpio: gpio, cancellation: cancellation)
      } catch  where error.code == .cancelled {
        throw error
      } catch {
        reading = .failed(error)
      }
      let duration = MonotonicClock.now().milliseconds - start.milliseconds
      results.append(SelfTestEvaluation.result(of: check, reading: reading, milliseconds: Int(duration)))
    }
    return SelfTestReport(results: results, mock: gpio.isMock)
  }

  /// Makes the lines inputs that were being driven when the process or the power went away.
  ///
  /// - Throws: what a line or the record says; the record stays then. `ErrorCode.busy` where another process drives
  ///   lines.
  public static func releaseDrivenLines(recordPath: String, gpio: any GPIOAccess) throws(GtachError) {
    guard try FileSystem().exists(recordPath) else { return }
    let lock = try lock(recordPath)
    defer { withExtendedLifetime(lock) {} }
    try releaseLines(on: recordPath, gpio)
  }

  /// How long to wait for another process that drives lines, in milliseconds: a check does so for a fifth of a second.
  private static let lockMilliseconds: Int64 = 10_000

  /// One process drives lines at a time: the record is of all of them.
  private static func lock(_ recordPath: String) throws(GtachError) -> FileLock {
    if let end = recordPath.lastIndex(of: "/") { try FileSystem().perform(.makeDirectory(String(recordPath[..<end]))) }
    return try FileLock(
      path: recordPath + ".lock", wait: MonotonicClock.now().advanced(byMilliseconds: lockMilliseconds))
  }

  private static func releaseLines(on recordPath: String, _ gpio: any GPIOAccess) throws(GtachError) {
    let fileSystem = FileSystem()
    guard try fileSystem.exists(recordPath) else { return }
    let bytes = try fileSystem.read(recordPath, maximumBytes: DrivenLineRecord.maximumByteCount)
    for line in try DrivenLineRecord(json: bytes).lines {
      do throws(GtachError) {
        _ = try gpio.read(line: line, bias: .asIs)
      } catch  where [.gpioLineHeld, .gpioLineMissing].contains(error.code) {
        // A driver that has it decides what it is by now; a line that is gone drives nothing.
        continue
      }
    }
    try fileSystem.perform(DrivenLineRecord.clearing(recordPath))
  }

  private func read(
    _ check: SelfTestCheck, gpio: any GPIOAccess, cancellation: Cancellation?
  ) throws(GtachError) -> SelfTestReading {
    switch check {
    case .loopback(let output, let input): return try loop(output, input, gpio)
    case .level(let line, _, let bias): return .level(try gpio.read(line: line, bias: bias))
    case .edges(let line, let atLeast, let within):
      return .edges(try gpio.countEdges(line: line, limit: atLeast, withinMilliseconds: within))
    case .consumer(let line, _): return .consumer(try gpio.info(line: line).consumer)
    case .path(let exists, _): return .path(try entry(at: absolute(exists)))
    case .tcp(let endpoint, let seconds):
      try TCPProbe.wait(
        for: endpoint, deadline: MonotonicClock.now().advanced(byMilliseconds: Int64(seconds) * 1000),
        cancellation: cancellation)
      return .connected
    case .service(let unit, let seconds):
      guard let services else {
        throw GtachError(.serviceUnavailable, "no service is looked at here", reason: "services are switched off")
      }
      return .service(unstable: try services.flaw(of: unit, stableSeconds: seconds, cancellation: cancellation))
    case .command(let run, let timeoutSeconds):
      return try execute(run, timeoutSeconds: timeoutSeconds, cancellation: cancellation)
    }
  }

  private func loop(_ output: String, _ input: String, _ gpio: any GPIOAccess) throws(GtachError) -> SelfTestReading {
    let line = try gpio.info(line: output)
    guard isAllowed(line, gpio) else {
      throw GtachError(
        .gpioLineForbidden, "the GPIO line \(line.name) may not be driven",
        reason: "gpio.mayDrive in config.json does not list it",
        advice: "list it if driving it can harm nothing that is connected")
    }
    guard let recordPath, !gpio.isMock else { return .levels(try drive(output, input, gpio)) }
    let lock = try Self.lock(recordPath)
    defer { withExtendedLifetime(lock) {} }
    // Who drove lines before may have been killed.
    try Self.releaseLines(on: recordPath, gpio)
    try fileSystem.perform(DrivenLineRecord(lines: [output]).writing(to: recordPath))
    let seen: [Int]
    do throws(GtachError) {
      seen = try drive(output, input, gpio)
    } catch  where [.gpioLineHeld, .gpioLineMissing, .cancelled].contains(error.code) {
      // Nothing was driven, or it is an input again.
      try fileSystem.perform(DrivenLineRecord.clearing(recordPath))
      throw error
    }
    try fileSystem.perform(DrivenLineRecord.clearing(recordPath))
    return .levels(seen)
  }

  private func drive(_ output: String, _ input: String, _ gpio: any GPIOAccess) throws(GtachError) -> [Int] {
    try gpio.drive(
      output: output, levels: SelfTestEvaluation.loopbackLevels, reading: input,
      settleMilliseconds: SelfTestEvaluation.loopbackSettleMilliseconds)
  }

  /// Whether the configuration lists the line, by whichever of its names.
  private func isAllowed(_ line: LineInfo, _ gpio: any GPIOAccess) -> Bool {
    mayDrive.contains { name in
      do throws(GtachError) {
        let listed = try gpio.info(line: name)
        return listed.chip == line.chip && listed.offset == line.offset
      } catch {
        // A name that no line or more than one has allows nothing.
        return false
      }
    }
  }

  private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(root)/\(path)" }

  private func entry(at path: String) throws(GtachError) -> SelfTestReading.PathEntry? {
    switch try fileSystem.kind(following: path) {
    case .file: .known(.file)
    case .directory: .known(.directory)
    case .characterDevice: .known(.characterDevice)
    case .blockDevice: .known(.blockDevice)
    case .socket: .known(.socket)
    case .pipe, .symbolicLink: .other
    case nil: nil
    }
  }

  private func execute(
    _ run: [String], timeoutSeconds: Int, cancellation: Cancellation?
  ) throws(GtachError) -> SelfTestReading {
    guard let name = run.first else { throw GtachError(.descriptionInvalid, "a command names no program") }
    let completion = try ChildProcess.run(
      executable: try program(name), arguments: Array(run.dropFirst()), environment: environment, directory: root,
      deadline: MonotonicClock.now().advanced(byMilliseconds: Int64(timeoutSeconds) * 1000),
      maximumOutputBytes: Self.maximumOutputBytes, cancellation: cancellation)
    let outcome: SelfTestReading.CommandOutcome =
      switch completion.exit {
      case .status(let status): .exited(status)
      case .signal(let signal): .signalled(signal)
      case .timedOut: .timedOut
      }
    return .command(outcome, output: completion.output)
  }

  /// The path of a program: as it is with a `/` in it, found in PATH without one, as execvp(3) does.
  private func program(_ name: String) throws(GtachError) -> String {
    if name.contains("/") { return absolute(name) }
    for directory in (environment["PATH"] ?? Self.defaultSearchPath).split(separator: ":") {
      let path = absolute("\(directory)/\(name)")
      if try fileSystem.kind(following: path) == .file { return path }
    }
    throw GtachError(
      .notFound, "there is no program \"\(name)\"", reason: "no directory of PATH has it",
      advice: "write a path with \"/\" for a program of the package itself, as in \"bin/\(name)\"")
  }
}
