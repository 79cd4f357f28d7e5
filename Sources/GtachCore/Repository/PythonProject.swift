import GtachModel

/// The packages of Python that a source tree says it needs. gtach does not install them; it tells its user that
/// somebody has to.
public enum PythonProject {
  /// The longest file that is looked at, in bytes.
  public static let maximumBytes = 256 << 10
  /// The files that are looked at, in the root of the tree.
  public static let fileNames = ["pyproject.toml", "requirements.txt"]
  /// The most requirements that are reported of a file.
  static let maximumRequirements = 1000

  /// The requirements in one of these files, as they are written.
  public static func requirements(in bytes: [UInt8], called name: String) -> [String] {
    guard bytes.count <= maximumBytes else { return [] }
    let found = name == "pyproject.toml" ? projectDependencies(bytes) : requirementLines(bytes)
    return Array(found.prefix(maximumRequirements))
  }

  /// The lines of a `requirements.txt`. Options, among them `-r` and `-e`, are passed over, and so is what they lead
  /// to.
  private static func requirementLines(_ bytes: [UInt8]) -> [String] {
    let text = String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n").replacing("\\\n", with: " ")
    return text.split(separator: "\n").compactMap { line in
      var line = line[...]
      if line.first == "#" { return nil }
      if let comment = line.firstRange(of: " #") { line = line[..<comment.lowerBound] }
      // What follows are options of this requirement, such as hashes.
      if let option = line.firstRange(of: " --") { line = line[..<option.lowerBound] }
      let requirement = line.trimmedSpaces
      return requirement.isEmpty || requirement.hasPrefix("-") || requirement.hasPrefix("#") ? nil : requirement
    }
  }

  /// The `dependencies` of the table `[project]` (PEP 621), and nothing else of a TOML file: no dotted key, no inline
  /// table, no string of several lines, no `dynamic`, no other tool's tables. What this does not understand it passes
  /// over.
  private static func projectDependencies(_ bytes: [UInt8]) -> [String] {
    var scanner = TOMLScanner(bytes)
    var table = ""
    while let statement = scanner.statement() {
      switch statement {
      case .table(let name): table = name
      case .key(let key):
        if table == "project", key == "dependencies" { return scanner.strings() }
        scanner.skipValue()
      }
    }
    return []
  }
}

/// Just enough of TOML to find a table and a key, and not to take the inside of a string for one.
private struct TOMLScanner {
  enum Statement {
    case table(String)
    case key(String)
  }

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func starts(with text: String) -> Bool { bytes[position...].starts(with: text.utf8) }

  /// The next table or key; a key's value comes next.
  mutating func statement() -> Statement? {
    while let byte = next {
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      case UInt8(ascii: "#"): skipLine()
      case UInt8(ascii: "["):
        let line = restOfLine()
        let name = line.prefix { $0 != "]" }.dropFirst()
        // An array of tables is none of those that matter.
        return .table(line.hasPrefix("[[") ? "" : String(name).trimmedSpaces)
      default:
        let start = position
        while let byte = next, byte != UInt8(ascii: "="), byte != 0x0A { position += 1 }
        guard next == UInt8(ascii: "=") else { continue }
        let key = String(decoding: bytes[start..<position], as: UTF8.self).trimmedSpaces
        position += 1
        return .key(key.filter { $0 != "\"" && $0 != "'" })
      }
    }
    return nil
  }

  /// The strings of an array; none where the value is no array.
  mutating func strings() -> [String] {
    while next == 0x20 || next == 0x09 { position += 1 }
    guard next == UInt8(ascii: "[") else { return [] }
    var strings: [String] = []
    position += 1
    while let byte = next, byte != UInt8(ascii: "]") {
      switch byte {
      case UInt8(ascii: "#"): skipLine()
      case UInt8(ascii: "\""), UInt8(ascii: "'"): strings.append(string())
      default: position += 1
      }
    }
    return strings
  }

  /// Passes over a value: to the end of its line, where no bracket or string goes further.
  mutating func skipValue() {
    var depth = 0
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"): _ = string()
      case UInt8(ascii: "#"): skipLine()
      case 0x0A where depth <= 0: return
      default:
        if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { depth += 1 }
        if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") { depth -= 1 }
        position += 1
      }
    }
  }

  /// A string that begins here. Of escapes only those of a quotation mark and a backslash mean something.
  private mutating func string() -> String {
    let quote = bytes[position]
    let long = String(repeating: quote == UInt8(ascii: "'") ? "'" : "\"", count: 3)
    let end = starts(with: long) ? long : String(long.prefix(1))
    position += end.utf8.count
    var text: [UInt8] = []
    while let byte = next, !starts(with: end) {
      // A string of one line ends there, whatever it lacks.
      if byte == 0x0A, end.utf8.count == 1 { break }
      if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") { position += 1 }
      if let byte = next {
        text.append(byte)
        position += 1
      }
    }
    if starts(with: end) { position += end.utf8.count }
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func skipLine() { _ = restOfLine() }

  private mutating func restOfLine() -> String {
    let start = position
    while position < bytes.count, bytes[position] != 0x0A { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }
}
