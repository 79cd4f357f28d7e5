/// What text is written to: how wide it is, and whether it shows colours.
public struct Terminal: Hashable, Sendable {
  /// Whether people read it as it comes; otherwise it is a file or a pipe.
  public var isTerminal: Bool
  /// Its width in characters.
  public var columns: Int
  /// Whether it is to show colours.
  public var colour: Bool

  /// A terminal from its properties.
  public init(isTerminal: Bool, columns: Int = 80, colour: Bool = false) {
    self.isTerminal = isTerminal
    self.columns = columns
    self.colour = colour
  }

  /// A file or a pipe.
  public static let plain = Terminal(isTerminal: false)

  /// Decides on colours: only on a terminal, unless NO_COLOR is set and not empty (no-color.org) or TERM says `dumb`.
  /// A width of nil or 0 is taken to be 80.
  public init(isTerminal: Bool, columns: Int?, environment: (String) -> String?) {
    let usable = environment("NO_COLOR") ?? "" == "" && environment("TERM") != "dumb"
    let width = columns ?? 0
    self.init(
      isTerminal: isTerminal, columns: width > 0 ? width : Text.usualColumns, colour: isTerminal && usable)
  }

  /// What a piece of text says, told by its look.
  enum Look: String {
    case good = "32"
    case bad = "31"
    case doubtful = "33"
    case heading = "1"
    case minor = "2"
  }

  /// The text in the colour of its meaning (ECMA-48, SGR), or unchanged where there are no colours.
  func painted(_ text: String, _ look: Look?) -> String {
    guard colour, let look, !text.isEmpty else { return text }
    return "\u{1B}[\(look.rawValue)m\(text)\u{1B}[0m"
  }
}

/// What a command says and how it ends.
public struct Output: Hashable, Sendable {
  /// The result; empty, or ending with a line break.
  public var standardOutput: String
  /// Errors and hints; empty, or ending with a line break.
  public var standardError: String
  /// The exit code (0 done, 1 a negative answer, 20 rolled back, 21 self-test failed, others as sysexits(3)).
  public var exitCode: Int32

  /// An output from its parts.
  public init(standardOutput: String = "", standardError: String = "", exitCode: Int32 = 0) {
    self.standardOutput = standardOutput
    self.standardError = standardError
    self.exitCode = exitCode
  }
}
