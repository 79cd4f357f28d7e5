import GtachModel

/// What carrying out a check brought to light.
public enum SelfTestReading: Hashable, Sendable {
  /// A line's level.
  case level(Int)
  /// What the input of a loopback showed after each of `SelfTestEvaluation.loopbackLevels`.
  case levels([Int])
  /// How many edges came.
  case edges(Int)
  /// Who holds the line; nil for nobody.
  case consumer(String?)
  /// What the path names; nil where nothing does.
  case path(PathEntry?)
  /// A connection was made.
  case connected
  /// A service ran for as long as it had to, or why it did not.
  case service(unstable: String?)
  /// How a program ended, and the end of what it printed.
  case command(CommandOutcome, output: [UInt8])
  /// It could not be carried out.
  case failed(GtachError)

  /// What a path names.
  public enum PathEntry: Hashable, Sendable {
    /// One of the kinds that a check can ask for.
    case known(PathKind)
    /// Something else, such as a named pipe.
    case other
  }

  /// How a program ended.
  public enum CommandOutcome: Hashable, Sendable {
    /// It exited with this status.
    case exited(Int32)
    /// This signal ended it.
    case signalled(Int32)
    /// It was ended because its time was over.
    case timedOut
  }
}

/// Whether a check passed, and the sentences of its result.
public enum SelfTestEvaluation {
  /// The levels that a loopback drives, one after the other: each change once in each direction and once again, so
  /// that neither a stuck line nor a lucky first reading passes.
  public static let loopbackLevels = [0, 1, 0, 1]
  /// How long the input of a loopback is given to follow, in milliseconds.
  public static let loopbackSettleMilliseconds = 50
  /// How much of what a failed program printed goes into the result, in characters.
  public static let outputLength = 200
  /// How many bytes of a holder's name the kernel keeps (GPIO_MAX_NAME_SIZE, less the NUL).
  static let consumerLength = 31

  /// What a check expects, for people.
  public static func expectation(of check: SelfTestCheck) -> String {
    switch check {
    case .loopback(let output, let input): "\(input) follows \(output)"
    case .level(let line, let expect, let bias):
      "\(line) = \(expect)" + (bias == .asIs ? "" : " (\(bias.rawValue))")
    case .edges(let line, let atLeast, let within): "at least \(atLeast) edges on \(line) within \(within) ms"
    case .consumer(let line, let heldBy): "\(line) held by \"\(heldBy)\""
    case .path(let exists, let kind): "\(exists) is \(kind.map { article($0) } ?? "there")"
    case .tcp(let endpoint, let seconds): "\(endpoint) takes connections within \(seconds) s"
    case .service(let unit, let seconds): "\(unit ?? "the service") runs for \(seconds) s and is not started again"
    case .command(let run, let seconds): "\(run.joined(separator: " ")) exits with 0 within \(seconds) s"
    }
  }

  /// The result of a check from what it read. A reading that does not belong to the check is a failure.
  public static func result(
    of check: SelfTestCheck, reading: SelfTestReading, milliseconds: Int
  ) -> SelfTestReport.Result {
    let (passed, actual) = judge(check, reading)
    var code: String?
    if case .failed(let error) = reading { code = error.code.rawValue }
    return SelfTestReport.Result(
      check: check, expected: expectation(of: check), actual: actual, passed: passed, code: code,
      milliseconds: milliseconds)
  }

  private static func judge(_ check: SelfTestCheck, _ reading: SelfTestReading) -> (passed: Bool, actual: String) {
    switch (check, reading) {
    case (_, .failed(let error)):
      return (false, error.reason.map { "\(error.message): \($0)" } ?? error.message)
    case (.loopback(let output, let input), .levels(let seen)):
      let follows = seen == loopbackLevels
      return (follows, follows ? "it follows" : loopbackFault(seen, output: output, input: input))
    case (.level(_, let expect, _), .level(let level)): return (level == expect, "\(level)")
    case (.edges(_, let atLeast, let within), .edges(let count)):
      return (count >= atLeast, count >= atLeast ? "\(count) edges" : "\(count) edges in \(within) ms")
    case (.consumer(_, let heldBy), .consumer(let holder)):
      guard let holder else { return (false, "nobody holds it") }
      let known = String(decoding: heldBy.utf8.prefix(consumerLength), as: UTF8.self)
      return (holder == known, "held by \"\(holder)\"")
    case (.path(_, let kind), .path(let entry)): return judge(path: kind, entry)
    case (.tcp, .connected): return (true, "it does")
    case (.service, .service(let unstable)): return (unstable == nil, unstable ?? "it does")
    case (.command, .command(let outcome, let output)): return judge(outcome, output)
    default: return (false, "nothing that belongs to this check")
    }
  }

  private static func loopbackFault(_ seen: [Int], output: String, input: String) -> String {
    let driven = loopbackLevels.map(String.init).joined(separator: " ")
    let read = seen.map(String.init).joined(separator: " ")
    let text = "drove \(driven), read \(read)"
    guard seen.count == loopbackLevels.count else { return text }
    // The input is pulled against the driven level (GPIOAccess.drive), so a missing wire shows as the inverse.
    if zip(seen, loopbackLevels).allSatisfy({ $0 != $1 }) {
      return text + ": no wire between \(output) and \(input)"
    }
    if let first = seen.first, seen.allSatisfy({ $0 == first }) { return text + ": \(input) is stuck at \(first)" }
    return text
  }

  private static func judge(path kind: PathKind?, _ entry: SelfTestReading.PathEntry?) -> (Bool, String) {
    switch entry {
    case nil: (false, "nothing is there")
    case .known(let found): (kind == nil || kind == found, "it is \(article(found))")
    case .other: (kind == nil, "it is something else")
    }
  }

  private static func judge(_ outcome: SelfTestReading.CommandOutcome, _ output: [UInt8]) -> (Bool, String) {
    let text: String
    switch outcome {
    case .exited(0): return (true, "exited with 0")
    case .exited(let status): text = "exited with \(status)"
    case .signalled(let signal): text = "ended by signal \(signal)"
    case .timedOut: text = "did not end in time"
    }
    let last = lastLine(of: output)
    return (false, last.isEmpty ? text : "\(text): \(last)")
  }

  /// The last line that is not empty, without control characters, cut to `outputLength`.
  private static func lastLine(of output: [UInt8]) -> String {
    let lines = output.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D })
    let printable = lines.last { line in line.contains { $0 > 0x20 } } ?? []
    let text = String(decoding: printable.filter { $0 >= 0x20 && $0 != 0x7F }, as: UTF8.self)
    return String(text.prefix(outputLength))
  }

  private static func article(_ kind: PathKind) -> String {
    switch kind {
    case .file: "a file"
    case .directory: "a directory"
    case .characterDevice: "a character device"
    case .blockDevice: "a block device"
    case .socket: "a socket"
    }
  }
}
