import Foundation
import GtachModel
import Testing

/// `gtach search` and `gtach reindex`, as a user runs them.
@Suite("Searching", .serialized)
struct SearchTests {
  let sandbox: Sandbox
  let home: String
  var index: String { "\(home)/repository/index.sqlite" }

  init() throws {
    (sandbox, home) = try Sandbox.withFleet()
    for (name, version, about) in [
      ("gtach", "1.0.0", "A tachometer"), ("gtach", "1.1.0", "A tachometer"), ("gtach-app", "3.0.0", "A display"),
    ] {
      let tree = try sandbox.source(
        "tree",
        description: """
          {"name": "\(name)", "version": "\(version)", "description": "\(about)", "author": "José Pérez"}
          """, data: version)
      try Program.succeed(["pack", tree, "--level", "1"], home: home)
    }
  }

  private func found(_ words: String...) throws -> [String] {
    let outcome = try Program.run(["search"] + words, home: home)
    #expect(outcome.status == (outcome.output.isEmpty ? 1 : 0), "\(outcome.errors)")
    return outcome.output.split(separator: "\n").map { line in
      line.split(separator: "\t").prefix(2).joined(separator: "@")
    }
  }

  @Test func findsWhatIsMeant() throws {
    #expect(try found("gtach") == ["gtach@1.1.0", "gtach@1.0.0", "gtach-app@3.0.0"])
    #expect(try found("--name", "gtach") == ["gtach@1.1.0", "gtach@1.0.0"])
    #expect(try found("gtach-app") == ["gtach-app@3.0.0"])
    #expect(try found("tacho*") == ["gtach@1.1.0", "gtach@1.0.0"])
    #expect(try found("tacho").isEmpty)
    #expect(try found("display", "--author", "pérez") == ["gtach-app@3.0.0"])
    #expect(try found("--version", "^1.1") == ["gtach@1.1.0"])
    #expect(try found("--until", "2020-01-01").isEmpty)
    #expect(try found("--since", "2020-01-01", "--platform", "any").count == 3)
    struct Document: Decodable {
      struct Release: Decodable { var match: String }
      var releases: [Release]
    }
    let json = try Program.succeed(["search", "gtach", "--json"], home: home)
    #expect(try json.json(Document.self).releases.map(\.match) == ["name", "name", "words"])
    #expect(try json.json([String: [ReleaseReport]].self)["releases"]?.count == 3)
  }

  @Test func theIndexIsNobodysOnlyCopy() throws {
    let expected = try Program.succeed(["list"], home: home).output
    #expect(FileManager.default.fileExists(atPath: index))
    let files = FileManager.default
    for bytes in [Data(), Data("nonsense".utf8), try Data(contentsOf: URL(fileURLWithPath: index)).prefix(5000)] {
      try bytes.write(to: URL(fileURLWithPath: index))
      #expect(try Program.succeed(["list"], home: home).output == expected)
      #expect(try found("gtach").count == 3)
    }
    try files.removeItem(atPath: index)
    #expect(try found("gtach").count == 3)
    // And where it cannot be written.
    try files.removeItem(atPath: index)
    try files.createDirectory(atPath: index, withIntermediateDirectories: false)
    try Data([1]).write(to: URL(fileURLWithPath: "\(index)/in-the-way"))
    #expect(try Program.succeed(["list"], home: home).output == expected)
    #expect(try Program.run(["reindex"], home: home).status == 74)
    try files.removeItem(atPath: index)
    let report = try Program.succeed(["reindex", "--json"], home: home).json(ReindexReport.self)
    #expect(report.variants == 3 && report.packages == 2 && report.path == index)
    try Program.succeed(["remove", "gtach@1.0.0", "--force"], home: home)
    #expect(try found("gtach") == ["gtach@1.1.0", "gtach-app@3.0.0"])
    try Program.succeed(["verify"], home: home)
    try Program.succeed(["gc"], home: home)
    #expect(try found("gtach") == ["gtach@1.1.0", "gtach-app@3.0.0"])
  }
}
