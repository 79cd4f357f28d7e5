import GtachCore
import GtachModel
import Testing

@Suite("Configuration templates")
struct ConfigurationTemplateTests {
  private func variables(_ text: String) throws(GtachError) -> [String] {
    try ConfigurationTemplate(Array(text.utf8), path: "app.conf.template").variables
  }

  @Test("variables are listed once, in order; all else is text")
  func variables() throws {
    #expect(try variables("b = {{b}}\na = {{ a.x-1_Y }} {{b}}{{c}}") == ["a.x-1_Y", "b", "c"])
    #expect(try variables("") == [])
    #expect(try variables(#"{ "a": {"b": "${HOME} $(x) %h <%= y %> }}"} }"#) == [])
    #expect(try variables("{{{{ x }} {{{{{{y}}") == ["y"])
  }

  @Test(
    "everything else in double braces is refused, with its place",
    arguments: [
      ("a\nüb {{x", "line 2, column 4"), ("{{}}", "line 1, column 1"), ("{{ }}", "line 1, column 1"),
      ("{{x|y}}", "line 1, column 1"), ("{{#if x}}", "line 1, column 1"), ("{{x y}}", "line 1, column 1"),
      ("{{{x}}}", "line 1, column 1"), ("{{1x}}", "line 1, column 1"), ("{{x\n}}", "line 1, column 1"),
      ("{{x}", "line 1, column 1"), (" {{ü}}", "line 1, column 2"), ("a\0", "line 1, column 2"),
    ] as [(String, String)])
  func refused(text: String, place: String) {
    let error = thrownError { try variables(text) }
    #expect(error?.code == .descriptionInvalid)
    #expect(error?.message == "\(place) of app.conf.template is no template")
  }

  @Test("values take the places of variables, four braces become two, all else stays as it is")
  func rendered() throws {
    func rendered(_ text: String, _ values: [String: String]) throws(GtachError) -> String {
      String(decoding: try ConfigurationTemplate(Array(text.utf8), path: "t").rendered(with: values), as: UTF8.self)
    }
    #expect(try rendered("a={{a}}\n{{ b }}{{a}}", ["a": "1", "b": "{{a}}"]) == "a=1\n{{a}}1")
    #expect(try rendered("{{{{a}} {x} {{{{{{{{}", [:]) == "{{a}} {x} {{{{}")
    #expect(try rendered("", [:]) == "")
    #expect(
      thrownError { try rendered("ü\n ü{{a}}", [:]) }?.message
        == "line 2, column 3 of t: the variable \"a\" has no value")
    let long = String(repeating: "{{a}}", count: 2000)
    #expect(
      thrownError { try rendered(long, ["a": String(repeating: "x", count: 4096)]) }?.code == .configurationInvalid)
  }

  @Test("bytes that are no text, and too many of them, are refused")
  func hostile() {
    let read = { (bytes: [UInt8]) in thrownError { try ConfigurationTemplate(bytes, path: "t") }?.code }
    #expect(read([0xFF]) == .descriptionInvalid)
    #expect(read(Array(repeating: 0x7B, count: 10 << 20)) == .descriptionInvalid)
    #expect(read(Array(repeating: 0x7B, count: 1 << 20)) == nil)
  }
}
