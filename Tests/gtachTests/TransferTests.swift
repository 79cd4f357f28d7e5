import Foundation
import GtachModel
import Testing

/// `gtach export` and `gtach import`, as users run them.
@Suite("Sneakernet", .serialized)
struct TransferTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  @Test func aDaemonThatNeverMetAnybodyInstallsWhatIsImported() throws {
    let dev = sandbox.home("dev")
    let home = sandbox.home("pi")
    try Program.succeed(["init", "--fleet", "test", "--node", "dev"], home: dev)
    do {
      let developer = try Daemon(home: dev)
      let invitation = try Program.succeed(["invite", "pi", "--address", developer.endpoint], home: dev)
      let token = try #require(invitation.output.split(whereSeparator: \.isWhitespace).last.map(String.init))
      try Program.succeed(["join", token], home: home)
      developer.stop()
    }
    let tree = try sandbox.source("tree", description: #"{"name": "app", "version": "1.0.0"}"#)
    try Program.succeed(["pack", tree], home: dev)
    let file = "\(sandbox.path)/stick/app.tar"
    let noPlace = try Program.run(["export", "app@1.0.0", file], home: dev)
    #expect(noPlace.status == 1 && noPlace.errors.contains("not-found"))
    try FileManager.default.createDirectory(atPath: "\(sandbox.path)/stick", withIntermediateDirectories: true)
    let exported = try Program.succeed(["export", "app@1.0.0", file, "--json"], home: dev).json(ExportReport.self)
    #expect(exported.path == file && exported.platforms == [.any])
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.path)/stick") == ["app.tar"])

    try sandbox.write("pi/config.json", #"{"autoInstall": {"app": "^1.0"}}"#)
    let daemon = try Daemon(home: home)
    let imported = try Program.succeed(["import", file], home: home)
    #expect(imported.output == "app@1.0.0\n")
    try waitUntil("app 1.0.0 is installed") {
      try Program.succeed(["status", "--json"], home: home).json(StatusReport.self).installed.contains {
        $0.version.description == "1.0.0"
      }
    }
    #expect(try String(contentsOfFile: "\(home)/apps/current/app/data.txt", encoding: .utf8) == "data")
    #expect(daemon.isRunning)

    try Data("no tar".utf8).write(to: URL(fileURLWithPath: file))
    let refused = try Program.run(["import", file, "--json"], home: home)
    #expect(refused.status == 65 && refused.output.isEmpty && refused.errors.contains("archive-invalid"))
  }

  @Test func casyncsDirectoryGoesBothWays() throws {
    let home = sandbox.home("dev")
    try Program.succeed(["init", "--fleet", "test", "--node", "dev"], home: home)
    let tree = try sandbox.source("tree", description: #"{"name": "app", "version": "1.0.0"}"#)
    try Program.succeed(["pack", tree], home: home)
    let directory = "\(sandbox.path)/casync"
    let exported = try Program.succeed(["export", "app@1.0.0", "--casync", directory], home: home)
    #expect(exported.output == "\(directory)\n")
    // A disk lost everything but the metadata.
    for name in ["packages", "chunks", "objects"] {
      try FileManager.default.removeItem(atPath: "\(home)/repository/\(name)")
    }
    #expect(try Program.run(["list"], home: home).status == 1)
    let report = try Program.succeed(["import", "--casync", directory, "--json"], home: home).json(ImportReport.self)
    #expect(report.imported.map(\.release) == ["app@1.0.0"])
    try Program.succeed(["extract", "app@1.0.0", "\(sandbox.path)/out"], home: home)
    #expect(try String(contentsOfFile: "\(sandbox.path)/out/data.txt", encoding: .utf8) == "data")
  }
}
