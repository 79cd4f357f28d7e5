import GtachModel

/// A command line sorted into a command, its options and its arguments; what they mean comes later.
struct ArgumentScanner {
  private(set) var specification: CommandSpecification?
  private(set) var arguments: [String] = []
  private(set) var values: [String: [String]] = [:]
  private(set) var wantsHelp = false
  private(set) var wantsProgramVersion = false

  /// Sorts the words.
  ///
  /// - Throws: `ErrorCode.usage`.
  init(_ words: [String]) throws(GtachError) {
    // Whoever asks for help gets it, however little the options around it make sense.
    wantsHelp = words.prefix { $0 != "--" }.contains { $0 == "-h" || $0 == "--help" }
    var words = words[...]
    var pendingWord: String?
    var onlyArguments = false
    while let word = words.popFirst() {
      if !onlyArguments, word == "--" {
        onlyArguments = true
      } else if !onlyArguments, word == "-h" || word == "--help" {
        continue
      } else if !onlyArguments, word.hasPrefix("-"), word.count > 1 {
        do { try takeOption(word, &words) } catch { if !wantsHelp { throw error } }
      } else if specification == nil {
        try takeCommand(word, after: &pendingWord)
      } else {
        arguments.append(word)
      }
    }
    if let group = pendingWord, !wantsHelp, !wantsProgramVersion { throw Self.missingSubcommand(group) }
    if wantsHelp, let group = pendingWord { arguments = [group] }
  }

  /// Whether an option without value was given.
  func has(_ option: String) -> Bool { values[option] != nil }

  /// The value of an option that may be given once.
  func value(_ option: String) -> String? { values[option]?.first }

  private mutating func takeCommand(_ word: String, after pending: inout String?) throws(GtachError) {
    let name = pending.map { "\($0) \(word)" } ?? word
    if let found = CommandSpecification.named(name) {
      specification = found
      pending = nil
    } else if pending == nil, CommandSpecification.all.contains(where: { $0.name.hasPrefix("\(word) ") }) {
      pending = word
    } else {
      throw Self.unknownCommand(name)
    }
  }

  private mutating func takeOption(_ word: String, _ rest: inout ArraySlice<String>) throws(GtachError) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = parts[0]
    let own = specification?.options ?? []
    let known = own + CommandSpecification.globalOptions
    guard let option = known.first(where: { $0.name == name }) else { throw unknownOption(name, among: known) }
    if option.name == "--version", option.value == nil { wantsProgramVersion = true }
    guard let what = option.value else {
      guard parts.count == 1 else { throw wrong("\(name) takes no value") }
      values[name] = [""]
      return
    }
    let value: String
    if parts.count == 2 {
      value = parts[1]
    } else if let next = rest.first, !next.hasPrefix("--"), next != "-h" {
      value = next
      rest.removeFirst()
    } else {
      // A value that begins with two dashes is written --option=--value.
      throw wrong("\(name) needs a value, \(what)")
    }
    guard !value.isEmpty else { throw wrong("\(name) needs a value, \(what), and has an empty one") }
    guard option.repeats || values[name] == nil else { throw wrong("\(name) is given more than once") }
    values[name, default: []].append(value)
  }

  // MARK: Errors

  private func wrong(_ message: String) -> GtachError {
    GtachError(.usage, message, advice: Self.advice(specification))
  }

  /// Where to read how a command is used.
  static func advice(_ specification: CommandSpecification?) -> String {
    specification.map { "usage: \($0.usage)" } ?? "`gtach help` lists the commands and options"
  }

  private func unknownOption(_ name: String, among known: [CommandSpecification.Option]) -> GtachError {
    let names = known.map(\.name)
    var meant = Suggestion.nearest(to: name, among: names).map { "did you mean \($0)?" }
    if meant == nil, name.count == 2, let letter = name.last {
      let sameLetter = names.filter { $0.hasPrefix("--\(letter.lowercased())") }
      if !sameLetter.isEmpty { meant = "did you mean \(sameLetter.joined(separator: " or "))?" }
    }
    if meant == nil {
      let owners = CommandSpecification.all.filter { $0.options.contains { $0.name == name } }.map(\.name)
      if let specification, !owners.isEmpty {
        meant = "\(name) belongs to \(owners.joined(separator: ", ")), not to \(specification.name)"
      } else if !owners.isEmpty {
        meant = "write it after the command: \(owners.joined(separator: ", "))"
      }
    }
    return GtachError(.usage, "unknown option \(name)", advice: meant ?? Self.advice(specification))
  }

  private static func unknownCommand(_ name: String) -> GtachError {
    let words = name.split(separator: " ").map(String.init)
    let names = CommandSpecification.all.map(\.name)
    if words.count == 2 {
      let subcommands = Self.subcommands(of: words[0])
      let meant = Suggestion.nearest(to: words[1], among: subcommands).map { "did you mean \(words[0]) \($0)?" }
      return GtachError(
        .usage, "unknown command \"\(name)\"",
        advice: meant ?? "\(words[0]) is followed by \(subcommands.joined(separator: ", "))")
    }
    let firstWords = names.flatMap { $0.split(separator: " ").prefix(1).map(String.init) }
    let meant = Suggestion.nearest(to: name, among: firstWords).map { "did you mean \($0)?" }
    return GtachError(.usage, "unknown command \"\(name)\"", advice: meant ?? advice(nil))
  }

  private static func missingSubcommand(_ group: String) -> GtachError {
    GtachError(
      .usage, "\(group) needs one of \(subcommands(of: group).joined(separator: ", "))",
      advice: group == "version" ? "`gtach --version` prints the version of gtach itself" : advice(nil))
  }

  private static func subcommands(of group: String) -> [String] {
    CommandSpecification.all.compactMap {
      $0.name.hasPrefix("\(group) ") ? String($0.name.dropFirst(group.count + 1)) : nil
    }
  }
}
