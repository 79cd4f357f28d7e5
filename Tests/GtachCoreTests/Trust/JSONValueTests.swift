import GtachCore
import GtachModel
import Testing

@Suite("JSON of signed metadata")
struct JSONValueTests {
  private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }
  private func canonical(_ text: String) throws -> String {
    String(decoding: try parse(text).canonicalBytes, as: UTF8.self)
  }

  // The right-hand sides are what securesystemslib.formats.encode_canonical (1.6.0) makes of the left-hand ones.
  @Test(
    "the canonical form is that of securesystemslib",
    arguments: [
      (#"{ "b": 1, "a": [true, false, null], "A": {} }"#, #"{"A":{},"a":[true,false,null],"b":1}"#),
      (#""\u0041\"\\\/\b\f\n\r\t""#, "\"A\\\"\\\\/\u{8}\u{C}\n\r\t\""),
      (#""\ud83d\ude00 é""#, "\"😀 é\""),
      ("-0", "0"),
      (" [ -9223372036854775808 , 9223372036854775807 ] ", "[-9223372036854775808,9223372036854775807]"),
      // Code points decide, not UTF-16 units and not what the characters mean.
      (
        "{\"\u{FF5E}\":1,\"\u{10000}\":2,\"z\":3,\"é\":4,\"e\u{301}x\":5}",
        "{\"e\u{301}x\":5,\"z\":3,\"é\":4,\"\u{FF5E}\":1,\"\u{10000}\":2}"
      ),
    ])
  func canonicalForm(input: String, expected: String) throws {
    #expect(Array(try canonical(input).utf8) == Array(expected.utf8))
  }

  @Test("what a file holds is JSON again, whatever characters it has")
  func roundTrip() throws {
    let value = JSONValue.object([
      "a\"\\\u{1}": .array([.string("\u{0}\u{1F}\u{7F}\u{2028}😀"), .integer(.min), .null, .boolean(true), .object([:])])
    ])
    #expect(try JSONParser.parse(value.fileBytes) == value)
  }

  @Test(
    "malformed JSON is refused",
    arguments: [
      "", " ", "{", "}", "[", "[1", "[1,", "[1,]", "[1 2]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
      "{a:1}", "{1:1}", "{\"a\" 1}", "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\ud800\"", "\"\\udc00\"",
      "\"\\ud800\\u0041\"", "\"\n\"", "\"\u{0}\"", "tru", "truex", "nul", "True", "01", "-", "-01", "+1", "1.0", "1e3",
      "1E3", "0x10", ".5", "NaN", "Infinity", "9223372036854775808", "1 1", "{} x", "'a'", "// a\n1", "\u{FEFF}1",
    ])
  func malformed(text: String) {
    #expect(failureCode { try JSONParser.parse(Array(text.utf8)) } == .metadataMalformed)
  }

  @Test("a string that is not UTF-8 is refused")
  func notUTF8() {
    for bytes: [UInt8] in [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82]] {
      let text: [UInt8] = [0x22] + bytes + [0x22]
      #expect(failureCode { try JSONParser.parse(text) } == .metadataMalformed)
    }
  }

  @Test(
    "a key that occurs twice is refused, however it is spelt",
    arguments: [#"{"a":1,"a":1}"#, #"{"a":1,"\u0061":2}"#, #"[{"x":{"b":1,"c":2,"b":3}}]"#, "{\"é\":1,\"e\u{301}\":2}"])
  func duplicateKeys(text: String) {
    #expect(failureCode { try JSONParser.parse(Array(text.utf8)) } == .metadataMalformed)
  }

  @Test("nesting is followed to the limit and not beyond, however deep it is")
  func depth() throws {
    let most = JSONParser.maximumDepth
    func nested(_ levels: Int, _ open: String, _ close: String) -> [UInt8] {
      Array((String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels)).utf8)
    }
    _ = try JSONParser.parse(nested(most, "[", "]"))
    _ = try JSONParser.parse(nested(most, "{\"a\":", "}"))
    for levels in [most + 1, 1_000_000] {
      #expect(failureCode { try JSONParser.parse(nested(levels, "[", "]")) } != nil)
      #expect(failureCode { try JSONParser.parse(nested(levels, "{\"a\":", "}")) } != nil)
    }
  }

  @Test("no damaged byte and no cut end of real metadata stops the parser")
  func damage() throws {
    let bytes = try TestFleet(publishing: ["app/1.0.0/any"]).files["1.package-app.json"] ?? []
    #expect(!bytes.isEmpty)
    var generator = SeededGenerator(seed: 7)
    for end in bytes.indices {
      #expect(failureCode { try JSONParser.parse(Array(bytes[..<end])) } == .metadataMalformed)
      var damaged = bytes
      damaged[end] = UInt8.random(in: 0...255, using: &generator)
      // Either it is still JSON, and then the same after writing it, or it is refused.
      if let value = try? JSONParser.parse(damaged) { #expect(try JSONParser.parse(value.fileBytes) == value) }
    }
  }
}
