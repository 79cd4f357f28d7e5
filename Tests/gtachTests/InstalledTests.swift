import Foundation
import GtachModel
import GtachSystem
import Testing

/// What is installed, and what becomes of it, as a user sees it.
@Suite("What is installed", .serialized)
struct InstalledTests {
  let sandbox: Sandbox
  let home: String

  init() throws {
    (sandbox, home) = try Sandbox.withFleet()
    try sandbox.write("dev/config.json", #"{ "variables": { "app": { "port": 8080 } } }"#)
  }

  /// Packs and installs a release that preserves `data/`, renders `app.conf` and has a file of its own version.
  private func install(_ version: String) throws {
    let tree = "tree-\(version)"
    try sandbox.write("\(tree)/app.conf.in", "port {{port}} of {{gtach.version}}\n")
    try sandbox.write("\(tree)/data/seed", "seed")
    try sandbox.write("\(tree)/only-\(version)/file", version)
    try FileManager.default.createSymbolicLink(atPath: "\(sandbox.path)/\(tree)/link", withDestinationPath: "data.txt")
    let fields = #""install": { "preserve": ["data/"], "templates": { "app.conf.in": "etc/app.conf" } }"#
    let path = try sandbox.source(
      tree, description: "{ \"name\": \"app\", \"version\": \"\(version)\", \(fields) }", data: version)
    try Program.succeed(["pack", path, "--fast"], home: home)
    try Program.succeed(["install", "app@\(version)"], home: home)
  }

  private func verify(_ arguments: String...) throws -> (status: Int32, report: InstalledReport) {
    let outcome = try Program.run(["verify", "--installed", "--json"] + arguments, home: home)
    return (outcome.status, try outcome.json(InstalledReport.self))
  }

  private func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(home)/apps/\(path)", encoding: .utf8)
  }

  @Test func anUpdateLeavesNothingOfTheReleaseBeforeAndAllOfTheData() throws {
    try install("1.0.0")
    try Data("written".utf8).write(to: URL(fileURLWithPath: "\(home)/apps/current/app/data/log"))
    try install("1.1.0")
    let entries = try FileManager.default.contentsOfDirectory(atPath: "\(home)/apps/current/app").sorted()
    #expect(
      entries == ["app.conf.in", "bin", "data", "data.txt", "etc", "gtach.json", "link", "only-1.1.0"])
    #expect(try text("current/app/data/log") == "written")
    #expect(try text("current/app/data/seed") == "seed")
    #expect(try text("current/app/etc/app.conf") == "port 8080 of 1.1.0\n")
    try Program.succeed(["rollback", "app"], home: home)
    #expect(try text("current/app/data/log") == "written")
    #expect(try text("current/app/etc/app.conf") == "port 8080 of 1.0.0\n")
    let (status, report) = try verify()
    #expect(status == 0 && report.releases == 2 && report.findings.isEmpty && report.configuration.isEmpty)
  }

  @Test func localChangesAreFoundAndConfigurationIsNotOneOfThem() throws {
    try install("1.0.0")
    let release = "\(home)/apps/releases/app/1.0.0"
    let files = FileManager.default
    func allow(_ path: String) throws {
      try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    for path in [release, "\(release)/bin", "\(release)/data.txt", "\(release)/only-1.0.0"] { try allow(path) }
    try Data("other".utf8).write(to: URL(fileURLWithPath: "\(release)/data.txt"))
    try files.removeItem(atPath: "\(release)/bin/hook")
    try Data("added".utf8).write(to: URL(fileURLWithPath: "\(release)/only-1.0.0/added"))
    try files.removeItem(atPath: "\(release)/link")
    try files.createSymbolicLink(atPath: "\(release)/link", withDestinationPath: "bin")
    try files.removeItem(atPath: "\(release)/data")
    try files.createDirectory(atPath: "\(release)/data", withIntermediateDirectories: false)
    try files.setAttributes([.posixPermissions: 0o644], ofItemAtPath: "\(release)/gtach.json")
    for path in [release, "\(release)/bin", "\(release)/only-1.0.0"] {
      try files.setAttributes([.posixPermissions: 0o555], ofItemAtPath: path)
    }
    try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(home)/apps/configuration/app/1.0.0/etc/app.conf"))
    try Data("data".utf8).write(to: URL(fileURLWithPath: "\(home)/apps/state/app/data/more"))

    let (status, report) = try verify("app")
    #expect(status == 1)
    #expect(
      report.findings.map { "\($0.release) \($0.problem.rawValue) \($0.path)" } == [
        "app@1.0.0 missing bin/hook", "app@1.0.0 replaced data", "app@1.0.0 changed data.txt",
        "app@1.0.0 mode gtach.json", "app@1.0.0 changed link", "app@1.0.0 added only-1.0.0/added",
      ])
    #expect(report.configuration.map(\.path) == ["configuration/app/1.0.0/etc/app.conf"])
    #expect(report.configuration.map(\.state) == [.changed])
    let text = try Program.run(["verify", "--installed"], home: home)
    #expect(text.status == 1 && text.output.contains("configured here (changed): configuration/app/1.0.0/etc/app.conf"))
    #expect(try Program.run(["verify", "--installed", "app@9.0.0"], home: home).status == 1)
    #expect(try Program.run(["verify", "--installed", "--repair"], home: home).status == 64)

    // What the hint says puts it right.
    try FileSystem().perform(.remove(release))
    try Program.succeed(["install", "app@1.0.0"], home: home)
    #expect(try verify().status == 0)
  }

  @Test func aReleaseThatIsNotHereAnyMoreCannotBeVerified() throws {
    try install("1.0.0")
    try Program.succeed(["remove", "app@1.0.0", "--force"], home: home)
    let (status, report) = try verify()
    #expect(status == 1 && report.findings.map(\.problem) == [.unverifiable])
  }
}
