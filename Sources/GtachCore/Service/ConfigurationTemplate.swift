import GtachModel

/// A configuration file with places for what only the machine knows: `{{name}}` stands for the variable's value, `{{{{` for
/// two braces, and everything else for itself.
///
/// No conditions, no loops, no filters: what has two opening braces and is neither of these is refused, so that a template
/// of another language is not installed as it is.
public struct ConfigurationTemplate: Hashable, Sendable {
  /// The longest template in bytes.
  public static let maximumBytes = 1 << 20

  /// The names of the variables in it, each once, in their order.
  public let variables: [String]

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
    var position = 0
    while let open = bytes[position...].firstIndex(of: Self.brace) {
      position = open + 1
      guard bytes[position...].first == Self.brace else { continue }
      position += 1
      if bytes[position...].starts(with: [Self.brace, Self.brace]) {
        position += 2
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
    }
    variables = names.sorted()
  }

  private static let brace = UInt8(ascii: "{")

  /// A name begins with a letter; spaces around it are for the eyes.
  private static func name(_ inside: ArraySlice<UInt8>) -> String? {
    let text = String(decoding: inside, as: UTF8.self).split(separator: " ")
    guard text.count == 1, let name = text.first, name.utf8.allSatisfy(isOfName),
      let first = name.unicodeScalars.first, first.properties.isAlphabetic
    else { return nil }
    return String(name)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
      true
    default: false
    }
  }
}
