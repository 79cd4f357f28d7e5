import GtachModel

/// A value of JSON as signed metadata uses it: numbers are whole, and an object has no order.
///
/// Signatures of TUF metadata cover the canonical form of the parsed value, so that every field counts, those that this
/// version does not know included. That is why metadata is not read with `Codable`.
public enum JSONValue: Hashable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A whole number. Canonical JSON has no others.
  case integer(Int64)
  /// Text.
  case string(String)
  /// A list.
  case array([JSONValue])
  /// Fields by name.
  case object([String: JSONValue])
}

extension JSONValue {
  /// The canonical form: keys in the order of their UTF-8 bytes, no white space, and nothing escaped but `"` and `\`
  /// (wiki.laptop.org/go/Canonical_JSON, as TUF specification 1.0 section 4.1 cites it). Control characters stand in it
  /// as they are, so it is what gets signed and hashed, and is not always valid JSON.
  public var canonicalBytes: [UInt8] {
    var output: [UInt8] = []
    write(to: &output, escapesControlCharacters: false)
    return output
  }

  /// The same value as a file holds it: canonical but for control characters, which RFC 8259 wants escaped.
  public var fileBytes: [UInt8] {
    var output: [UInt8] = []
    write(to: &output, escapesControlCharacters: true)
    return output
  }

  private func write(to output: inout [UInt8], escapesControlCharacters: Bool) {
    switch self {
    case .null: output += "null".utf8
    case .boolean(let value): output += (value ? "true" : "false").utf8
    case .integer(let value): output += String(value).utf8
    case .string(let text): Self.write(text, to: &output, escapesControlCharacters: escapesControlCharacters)
    case .array(let elements):
      output.append(UInt8(ascii: "["))
      for (position, element) in elements.enumerated() {
        if position > 0 { output.append(UInt8(ascii: ",")) }
        element.write(to: &output, escapesControlCharacters: escapesControlCharacters)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let fields):
      output.append(UInt8(ascii: "{"))
      // Not `<` of String: that compares normalised text, and the order is one of bytes.
      let sorted = fields.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      for (position, field) in sorted.enumerated() {
        if position > 0 { output.append(UInt8(ascii: ",")) }
        Self.write(field.key, to: &output, escapesControlCharacters: escapesControlCharacters)
        output.append(UInt8(ascii: ":"))
        field.value.write(to: &output, escapesControlCharacters: escapesControlCharacters)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static func write(_ text: String, to output: inout [UInt8], escapesControlCharacters: Bool) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"):
        output.append(UInt8(ascii: "\\"))
        output.append(byte)
      case 0..<0x20 where escapesControlCharacters:
        output += "\\u00".utf8
        output += Hexadecimal.encode([byte]).utf8
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }
}
