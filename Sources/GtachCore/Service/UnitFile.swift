import GtachModel

/// A systemd unit file, read as systemd.syntax(7) has it.
///
/// Stricter than systemd, which logs a warning and passes over what it does not understand: what it would pass over is
/// a mistake that is found here instead of in a machine's journal.
public struct UnitFile: Hashable, Sendable {
  /// An assignment, its continuation lines joined.
  public struct Assignment: Hashable, Sendable {
    /// What stands before the `=`.
    public let key: String
    /// What stands behind it, white space around it left out.
    public let value: String
    /// The number of the line that it begins in, from 1 on.
    public let line: Int
  }

  /// The longest unit file in bytes. systemd's own bound is 1 MiB for each line.
  public static let maximumBytes = 256 << 10

  /// What the file is called in errors.
  public let path: String
  private var sections: [String: [Assignment]] = [:]

  /// Reads a unit file.
  ///
  /// - Parameter path: What it is called in errors.
  /// - Throws: `ErrorCode.descriptionInvalid` with the line.
  public init(_ bytes: [UInt8], path: String) throws(GtachError) {
    self.path = path
    guard bytes.count <= Self.maximumBytes else {
      throw GtachError(
        .descriptionInvalid, "\(path) is no unit file", reason: "it is longer than \(Self.maximumBytes) bytes")
    }
    let bytes = bytes.starts(with: Self.byteOrderMark) ? bytes.dropFirst(Self.byteOrderMark.count) : bytes[...]
    var section: String?
    // What is read of a line that goes on in the next one.
    var joined: [UInt8] = []
    var start: Int?
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let text = try text(of: line, number: index + 1)
      // Comments end no continuation.
      if text.first == UInt8(ascii: "#") || text.first == UInt8(ascii: ";") { continue }
      joined += text
      let number = start ?? index + 1
      if text.reversed().prefix(while: { $0 == UInt8(ascii: "\\") }).count % 2 == 1 {
        joined[joined.count - 1] = UInt8(ascii: " ")
        start = number
      } else {
        try read(Self.trimmed(joined[...]), line: number, into: &section)
        joined.removeAll(keepingCapacity: true)
        start = nil
      }
    }
    if let start { throw flaw(line: start, "it goes on with a backslash, and the file ends") }
  }

  /// Whether there is a section of the name.
  public func hasSection(_ name: String) -> Bool { sections[name] != nil }

  /// The assignments to a key of which there may be several, in the order of the file: an empty one takes back those
  /// before it.
  public func assignments(_ key: String, in section: String) -> [Assignment] {
    let all = (sections[section] ?? []).filter { $0.key == key }
    return Array(all[(all.lastIndex { $0.value.isEmpty }.map { $0 + 1 } ?? 0)...])
  }

  /// What systemd knows nothing of and would pass over, one sentence each, in the order of the lines. No error, as a
  /// newer systemd may know more.
  public var doubts: [String] {
    var doubts: [(line: Int, text: String)] = []
    for (section, assignments) in sections {
      for assignment in assignments where !UnitKeys.has(assignment.key, in: section) {
        let meant = UnitKeys.nearest(to: assignment.key, in: section).map { "; did you mean \($0)=?" } ?? ""
        doubts.append(
          (
            assignment.line,
            "line \(assignment.line) of \(path): systemd knows no \(assignment.key)= in [\(section)]\(meant)"
          ))
      }
    }
    return doubts.sorted { $0.line < $1.line }.map(\.text)
  }

  /// An error about a line of this file.
  func flaw(line: Int, _ reason: String, advice: String? = nil) -> GtachError {
    GtachError(.descriptionInvalid, "line \(line) of \(path) cannot be used", reason: reason, advice: advice)
  }

  // MARK: Lines

  static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// A line without its end and the white space before it.
  private func text(of line: ArraySlice<UInt8>, number: Int) throws(GtachError) -> ArraySlice<UInt8> {
    // systemd takes the line ends of DOS since version 236.
    let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    guard !line.contains(0) else { throw flaw(line: number, "it has a NUL byte", advice: "name a text file") }
    guard !line.contains(UInt8(ascii: "\r")) else { throw flaw(line: number, "it has a carriage return") }
    guard String(validating: line, as: UTF8.self) != nil else { throw flaw(line: number, "it is not UTF-8") }
    return line.drop(while: Self.isSpace)
  }

  private mutating func read(
    _ line: ArraySlice<UInt8>, line number: Int, into section: inout String?
  ) throws(GtachError) {
    guard let first = line.first else { return }
    if first == UInt8(ascii: "[") {
      guard line.count > 2, line.last == UInt8(ascii: "]") else {
        throw flaw(line: number, "a section's name stands in brackets, alone in its line")
      }
      let name = String(decoding: line.dropFirst().dropLast(), as: UTF8.self)
      guard Self.sections.contains(name) || name.hasPrefix("X-") else {
        throw flaw(
          line: number, "a service has no section [\(name)]",
          advice: "there are [Unit], [Service] and [Install], and [X-...] for others' purposes")
      }
      section = name
      sections[name, default: []] += []
      return
    }
    guard let sign = line.firstIndex(of: UInt8(ascii: "=")) else { throw flaw(line: number, "it has no \"=\"") }
    let key = Self.trimmed(line[..<sign])
    guard !key.isEmpty, key.allSatisfy(Self.isOfKey) else {
      throw flaw(line: number, "what stands before the \"=\" is no key")
    }
    guard let section else { throw flaw(line: number, "it stands before the first section") }
    let value = Self.trimmed(line[(sign + 1)...])
    sections[section, default: []].append(
      Assignment(
        key: String(decoding: key, as: UTF8.self), value: String(decoding: value, as: UTF8.self), line: number))
  }

  private static let sections = ["Unit", "Service", "Install"]

  private static func isOfKey(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let text = text.drop(while: isSpace)
    guard let last = text.lastIndex(where: { !isSpace($0) }) else { return [] }
    return text[...last]
  }
}
