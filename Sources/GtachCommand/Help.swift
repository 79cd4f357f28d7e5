/// The help texts, made of what the parser obeys.
public enum Help {
  /// The text of a topic, with a final line break.
  public static func text(_ topic: HelpTopic) -> String {
    switch topic {
    case .overview, .missingCommand: overview
    case .command(let name): text(ofCommand: name) ?? overview
    }
  }

  /// The text of a command, or of a word that several commands begin with (`version`); nil where there is none.
  static func text(ofCommand name: String) -> String? {
    if let command = CommandSpecification.named(name) { return text(of: command) }
    let members = CommandSpecification.all.filter { $0.name.hasPrefix("\(name) ") }
    guard !members.isEmpty else { return nil }
    return members.map { "\($0.usage)\n    \($0.summary)\n" }.joined(separator: "\n")
  }

  private static func text(of command: CommandSpecification) -> String {
    var lines = [command.summary.prefix(1).uppercased() + command.summary.dropFirst() + ".", ""]
    lines += usageLines(command)
    if !command.options.isEmpty {
      lines += ["", "Options"]
      lines += optionLines(command.options)
    }
    if !command.notes.isEmpty { lines += ["", command.notes] }
    lines += ["", "Example", "  \(command.example)", ""]
    lines += ["Options of every command: --home DIR, --json, --quiet, --verbose, --help"]
    return lines.joined(separator: "\n") + "\n"
  }

  /// The usage in lines of at most 80 characters, options never torn apart.
  private static func usageLines(_ command: CommandSpecification) -> [String] {
    let indentation = String(repeating: " ", count: "usage: gtach ".count)
    var lines: [String] = []
    var line = "usage: gtach \(command.name)"
    let rest = command.usage.dropFirst("gtach \(command.name)".count)
    // A blank inside of brackets belongs to the option.
    var depth = 0
    var words: [String] = [""]
    for character in rest {
      depth += character == "[" ? 1 : character == "]" ? -1 : 0
      if character == " ", depth == 0 { words.append("") } else { words[words.count - 1].append(character) }
    }
    for word in words where !word.isEmpty {
      if line.count + 1 + word.count > Text.usualColumns {
        lines.append(line)
        line = indentation + word
      } else {
        line += " " + word
      }
    }
    return lines + [line]
  }

  private static func optionLines(_ options: [CommandSpecification.Option]) -> [String] {
    let names = options.map { $0.name + ($0.value.map { " \($0)" } ?? "") }
    let width = names.map(\.count).max() ?? 0
    return zip(names, options).map { name, option in "  " + Text.padded(name, to: width) + "  " + option.summary }
  }

  private static var overview: String {
    var lines = [
      "gtach keeps the software on a LAN's Raspberry Pis up to date, with no server.", "",
      "usage: gtach COMMAND [ARGUMENTS] [OPTIONS]",
    ]
    let width = CommandSpecification.all.map(\.name.count).max() ?? 0
    for group in CommandSpecification.groups {
      lines += ["", group.title]
      lines += group.commands.map { "  " + Text.padded($0.name, to: width) + "  " + $0.summary }
    }
    lines += ["", "Options of every command"]
    lines += optionLines(CommandSpecification.globalOptions)
    lines += [
      "",
      "Ends with 0 done, 1 a negative answer, 20 an update was rolled back,",
      "21 a self-test failed, 64 usage, 65 bad or untrusted data, 69 nobody reachable,",
      "70 a bug, 74 input/output, 75 try again, 77 not allowed, 78 configuration.",
      "",
      "`gtach help COMMAND` tells more.",
    ]
    return lines.joined(separator: "\n") + "\n"
  }
}
