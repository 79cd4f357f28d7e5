/// The words of a command line in a unit file: "Quoting" in systemd.syntax(7).
struct UnitWords {
  enum Word {
    case text(String)
    /// A semicolon that stands alone.
    case separator
  }

  private let bytes: [UInt8]
  private var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  /// The next word, quotes and escapes resolved; nil where there is none.
  mutating func next() throws(UnitCommand.Flaw) -> Word? {
    while position < bytes.count, Self.isSpace(bytes[position]) { position += 1 }
    guard position < bytes.count else { return nil }
    let start = position
    var word: [UInt8] = []
    var quote: UInt8?
    while position < bytes.count, quote != nil || !Self.isSpace(bytes[position]) {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\\"): word += try escaped()
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        if quote == byte {
          quote = nil
        } else if quote == nil {
          quote = byte
        } else {
          word.append(byte)
        }
      default: word.append(byte)
      }
    }
    guard quote == nil else { throw UnitCommand.Flaw(reason: "a quotation mark is not closed") }
    if bytes[start..<position] == [UInt8(ascii: ";")] { return .separator }
    guard !word.contains(0) else { throw UnitCommand.Flaw(reason: "a word has a NUL byte") }
    guard let text = String(validating: word, as: UTF8.self) else {
      throw UnitCommand.Flaw(reason: "a word is not UTF-8")
    }
    return .text(text)
  }

  /// What an escape sequence stands for, the backslash being read.
  private mutating func escaped() throws(UnitCommand.Flaw) -> [UInt8] {
    guard position < bytes.count else { throw UnitCommand.Flaw(reason: "it ends with a backslash") }
    let letter = bytes[position]
    if let plain = Self.escapes[letter] {
      position += 1
      return [plain]
    }
    switch letter {
    case UInt8(ascii: "x"): return [UInt8(try number(skipping: 1, digits: 2, radix: 16))]
    case UInt8(ascii: "u"), UInt8(ascii: "U"):
      let value = try number(skipping: 1, digits: letter == UInt8(ascii: "u") ? 4 : 8, radix: 16)
      guard let scalar = Unicode.Scalar(value) else { throw unknownEscape }
      return Array(String(Character(scalar)).utf8)
    case UInt8(ascii: "0")...UInt8(ascii: "3"): return [UInt8(try number(skipping: 0, digits: 3, radix: 8))]
    default: throw unknownEscape
    }
  }

  private mutating func number(skipping: Int, digits: Int, radix: Int) throws(UnitCommand.Flaw) -> UInt32 {
    let text = bytes.dropFirst(position + skipping).prefix(digits)
    // A sign is no digit.
    guard text.count == digits, text.allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
      let value = UInt32(String(decoding: text, as: UTF8.self), radix: radix)
    else { throw unknownEscape }
    position += skipping + digits
    return value
  }

  private var unknownEscape: UnitCommand.Flaw {
    UnitCommand.Flaw(reason: "it has a backslash that begins no escape sequence; a backslash itself is written twice")
  }

  private static let escapes: [UInt8: UInt8] = [
    UInt8(ascii: "a"): 0x07, UInt8(ascii: "b"): 0x08, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
    UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09, UInt8(ascii: "v"): 0x0B, UInt8(ascii: "\\"): 0x5C,
    UInt8(ascii: "\""): 0x22, UInt8(ascii: "'"): 0x27, UInt8(ascii: "s"): 0x20, UInt8(ascii: ";"): 0x3B,
  ]

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A }
}
