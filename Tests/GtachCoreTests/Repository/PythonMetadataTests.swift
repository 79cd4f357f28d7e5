import GtachCore
import GtachModel
import Testing

@Suite("What a wheel says of itself")
struct PythonMetadataTests {
  static let metadata = """
    Metadata-Version: 2.1
    Name: Foo_.Bar--Baz
    version: 1.2rc1
    Summary: A thing: with a colon
    Author: UNKNOWN
    Author-email: Ada <ada@example.org>
    License: MIT
    Requires-Dist: numpy (>=1.20) ; python_version >= "3.8"
    Requires-Dist: gpiozero
    Description: one
            two

    Name: not-a-header
    """

  @Test("its headers become a description", arguments: ["\n", "\r\n"])
  func description(lineEnd: String) throws {
    let metadata = PythonMetadata(Array(Self.metadata.replacing("\n", with: lineEnd).utf8))
    let description = try metadata.description()
    #expect(description.name.text == "foo-bar-baz")
    #expect(description.version.description == "1.2.0-rc.1")
    #expect(description.description == "A thing: with a colon")
    #expect(description.author == "Ada <ada@example.org>")
    #expect(description.license == "MIT")
    #expect(metadata.requirements == ["numpy (>=1.20) ; python_version >= \"3.8\"", "gpiozero"])
    let replaced = try metadata.description(name: PackageName("x"), version: SemanticVersion("3.0.0"))
    #expect(replaced.name.text == "x" && replaced.version.description == "3.0.0")
  }

  @Test("what only an extra needs is not needed")
  func extras() {
    let needed = [
      "a", "b ; python_version < '3'", "extra", "c[extra]>=1", "d ; platform_machine == 'extra'",
      "e @ https://example.org/x;extra ; os_name == \"posix\"",
    ]
    let others = [
      "f ; extra == 'test'", "g;extra=='test'", "h (>=1) ; (python_version < '3') and extra == \"docs\"",
      "i @ https://example.org/i ; extra == 'x'",
    ]
    let text = (needed + others).map { "Requires-Dist: \($0)\n" }.joined()
    #expect(PythonMetadata(Array(text.utf8)).requirements == needed)
  }

  @Test("what is missing or has no equal is asked for, and only that")
  func missing() throws {
    func error(_ text: String, name: PackageName? = nil) -> GtachError? {
      thrownError { () throws(GtachError) in try PythonMetadata(Array(text.utf8)).description(name: name) }
    }
    #expect(error("")?.advice?.contains("--name") == true)
    #expect(error("Name: \(String(repeating: "x", count: 65))\nVersion: 1.0")?.code == .nameInvalid)
    #expect(error("Name: _x\nVersion: 1.0")?.code == .nameInvalid)
    #expect(error("Name: x")?.advice?.contains("--version") == true)
    #expect(try error("Name: _x\nVersion: 1.0", name: PackageName("y")) == nil)
    #expect(error("Name: x\nVersion: 1!2.0")?.code == .versionInvalid)
    let licence = try PythonMetadata(Array("Name: x\nVersion: 1.0\nLicense: All of\n  it".utf8)).description()
    #expect(licence.license == nil)
    #expect(thrownError { () throws(GtachError) in try PythonMetadata([0xFF, 0x3A, 0xFE, 0x0A]).description() } != nil)
  }

  @Test(
    "versions keep their meaning",
    arguments: [
      ("1", "1.0.0"), ("1.2", "1.2.0"), ("1.2.3", "1.2.3"), ("1.2.3.0.0", "1.2.3"), ("2024.01.02", "2024.1.2"),
      ("1.2a1", "1.2.0-a.1"), ("1.2b12", "1.2.0-b.12"), ("1.2.3rc01", "1.2.3-rc.1"), ("1.2.dev3", "1.2.0-0.dev.3"),
      ("1.0+deb.1", "1.0.0+deb.1"), ("1.0RC1", "1.0.0-rc.1"), ("0.0", "0.0.0"),
    ])
  func versions(python: String, semantic: String) throws {
    #expect(try PythonVersion.semantic(python).description == semantic)
  }

  @Test("their order stays")
  func order() throws {
    let sorted = ["1.0.dev1", "1.0.dev2", "1.0a1", "1.0a10", "1.0b1", "1.0rc1", "1.0", "1.1.dev1", "1.1"]
    let versions = try sorted.map { try PythonVersion.semantic($0) }
    for (smaller, larger) in zip(versions, versions.dropFirst()) { #expect(smaller < larger) }
  }

  @Test(
    "what has no equal is refused, with what to do",
    arguments: [
      "", "x", "1!1.0", "1.0.post1", "1.0-1", "1.2.3.4", "1.0a1.dev2", "1.0alpha1", "1.0a", "1.0.", "1..0", "v1.0",
      "1.0+", "1.0+a_b", "1.0 ", "1.0a99999999999999999999x", "١.0",
    ])
  func refused(text: String) {
    let error = thrownError { () throws(GtachError) in try PythonVersion.semantic(text) }
    #expect(error?.code == .versionInvalid)
    #expect(error?.advice?.contains("--version") == true)
  }
}
