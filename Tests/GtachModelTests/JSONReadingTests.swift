import GtachModel
import Testing

@Suite struct JSONReadingTests {
  private func decode(_ bytes: [UInt8]) throws -> [String: Int] {
    try JSONReading.decode([String: Int].self, from: bytes)
  }

  private func decode(_ text: String) throws -> [String: Int] { try decode(Array(text.utf8)) }

  @Test func whatIsJSONIsRead() throws {
    #expect(
      try decode(" {\t\"a\" : 1,\r\n\"b\\u00e9\\uD83D\\ude42\\\"\\\\\\/\\b\\f\\n\\r\\t\" : 2 } ") == [
        "a": 1, "bé🙂\"\\/\u{8}\u{c}\n\r\t": 2,
      ])
    #expect(try decode("{\"[{é🙂\":3}") == ["[{é🙂": 3])
    #expect(try JSONReading.decode([String].self, from: Array("[\"\\\\\",\"]\"]".utf8)) == ["\\", "]"])
  }

  // Each of these names of members stopped the process with Swift 6.0.3's Foundation, or could.
  @Test(arguments: [
    "\\ud800", "\\ud800x", "\\udc00", "\\ud800\\n", "\\ud800\\ud800", "\\ud800\\u0041", "\\u12", "\\u12g4", "\\x",
    "\\", "a\\", "\n", "\u{1}", "\u{0}",
  ])
  func aNameThatIsNoStringIsRefused(name: String) {
    #expect(throws: DecodingError.self) { try decode("{\"\(name)\":1}") }
  }

  @Test(
    arguments: [[0xFF], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82]] as [[UInt8]])
  func bytesThatAreNotUTF8AreRefused(bytes: [UInt8]) {
    #expect(throws: DecodingError.self) { try decode(Array("{\"a".utf8) + bytes + Array("\":1}".utf8)) }
    #expect(throws: DecodingError.self) { try decode(Array("{\"a\":1}".utf8) + bytes) }
  }

  @Test func otherEncodingsAreRefused() {
    let text = "{\"a\":1}"
    let wide = text.utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    #expect(throws: DecodingError.self) { try decode(wide) }
    #expect(throws: DecodingError.self) { try decode([0xFE, 0xFF] + wide) }
    #expect(throws: DecodingError.self) { try decode(wide.dropFirst() + [0]) }
    #expect(throws: DecodingError.self) { try decode([0xEF, 0xBB, 0xBF] + Array(text.utf8)) }
  }

  @Test func depthIsBounded() throws {
    func nested(_ depth: Int) -> String {
      "{\"a\":1,\"a\":" + String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1) + "}"
    }
    struct Empty: Decodable {}
    _ = try JSONReading.decode(Empty.self, from: Array(nested(JSONReading.maximumDepth).utf8))
    for depth in [JSONReading.maximumDepth + 1, 600, 100_000] {
      #expect(throws: DecodingError.self) { try JSONReading.decode(Empty.self, from: Array(nested(depth).utf8)) }
    }
  }

  @Test(arguments: [
    "", "{", "}", "]]]", "{\"a\":1", "{\"a\":1}}", "{\"a\":}", "nul", "{\"a\" 1}", "\"", "[1]", "{\"a\":1.5}",
  ])
  func whatIsNotTheValueIsRefused(text: String) {
    #expect(throws: (any Error).self) { try decode(text) }
  }
}
