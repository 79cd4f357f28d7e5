import Foundation
import GtachModel
import Testing

/// The documents say what the program does.
@Suite("The documents")
struct DocumentationTests {
  private func document(_ name: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try String(
      contentsOf: root.appendingPathComponent("Sources/gtach/gtach.docc/\(name)"), encoding: .utf8)
  }

  @Test func everyErrorHasItsWordAndExitCode() throws {
    let errors = try document("Errors.md")
    for code in ErrorCode.allCases {
      #expect(errors.contains("| `\(code.rawValue)` | \(code.exitCode) |"), "\(code.rawValue)")
    }
  }

  @Test func everyCommandIsDescribed() throws {
    let commands = try document("Commands.md")
    let help = try Program.run(["--help"], home: "/nonexistent").output
    let names = help.split(separator: "\n").filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }.filter { !$0.hasPrefix("-") }
    #expect(names.count >= 14)
    for name in names where name != "help" { #expect(commands.contains("gtach \(name)"), "\(name)") }
  }

  @Test func theTopicsOfTheCatalogAreThere() throws {
    let landing = try document("gtach.md")
    for part in landing.components(separatedBy: "<doc:").dropFirst() {
      let name = part.prefix { $0 != ">" }
      #expect(try document("\(name).md").hasPrefix("# "))
    }
  }
}
