import GtachModel

/// A configuration file with places for what only the machine knows: `{{name}}` stands for the variable's value, `{{{{`
/// for two braces, and everything else for itself.
///
/// No conditions, no loops, no filters: what has two opening braces and is neither of these is refused, so that a
/// template of another language is not installed as it is.
public struct ConfigurationTemplate: Hashable, Sendable {
  /// The longest file that a template becomes, in bytes.
  public static let maximumRenderedBytes = 4 << 20
  /// The longest template in bytes.
  public static let maximumBytes = 1 << 20

  /// The names of the variables in it, each once, in their order.
  public let variables: [String]

  /// A piece of a template.
  private enum Piece: Hashable {
    case text([UInt8])
    case variable(String, place: TextPosition)
  }
  private let pieces: [Piece]
  private let path: String

  /// Reads a template.
  ///
  /// - Parameter path: What it is called in errors.
  /// - Throws: `ErrorCode.descriptionInvalid` with line and column.
  public init(_ bytes: [UInt8], path: String) throws(GtachError) {
    func fail(_ offset: Int?, _ reason: String) -> GtachError {
      let place = offset.map { "\(TextPosition(of: $0, in: bytes)) of " } ?? ""
      return GtachError(
        .descriptionInvalid, "\(place)\(path) is no template", reason: reason,
        advice: "{{name}} stands for a variable, {{{{ for two braces, and there is nothing else")
    }
    guard bytes.count <= Self.maximumBytes else { throw fail(nil, "it is longer than \(Self.maximumBytes) bytes") }
    guard String(validating: bytes, as: UTF8.self) != nil else { throw fail(nil, "it is not UTF-8") }
    if let nul = bytes.firstIndex(of: 0) { throw fail(nul, "it has a NUL byte") }
    var names: Set<String> = []
    var pieces: [Piece] = []
    var (position, textStart) = (0, 0)
    while let open = bytes[position...].firstIndex(of: Self.brace) {
      position = open + 1
      guard bytes[position...].first == Self.brace else { continue }
      position += 1
      if bytes[position...].starts(with: [Self.brace, Self.brace]) {
        // Two of the four.
        pieces.append(.text(Array(bytes[textStart..<position])))
        position += 2
        textStart = position
        continue
      }
      let inside = bytes[position...].prefix { $0 != UInt8(ascii: "}") && $0 != UInt8(ascii: "\n") }
      position = inside.endIndex
      guard bytes[position...].starts(with: [UInt8(ascii: "}"), UInt8(ascii: "}")]) else {
        throw fail(open, "two opening braces are not closed in their line")
      }
      position += 2
      guard let name = Self.name(inside) else {
        throw fail(open, "\"\(String(decoding: inside.prefix(40), as: UTF8.self))\" is no name of a variable")
      }
      names.insert(name)
      pieces.append(.text(Array(bytes[textStart..<open])))
      pieces.append(.variable(name, place: TextPosition(of: open, in: bytes)))
      textStart = position
    }
    pieces.append(.text(Array(bytes[textStart...])))
    variables = names.sorted()
    self.pieces = pieces
    self.path = path
  }

  /// The file that it becomes.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` for a variable without a value, with its line and column, and for a
  ///   file that would be longer than `maximumRenderedBytes`.
  public func rendered(with values: [String: String]) throws(GtachError) -> [UInt8] {
    var bytes: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .text(let text): bytes += text
      case .variable(let name, let place):
        guard let value = values[name] else { throw unknown(name, at: place, values) }
        bytes += value.utf8
      }
      guard bytes.count <= Self.maximumRenderedBytes else {
        throw GtachError(
          .configurationInvalid, "\(path) becomes too long a file",
          reason: "with its values it has more than \(Self.maximumRenderedBytes) bytes")
      }
    }
    return bytes
  }

  private func unknown(_ name: String, at place: TextPosition, _ values: [String: String]) -> GtachError {
    let others = variables.filter { $0 != name && values[$0] == nil }.map { "\"\($0)\"" }
    return GtachError(
      .configurationInvalid, "\(place) of \(path): the variable \"\(name)\" has no value",
      reason: others.isEmpty ? nil : "nor has \(others.joined(separator: ", "))",
      advice: "give it one in \"variables\" of config.json")
  }

  private static let brace = UInt8(ascii: "{")

  /// Spaces around a name are for the eyes.
  private static func name(_ inside: ArraySlice<UInt8>) -> String? {
    let text = String(decoding: inside, as: UTF8.self).split(separator: " ")
    guard text.count == 1, let name = text.first, TemplateVariable.isName(name) else { return nil }
    return String(name)
  }
}
