import GtachModel

/// Reads JSON (RFC 8259) that anybody may have written: strictly, each byte once, never deeper than a limit.
///
/// Refused although RFC 8259 allows it: a key that occurs twice in an object (two readers could see two values),
/// numbers that are not whole or have more than 64 bits, and nesting beyond `maximumDepth`.
public struct JSONParser {
  /// How deep arrays and objects may nest. TUF metadata needs 7 levels.
  public static let maximumDepth = 32

  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The value that the bytes spell, all of them.
  ///
  /// - Throws: `ErrorCode.metadataMalformed`, saying at which byte what is wrong.
  public static func parse(_ bytes: [UInt8]) throws(GtachError) -> JSONValue {
    var parser = JSONParser(bytes)
    let value = try parser.value(depth: 0)
    parser.skipSpace()
    guard parser.position == bytes.count else { throw parser.failure("something follows the value") }
    return value
  }

  private func failure(_ reason: String) -> GtachError {
    GtachError(
      .metadataMalformed, "these bytes are not JSON that signed metadata may use",
      reason: "\(reason), at byte \(position)")
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func value(depth: Int) throws(GtachError) -> JSONValue {
    guard depth <= Self.maximumDepth else { throw failure("it nests deeper than \(Self.maximumDepth) levels") }
    skipSpace()
    guard let first = next else { throw failure("it ends too early") }
    switch first {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), 0x30...0x39: return try number()
    default: throw failure("no value starts like this")
    }
  }

  private mutating func word(_ text: StaticString, _ value: JSONValue) throws(GtachError) -> JSONValue {
    let expected = String(describing: text).utf8
    guard bytes[position...].starts(with: expected) else { throw failure("no value starts like this") }
    position += expected.count
    return value
  }

  private mutating func object(depth: Int) throws(GtachError) -> JSONValue {
    position += 1
    var fields: [String: JSONValue] = [:]
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object(fields) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw failure("a key is missing") }
      let key = try string()
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw failure("a colon is missing") }
      let element = try value(depth: depth + 1)
      guard fields.updateValue(element, forKey: key) == nil else { throw failure("the key \"\(key)\" occurs twice") }
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(fields) }
      guard take(UInt8(ascii: ",")) else { throw failure("a comma is missing") }
    }
  }

  private mutating func array(depth: Int) throws(GtachError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw failure("a comma is missing") }
    }
  }

  private mutating func number() throws(GtachError) -> JSONValue {
    let start = position
    if next == UInt8(ascii: "-") { position += 1 }
    let firstDigit = position
    while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
    let digits = bytes[firstDigit..<position]
    guard let first = digits.first, digits.count == 1 || first != 0x30 else { throw failure("a number is malformed") }
    if let byte = next, byte == UInt8(ascii: ".") || byte | 0x20 == UInt8(ascii: "e") {
      throw failure("a number is not whole")
    }
    guard let value = Int64(String(decoding: bytes[start..<position], as: UTF8.self)) else {
      throw failure("a number has more than 64 bits")
    }
    return .integer(value)
  }

  private mutating func string() throws(GtachError) -> String {
    position += 1
    var unescaped: [UInt8] = []
    var runStart = position
    while let byte = next {
      switch byte {
      case UInt8(ascii: "\""):
        unescaped += bytes[runStart..<position]
        guard let text = String(validating: unescaped, as: UTF8.self) else { throw failure("a string is not UTF-8") }
        position += 1
        return text
      case UInt8(ascii: "\\"):
        unescaped += bytes[runStart..<position]
        position += 1
        unescaped += String(try escaped()).utf8
        runStart = position
      case 0..<0x20: throw failure("a string has a control character")
      default: position += 1
      }
    }
    throw failure("a string does not end")
  }

  /// The character that follows a backslash spells.
  private mutating func escaped() throws(GtachError) -> Unicode.Scalar {
    guard let byte = next else { throw failure("a string does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try codeUnit()
      if let scalar = Unicode.Scalar(first) { return scalar }
      // Half of a surrogate pair: the other half must follow.
      guard (0xD800..<0xDC00).contains(first), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else {
        throw failure("a surrogate stands alone")
      }
      let second = try codeUnit()
      guard (0xDC00..<0xE000).contains(second),
        let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
      else { throw failure("a surrogate stands alone") }
      return scalar
    default: throw failure("no escape is spelt like this")
    }
  }

  private mutating func codeUnit() throws(GtachError) -> UInt32 {
    var unit: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure("an escape needs four hexadecimal digits")
      }
      unit = unit << 4 | UInt32(digit)
      position += 1
    }
    return unit
  }
}
