import GtachModel
import Testing

@Suite("Where JSON that people write is wrong")
struct JSONPlacesTests {
  private struct Document: Decodable {
    struct Machine: Decodable { var arch: String? }
    var name: String
    var port: Int?
    var machines: [Machine]?
    var ranges: [String: Int]?
  }

  private func reason(_ text: String) -> String? { reason(Array(text.utf8)) }
  private func reason(_ bytes: [UInt8]) -> String? {
    do throws(GtachError) {
      _ = try StrictJSON.decode(Document.self, from: bytes, what: "the file")
      return nil
    } catch {
      return error.reason
    }
  }

  @Test(
    "what breaks the grammar is found where it does",
    arguments: [
      ("", "line 1, column 1"), ("{", "line 1, column 2"),
      ("{\n  \"name\": \"a\"\n  \"port\": 1\n}", "line 3, column 3"),
      ("{\"name\" \"a\"}", "line 1, column 9"),
      ("{\n\"name\": tru }", "line 2, column 9"), ("{\"é\": 1]", "line 1, column 8"),
      ("{\"a\": +1}", "line 1, column 7"),
      ("{\n 'name': 1}", "line 2, column 2"), ("{\"name\": \"a}", "line 1, column 10"),
      ("{\"name\": \"a\\\"}", "line 1, column 10"), ("{\"a\": [1 2]}", "line 1, column 10"),
      ("{\"name\": \"a\"} x", "line 1, column 15"), ("{}\n// the end", "line 2, column 1"),
      ("{\n\"a\": \"\\x\"}", "line 2, column 7"), ("{\n\"a\": \"\u{1}\"}", "line 2, column 7"),
      ("{\"a\": 1 \"b\"", "line 1, column 9"), ("{\"a\": [", "line 1, column 8"),
      // What Foundation's decoder passes over.
      ("{\"name\": \"a\",\n}", "line 2, column 1"), ("{\"name\": \"a\", \"b\": [1,]}", "line 1, column 23"),
      ("{\"name\": \"a\",\n \"name\": \"a\"}", "line 2, column 2"),
      ("{\"name\": \"a\",\n \"n\\u0061me\": \"b\"}", "line 2, column 2"),
      ("{\"name\": \"a\", \"b\": {\"c\": 1, \"c\": 1}}", "line 1, column 29"),
    ] as [(String, String)])
  func grammar(text: String, place: String) {
    #expect(reason(text)?.hasPrefix("\(place): ") == true, "\(reason(text) ?? "nothing")")
  }

  @Test("bytes that are not UTF-8 have a line, too")
  func encoding() {
    #expect(reason(Array("{\n\"ü\": \"".utf8) + [0xFF])?.hasPrefix("line 2, column 7: ") == true)
    #expect(reason(Array(repeating: 0x5B, count: 100))?.hasPrefix("line 1, column 65: ") == true)
  }

  @Test(
    "what has the wrong type is found by the way to it",
    arguments: [
      ("{\n  \"name\": 1 }", "line 2, column 3: name: "),
      ("{ \"name\": \"a\",\n\"machines\": [ {},\n { \"arch\": 7 } ] }", "line 3, column 4: machines.[1].arch: "),
      ("{ \"name\": \"a\", \"machines\": [\n 3 ] }", "line 2, column 2: machines.[0]"),
      ("{ \"name\": \"a\",\n \"ranges\": { \"b\": 1,\n\"\\u0061\": \"x\" } }", "line 3, column 1: ranges.a: "),
      ("\n []", "line 2, column 2: "), ("{\n}", "line 1, column 1: "),
    ] as [(String, String)])
  func types(text: String, start: String) {
    #expect(reason(text)?.hasPrefix(start) == true, "\(reason(text) ?? "nothing")")
  }

  @Test(
    "what is wrong is said in the words of JSON",
    arguments: [
      ("[]", "this is not an object"), ("{\"name\": 1}", "this is not a string"),
      ("{}", "\"name\" is missing"), ("{\"name\": null}", "a string is missing"),
      ("{\"name\": \"a\", \"port\": \"1\"}", "this is not a whole number"),
      ("{\"name\": \"a\",\n\"port\": 0.5}", "line 2, column 9: this is no whole number, or too large a one"),
      ("{\"name\": \"a\",\n\"port\": 1e99}", "line 2, column 9: this is no whole number, or too large a one"),
      ("{\"name\": \"a\", \"machines\": {}}", "this is not an array"),
    ] as [(String, String)])
  func words(text: String, end: String) {
    #expect(reason(text)?.hasSuffix(end) == true, "\(reason(text) ?? "nothing")")
  }

  @Test("a place that nobody knows is none, and no input stops the process")
  func robustness() throws {
    #expect(reason("{ \"name\": \"a\" }") == nil)
    let good = Array(#"{"name":"a\u00e9","machines":[{"arch":"x"}],"ranges":{"a":-1.5e3}}"#.utf8)
    for position in good.indices {
      for byte: UInt8 in [0, 0x22, 0x5C, 0x7B, 0x7D, 0xFF] {
        var changed = good
        changed[position] = byte
        _ = reason(changed)
      }
      #expect(reason(Array(good[..<position]))?.hasPrefix("line 1, column ") == true)
    }
  }
}
