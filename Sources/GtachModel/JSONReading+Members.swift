extension JSONReading {
  /// Where the values of a member of the outermost object stand in a JSON text, the white space around them left out:
  /// one for each time that the member occurs, none where it does not. With it a value can be changed and every other
  /// byte of a file that people write be left alone.
  ///
  /// It looks for the structure only, and says nothing sensible of bytes that `decode` refuses.
  public static func values(ofMember name: String, in text: [UInt8]) -> [Range<Int>] {
    var values: [Range<Int>] = []
    var valueStart: Int?
    var lastString = 0..<0
    var depth = 0
    var position = 0
    func endValue(at end: Int) {
      if let start = valueStart { values.append(trimmed(start..<end, of: text)) }
      valueStart = nil
    }
    while position < text.count {
      let start = position
      position = text[start] == UInt8(ascii: "\"") ? endOfString(in: text, from: start) : start + 1
      switch text[start] {
      case UInt8(ascii: "\""): lastString = start..<position
      case UInt8(ascii: ":") where depth == 1:
        if string(text[lastString]) == name { valueStart = position }
      case UInt8(ascii: ",") where depth == 1: endValue(at: start)
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        if depth == 1 { endValue(at: start) }
        depth -= 1
      default: break
      }
    }
    return values
  }

  /// What follows the string that begins there: a quotation mark after a backslash does not end it.
  static func endOfString(in text: [UInt8], from start: Int) -> Int {
    var position = start + 1
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: "\""): return position + 1
      case UInt8(ascii: "\\"): position += 2
      default: position += 1
      }
    }
    return text.count
  }

  /// The string that a token spells, escapes resolved; nil where it is no string.
  static func string(_ token: ArraySlice<UInt8>) -> String? {
    // In an array: not every version of Foundation reads a string that stands alone.
    try? decode([String].self, from: [UInt8(ascii: "[")] + token + [UInt8(ascii: "]")]).first
  }

  private static func trimmed(_ range: Range<Int>, of text: [UInt8]) -> Range<Int> {
    let isSpace = { (byte: UInt8) in byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 }
    guard let first = text[range].firstIndex(where: { !isSpace($0) }),
      let last = text[range].lastIndex(where: { !isSpace($0) })
    else { return range.lowerBound..<range.lowerBound }
    return first..<last + 1
  }
}
