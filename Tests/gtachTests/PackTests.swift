import Foundation
import GtachModel
import Testing

/// `gtach pack` as its user sees it, without a daemon.
@Suite("Packing by command")
struct PackTests {
  let sandbox: Sandbox
  private let home: String

  init() throws {
    (sandbox, home) = try Sandbox.withFleet()
  }

  private func description(_ tree: String) throws -> String {
    try String(contentsOfFile: "\(tree)/gtach.json", encoding: .utf8)
  }

  @Test func aVersionThatExistsIsRefusedWithOtherContentAndRaisedByBump() throws {
    let text = "{\n\t\"name\": \"app\",\n\t\"version\": \"1.0.0\"\n}\n"
    let tree = try sandbox.source("one", description: text)
    #expect(try Program.succeed(["pack", tree], home: home).output == "app@1.0.0\n")
    let again = try Program.succeed(["pack", tree], home: home)
    #expect(again.output == "app@1.0.0\n", "the same again is the same")
    #expect(again.errors.contains("app@1.0.0 (any) is here already"))

    try sandbox.write("one/data.txt", "other data")
    let refused = try Program.run(["pack", tree], home: home)
    #expect(refused.status == 65)
    #expect(refused.errors.contains("[release-exists]"))
    #expect(refused.errors.contains("the newest here is 1.0.0"))
    #expect(refused.output.isEmpty)

    let raised = try Program.succeed(["pack", tree, "--bump", "patch"], home: home)
    #expect(raised.output == "app@1.0.1\n")
    #expect(raised.errors.hasPrefix("gtach.json: 1.0.0 -> 1.0.1\n"))
    #expect(try description(tree) == text.replacingOccurrences(of: "1.0.0", with: "1.0.1"))

    struct Raised: Decodable { var previousVersion: SemanticVersion }
    let report = try Program.succeed(["pack", tree, "--bump", "minor", "--json"], home: home)
    #expect(try report.json(ReleaseReport.self).manifest.description.version.description == "1.1.0")
    #expect(try report.json(Raised.self).previousVersion.description == "1.0.1")
    #expect(try Program.succeed(["list"], home: home).output.split(separator: "\n").count == 3)
  }

  @Test func aVersionThatIsNotReleasedIsNotRaised() throws {
    let text = #"{"name": "app", "version": "1.0.0", "install": {"postInstall": "bin/none"}}"#
    let tree = try sandbox.source("one", description: text)
    #expect(try Program.run(["pack", tree, "--bump", "major"], home: home).status == 65)
    let both = try Program.run(["pack", tree, "--bump", "major", "--version", "3.0.0"], home: home)
    #expect(both.status == 64)
    let stranger = try Program.run(["pack", tree, "--bump", "major"], home: sandbox.home("stranger"))
    #expect(stranger.status == 78)
    #expect(try description(tree) == text)
    try FileManager.default.removeItem(atPath: "\(tree)/gtach.json")
    let none = try Program.run(["pack", tree, "--bump", "major", "--name", "app"], home: home)
    #expect(none.status == 1)
    #expect(none.errors.contains("instead of --bump"))
    #expect(try Program.run(["list"], home: home).status == 1)
  }
}
