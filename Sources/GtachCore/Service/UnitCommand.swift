import GtachModel

/// A command that systemd starts, as `ExecStart=` has it: "Command lines" in systemd.service(5).
public struct UnitCommand: Hashable, Sendable {
  /// The program, without the characters before it that say how it is run.
  public let program: String
  /// What it is given.
  public let arguments: [String]

  /// The commands of one assignment: a semicolon that stands alone separates them.
  ///
  /// - Throws: What is wrong with them.
  static func commands(in text: String) throws(Flaw) -> [UnitCommand] {
    var words = UnitWords(text)
    var commands: [UnitCommand] = []
    var current: [String] = []
    func end(_ current: [String]) throws(Flaw) -> UnitCommand? {
      guard let first = current.first else { return nil }
      // @ another name, - failure is none, : no variables, + and ! privileges, | a shell.
      let program = String(first.drop { "@-:+!|".contains($0) })
      if let reason = flaw(inProgram: program) { throw Flaw(reason: reason) }
      return UnitCommand(program: program, arguments: Array(current.dropFirst()))
    }
    while let word = try words.next() {
      switch word {
      case .separator:
        if let command = try end(current) { commands.append(command) }
        current = []
      case .text(let text): current.append(text)
      }
    }
    if let command = try end(current) { commands.append(command) }
    guard !commands.isEmpty else { throw Flaw(reason: "it has no program") }
    return commands
  }

  /// What is wrong with a command line.
  struct Flaw: Error {
    let reason: String
  }

  private static func flaw(inProgram program: String) -> String? {
    if program.isEmpty { return "it has no program" }
    if program.hasPrefix("$") { return "\"\(program)\" is a variable, and systemd expands none in a program's path" }
    if program.hasSuffix("/") { return "the program \"\(program)\" is a directory" }
    // A name alone is looked for in the system's own search path.
    guard program.contains("/"), !program.hasPrefix("/"), !isSpecifiedDirectory(program) else { return nil }
    return "the program \"\(program)\" is a relative path"
  }

  /// Whether a path begins with one of the specifiers that stand for a directory ("Specifiers" in systemd.unit(5)).
  private static func isSpecifiedDirectory(_ path: String) -> Bool {
    guard path.first == "%", let letter = path.dropFirst().first, path.dropFirst(2).first == "/" else { return false }
    return "CdDEfhLSTtVyY".contains(letter)
  }

  /// Of the program and its arguments, those that are paths of the active release of a package, relative to its root.
  ///
  /// A service reaches its package's active release by `current/NAME` in the install root, wherever that is. What has
  /// variables or specifiers further on is not known before it runs.
  func releasePaths(of name: PackageName) -> (program: String?, arguments: [String]) {
    let marker = "\(InstallLayout(root: "").active(name))/"
    func path(_ word: String) -> String? {
      guard word.hasPrefix("/") || Self.isSpecifiedDirectory(word), let found = word.firstRange(of: marker) else {
        return nil
      }
      let path = word[found.upperBound...]
      guard !path.isEmpty, !path.contains(where: { "$%*?".contains($0) }) else { return nil }
      return String(path.hasSuffix("/") ? path.dropLast() : path)
    }
    return (path(program), arguments.compactMap(path))
  }
}
