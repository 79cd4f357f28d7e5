import GtachModel
import Testing

@Suite struct JSONMembersTests {
  private func values(_ text: String, of name: String = "version") -> [String] {
    let bytes = Array(text.utf8)
    return JSONReading.values(ofMember: name, in: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
  }

  @Test(arguments: [
    ("{\"version\":\"1\"}", ["\"1\""]),
    ("{\"version\":\"1\",\"a\":2}", ["\"1\""]),
    (" \r\n{\t\"a\" : [ 1 , 2 ] ,\r\n\t\"version\" \n:\t \"1\" \r\n}\n", ["\"1\""]),
    ("{\"version\": {\"version\": \"2\"} , \"a\": 1}", ["{\"version\": \"2\"}"]),
    ("{\"version\": [ {\"version\": \"2\"} ]}", ["[ {\"version\": \"2\"} ]"]),
    ("{\"a\":{\"version\":\"2\"},\"b\":[{\"version\":\"3\"}],\"version\":\"1\"}", ["\"1\""]),
    ("{\"version\":null}", ["null"]),
    ("{\"version\": -1.5e3 }", ["-1.5e3"]),
    ("{\"version\":\"1\",\"version\":2}", ["\"1\"", "2"]),
    // Other spellings of the same name, and other names.
    ("{\"\\u0076ersion\":\"1\"}", ["\"1\""]),
    ("{\"ver\\u0073ion\":\"1\",\"version\":\"2\"}", ["\"1\"", "\"2\""]),
    ("{\"Version\":\"1\",\"version \":\"2\",\"\\\\u0076ersion\":\"3\",\"version\\u0000\":\"4\"}", []),
    // Strings that look like structure.
    ("{\"a\":\"\\\"version\\\":\\\"2\\\"\",\"version\":\"1\"}", ["\"1\""]),
    ("{\"a\":\"}{[\",\"b\\\"}\":\",\",\"version\":\"\\\\\"}", ["\"\\\\\""]),
    ("{\"a\":\"version\",\"b\":1}", []),
    ("{\"é🙂\":\"\\ud83d\\ude42\",\"version\":\"1.0.0-é\"}", ["\"1.0.0-é\""]),
    ("{}", []), ("[\"version\",\"1\"]", []), ("[{\"version\":\"1\"}]", []), ("\"version\"", []), ("1", []),
  ])
  func theValuesOfTheOutermostMemberAreFound(text: String, expected: [String]) {
    #expect(values(text) == expected)
  }

  @Test(arguments: [
    "", "{", "}", "]]]", ":", "{:", "{\"version\":", "{\"version\":}", "{\"version\":,", "{\"version", "{\"version\\",
    "{\"version\":\"1\\", "{\"a\":1}}{\"version\":\"1\"}", "\\", "{\"\\ud800\":1}",
  ])
  func whatIsNoJSONStopsNobody(text: String) {
    _ = values(text)
  }

  @Test func everyBeginningOfATextIsLookedThrough() {
    let text = Array("{\"a\":[{\"version\":\"\\u0031\"}],\"\\u0076ersion\" : \"1.0.0\" }".utf8)
    for count in text.indices { _ = JSONReading.values(ofMember: "version", in: Array(text[..<count])) }
    #expect(JSONReading.values(ofMember: "version", in: text).map { text[$0].count } == [7])
  }
}
