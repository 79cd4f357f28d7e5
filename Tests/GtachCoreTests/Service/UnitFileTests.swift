import GtachCore
import GtachModel
import Testing

@Suite("systemd's unit files")
struct UnitFileTests {
  private func error(_ bytes: [UInt8]) -> GtachError? { thrownError { try UnitFile(bytes, path: "app.service") } }
  private func error(_ text: String) -> GtachError? { error(Array(text.utf8)) }
  private func values(_ text: String, _ key: String = "A", in section: String = "Service") throws -> [String] {
    try UnitFile(Array(text.utf8), path: "app.service").assignments(key, in: section).map(\.value)
  }

  @Test("sections, comments, white space and assignments in the order of the file")
  func syntax() throws {
    let text = """
      # a comment
      ; another

      [Unit]
      Description = A tachometer = fast
        [Service]
      A=1
        # [Unit]
      \t A = two words\u{20}\u{20}
      [X-Ours]
      A=3
      [Service]
      A=4
      B=
      """
    let unit = try UnitFile(Array(text.utf8), path: "app.service")
    #expect(unit.assignments("Description", in: "Unit").map(\.value) == ["A tachometer = fast"])
    #expect(unit.assignments("A", in: "Service").map(\.value) == ["1", "two words", "4"])
    #expect(unit.assignments("A", in: "Service").map(\.line) == [7, 9, 13])
    #expect(unit.assignments("A", in: "X-Ours").map(\.value) == ["3"])
    #expect(unit.assignments("B", in: "Service").isEmpty && unit.assignments("C", in: "Service").isEmpty)
    #expect(unit.hasSection("Service") && !unit.hasSection("Install"))
  }

  @Test("an empty assignment takes back those before it")
  func resets() throws {
    #expect(try values("[Service]\nA=1\nA=2\nA=\nA=3\nA=4") == ["3", "4"])
    #expect(try values("[Service]\nA=1\nA=").isEmpty)
  }

  @Test("a backslash continues a line, over comments, and a backslash before it is only one")
  func continuations() throws {
    #expect(try values("[Service]\nA=one \\\n   two\\\n# comment \\\n; comment\n three\nB=x") == ["one  two three"])
    #expect(try values("[Service]\nA=one \\\n\nB=x") == ["one"])
    #expect(try values("[Service]\nA=one\\\\\nB=x") == [#"one\\"#])
    #expect(try values("[Service]\nA=one\\\\\\\ntwo") == [#"one\\ two"#])
    let unit = try UnitFile(Array("[Service]\nA=\\\n1\nB=2".utf8), path: "u")
    #expect(unit.assignments("A", in: "Service").first?.line == 2)
    #expect(unit.assignments("B", in: "Service").first?.line == 4)
  }

  @Test("the line ends of DOS, a byte order mark and no line end at the end are no mistakes")
  func tolerated() throws {
    #expect(try values("\u{FEFF}[Service]\r\nA=one \\\r\n two\r\nA=3") == ["one  two", "3"])
    #expect(try values("[Service]\r\nA=ü💡") == ["ü💡"])
    // A combining character does not take the backslash into its own.
    #expect(try values("[Service]\nA=a\u{301}\\\nb") == ["a\u{301} b"])
  }

  @Test(
    "what systemd would pass over is refused with its line",
    arguments: [
      ("[Service]\nA=1\nnothing", 3, "\"=\""), ("[Service]\n=1", 2, "key"), ("A=1\n[Service]", 1, "section"),
      ("[Service\nA=1", 1, "brackets"), ("[]\n", 1, "brackets"), ("[Service] x", 1, "brackets"),
      ("[Unit]\n[Srevice]\nA=1", 2, "[Srevice]"), ("[service]", 1, "[service]"), ("[Service]\nA B=1", 2, "key"),
      ("[Service]\nA=1 \\", 2, "the file ends"), ("[Service]\nA=1\rB=2", 2, "carriage return"),
      ("[Service]\nA=\0", 2, "NUL"), ("[Service]\nA=\\\n\\\n\\\n", 0, ""), ("\u{7F}ELF\u{2}\0\0", 1, "NUL"),
    ] as [(String, Int, String)])
  func refused(text: String, line: Int, reason: String) {
    // The last line of a file that ends with a line end is empty and ends the continuation.
    guard line > 0 else { return #expect(error(text) == nil) }
    let error = error(text)
    #expect(error?.code == .descriptionInvalid)
    #expect(error?.message.contains("line \(line) of app.service") == true, "\(error?.message ?? "")")
    #expect(error?.reason?.contains(reason) == true, "\(error?.reason ?? "")")
  }

  @Test("bytes that are no text are refused with their line")
  func binary() {
    #expect(error([0x5B, 0x58, 0x2D, 0xFF, 0x5D])?.message.contains("line 1 ") == true)
    #expect(error(Array("[Unit]\nA=".utf8) + [0xC3])?.reason?.contains("UTF-8") == true)
    #expect(error((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 197) })?.code == .descriptionInvalid)
  }

  @Test("what is endless has an end")
  func limits() throws {
    #expect(error(Array(repeating: 0x20, count: 10 << 20))?.reason?.contains("longer than") == true)
    #expect(error(Array(repeating: 0x20, count: UnitFile.maximumBytes)) == nil)
    let endless = "[Service]\nA=" + String(repeating: "\\\n", count: (UnitFile.maximumBytes - 20) / 2)
    #expect(try values(endless).isEmpty)
    #expect(error(endless + "\\")?.reason?.contains("the file ends") == true)
    let many = "[Service]\n" + String(repeating: "A=1\n", count: (UnitFile.maximumBytes - 20) / 4)
    #expect(try values(many).count == (UnitFile.maximumBytes - 20) / 4)
  }
}
