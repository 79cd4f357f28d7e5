/// How a command is written: what the parser obeys and what the help texts are made of.
struct CommandSpecification: Sendable {
  struct Option: Sendable {
    /// With its dashes: `--home`.
    var name: String
    /// What its value is called, nil for one that has none.
    var value: String?
    /// Whether it may be given more than once.
    var repeats = false
    /// One line of help.
    var summary: String
  }

  /// An argument without dashes.
  struct Argument: Sendable {
    /// What it is called: `NAME[@VERSION]`.
    var name: String
    var required = true
    var repeats = false

    /// As a usage line shows it.
    var usage: String {
      let text = required ? name : "[\(name)]"
      return repeats ? text + "..." : text
    }
  }

  /// The words that select it: `pack`, `version bump`.
  var name: String
  /// Half a line: what it does.
  var summary: String
  var arguments: [Argument] = []
  var options: [Option] = []
  /// What else there is to know, in lines of at most 80 characters.
  var notes = ""
  /// A command line.
  var example: String

  /// The command line's pattern.
  var usage: String {
    let options = options.map { option in
      let text = "[\(option.name)" + (option.value.map { " \($0)" } ?? "") + "]"
      return option.repeats ? text + "..." : text
    }
    return (["gtach", name] + arguments.map(\.usage) + options).joined(separator: " ")
  }

  /// The options that every command takes.
  static let globalOptions = [
    Option(name: "--home", value: "DIR", summary: "where gtach keeps everything (GTACH_HOME, ~/.gtach)"),
    Option(name: "--json", summary: "one JSON document instead of text"),
    Option(name: "--quiet", summary: "results only: no progress, no hints"),
    Option(name: "--verbose", summary: "more about what happens on the way"),
    Option(name: "--help", summary: "how a command is used (also -h)"),
    Option(name: "--version", summary: "the version of gtach itself"),
  ]

  /// The command of that name; nil where there is none.
  static func named(_ name: String) -> CommandSpecification? { all.first { $0.name == name } }
}
