import GtachCore
import GtachModel
import Testing

@Suite("The version in gtach.json, raised")
struct RaisedDescriptionTests {
  private func raise(
    _ text: String, _ part: SemanticVersion.Part = .patch, name: String? = nil
  ) throws(GtachError) -> RaisedDescription {
    var package: PackageName?
    if let name { package = try PackageName(name) }
    return try RaisedDescription(json: Array(text.utf8), raising: part, name: package)
  }

  private func error(_ text: String) -> GtachError? {
    do throws(GtachError) {
      _ = try raise(text)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "every byte but the version's stays, however the file is written",
    arguments: [
      "{\"name\":\"a\",\"version\":\"VERSION\"}",
      "{\r\n\t\"version\" :\t\"VERSION\" ,\r\n\r\n\t\"name\":   \"a\"\r\n}\r\n",
      "{ \"version\": \"VERSION\", \"name\": \"a\" }\n\n",
      "{ \"dependencies\": { \"version\": \"0.4.0\" }, \"name\": \"a\", \"\\u0076ersion\": \"VERSION\" }",
      "{ \"description\": \"\\\"version\\\": \\\"0.4.0\\\" \\u00e9 é 🙂\", \"version\": \"VERSION\", \"name\": \"a\" }",
      "{ \"name\": \"a\", \"author\": \"0.4.0\", \"version\": \"VERSION\", \"license\": \"0.4.0\" }",
    ])
  func formatting(file: String) throws {
    let raised = try raise(file.replacing("VERSION", with: "0.4.0"))
    #expect(String(decoding: raised.bytes, as: UTF8.self) == file.replacing("VERSION", with: "0.4.1"))
    #expect(raised.previousBytes == Array(file.replacing("VERSION", with: "0.4.0").utf8))
    #expect(raised.previousVersion.description == "0.4.0")
    #expect(raised.description.version.description == "0.4.1")
    #expect(raised.description.name.text == "a")
  }

  @Test(
    "it counts from what the file says, however that is spelt",
    arguments: [
      ("0.4.0", SemanticVersion.Part.major, "1.0.0"), ("0.4.0", .minor, "0.5.0"), ("9.9.9", .patch, "9.9.10"),
      ("1.0.0", .prerelease, "1.0.1-0"), ("1.0.0-rc.9", .prerelease, "1.0.0-rc.10"), ("1.0.0-rc.9", .patch, "1.0.0"),
      ("1.2.3+build.7", .patch, "1.2.4"), ("1\\u002e2.\\u0033", .minor, "1.3.0"),
      ("1.0.99999999999999999999999", .patch, "1.0.100000000000000000000000"),
    ])
  func versions(before: String, part: SemanticVersion.Part, after: String) throws {
    let raised = try raise("{ \"name\": \"a\", \"version\": \"\(before)\" }", part)
    #expect(String(decoding: raised.bytes, as: UTF8.self) == "{ \"name\": \"a\", \"version\": \"\(after)\" }")
  }

  @Test("a name that is given counts, and is not written")
  func name() throws {
    let raised = try raise("{ \"version\": \"1.0.0\" }", name: "b")
    #expect(raised.description.name.text == "b")
    #expect(String(decoding: raised.bytes, as: UTF8.self) == "{ \"version\": \"1.0.1\" }")
  }

  @Test("what has no version, two, or no sense is refused")
  func refused() {
    for text in ["{ \"name\": \"a\" }", "{ \"name\": \"a\", \"version\": null }"] {
      #expect(error(text)?.code == .descriptionInvalid)
      #expect(error(text)?.reason == "it has no \"version\"")
    }
    for second in ["\"version\": \"2.0.0\"", "\"\\u0076ersion\": \"1.0.0\"", "\"version\": null"] {
      let error = error("{ \"name\": \"a\", \"version\": \"1.0.0\", \(second) }")
      #expect(error?.code == .descriptionInvalid)
      #expect(error?.reason?.hasSuffix("\"version\" is there a second time") == true)
    }
    #expect(error("{ \"name\": \"a\", \"version\": \"1.0\" }")?.code == .versionInvalid)
    for text in ["", "{", "[]", "{ \"version\": \"1.0.0\" }", "\u{FEFF}{ \"name\": \"a\", \"version\": \"1.0.0\" }"] {
      #expect(error(text)?.code == .descriptionInvalid)
    }
    #expect(error("{ \"name\": \"a\", \"version\": 1 }")?.code == .descriptionInvalid)
  }
}
