import GtachModel

/// What a wheel says of itself in `NAME-VERSION.dist-info/METADATA`: the core metadata of Python's packages, which have
/// the form of a letter's headers (RFC 822).
public struct PythonMetadata: Hashable, Sendable {
  /// The longest `METADATA` in bytes: a whole README may follow the headers.
  public static let maximumBytes = 4 << 20

  private var fields: [String: [String]] = [:]

  /// Reads the headers. A line that is none is passed over: nobody wrote this by hand.
  public init(_ bytes: [UInt8]) {
    var last: String?
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      let text = String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
      if text.isEmpty { break }
      if text.hasPrefix(" ") || text.hasPrefix("\t") {
        // The next line of the same field.
        if let last, let value = fields[last]?.popLast() { fields[last]?.append("\(value)\n\(text.trimmedSpaces)") }
      } else if let colon = text.firstIndex(of: ":") {
        let key = text[..<colon].lowercased()
        fields[key, default: []].append(text[text.index(after: colon)...].trimmedSpaces)
        last = key
      }
    }
  }

  /// What it needs, in PEP 508's form, as it is written; not what only one of its extras needs, as nobody asks for one.
  public var requirements: [String] { (fields["requires-dist"] ?? []).filter { !Self.isOfExtra($0) } }

  /// Whether the marker of a requirement asks for an extra.
  private static func isOfExtra(_ requirement: String) -> Bool {
    // In a requirement that is an address, a semicolon may be part of that, and a space ends it (PEP 508).
    let marker: Substring
    if requirement.contains("@") {
      guard let start = requirement.firstRange(of: " ;")?.upperBound else { return false }
      marker = requirement[start...]
    } else {
      guard let start = requirement.firstIndex(of: ";") else { return false }
      marker = requirement[start...]
    }
    // What stands in quotes is a value.
    var quote: Character?
    var words = ""
    for character in marker {
      if let open = quote {
        if character == open { quote = nil }
      } else if character == "\"" || character == "'" {
        quote = character
      } else {
        words.append(character)
      }
    }
    return words.split { !($0.isLetter || $0.isNumber || $0 == "_") }.contains("extra")
  }

  /// The description of a package of this wheel.
  ///
  /// - Parameters:
  ///   - name: The package's name, whatever the wheel says.
  ///   - version: The release's version, whatever the wheel says.
  /// - Throws: `ErrorCode.nameInvalid` and `ErrorCode.versionInvalid` for what has no equal here.
  public func description(
    name: PackageName? = nil, version: SemanticVersion? = nil
  ) throws(GtachError) -> PackageDescription {
    let found = (name: try self.name(replacedBy: name), version: try self.version(replacedBy: version))
    var description = PackageDescription(name: found.name, version: found.version)
    description.description = first("summary")
    description.author = first("author") ?? first("author-email")
    // A whole licence may stand in the older of the two fields.
    description.license = first("license-expression") ?? first("license").flatMap { $0.contains("\n") ? nil : $0 }
    return description
  }

  private func name(replacedBy other: PackageName?) throws(GtachError) -> PackageName {
    if let other { return other }
    let advice = "give one with --name"
    guard let text = first("name") else { throw GtachError(.nameInvalid, "the wheel has no name", advice: advice) }
    do throws(GtachError) {
      return try PackageName(Self.normalised(text))
    } catch {
      throw GtachError(
        .nameInvalid, "the wheel's name \"\(text)\" is not a package name", reason: error.reason, advice: advice)
    }
  }

  private func version(replacedBy other: SemanticVersion?) throws(GtachError) -> SemanticVersion {
    if let other { return other }
    guard let text = first("version") else {
      throw GtachError(.versionInvalid, "the wheel has no version", advice: "give one with --version")
    }
    return try PythonVersion.semantic(text)
  }

  /// A name as PyPI compares it (PEP 503): lower-case, each run of `-`, `_` and `.` one `-`.
  static func normalised(_ name: String) -> String {
    name.lowercased().split(omittingEmptySubsequences: false) { "-_.".contains($0) }
      .enumerated().filter { $0.offset == 0 || !$0.element.isEmpty }.map(\.element).joined(separator: "-")
  }

  private func first(_ key: String) -> String? {
    // Older tools wrote UNKNOWN where there was nothing.
    fields[key]?.first.flatMap { $0.isEmpty || $0 == "UNKNOWN" ? nil : $0 }
  }
}

extension StringProtocol {
  /// Without spaces and tabs at either end.
  var trimmedSpaces: String {
    let isSpace = { (character: Character) in character == " " || character == "\t" }
    let start = drop(while: isSpace)
    return String(start[..<(start.lastIndex { !isSpace($0) }.map { start.index(after: $0) } ?? start.startIndex)])
  }
}
