import Foundation
import GtachModel
import Testing

/// `gtach remove`, `gtach gc` and `gtach verify`, as a user runs it.
@Suite("The repository's care", .serialized)
struct CareTests {
  let sandbox: Sandbox
  let home: String

  init() throws {
    (sandbox, home) = try Sandbox.withFleet()
  }

  private func pack(_ version: String, platform: String? = nil) throws {
    let tree = try sandbox.source(
      "tree", description: "{\"name\": \"app\", \"version\": \"\(version)\"}", data: version)
    try Program.succeed(["pack", tree] + (platform.map { ["--platform", $0] } ?? []), home: home)
  }

  private func versions(_ home: String) throws -> [String] {
    try Program.run(["list"], home: home).output.split(separator: "\n").map { String($0.split(separator: "\t")[1]) }
  }

  private func enrol(_ name: String, with developer: Daemon) throws -> String {
    let home = sandbox.home(name)
    let invitation = try Program.succeed(["invite", name, "--address", developer.endpoint], home: developer.home)
    let token = try #require(invitation.output.split(whereSeparator: \.isWhitespace).last.map(String.init))
    try Program.succeed(["join", token], home: home)
    return home
  }

  @Test func aPublisherIsAskedTwice() throws {
    try pack("1.0.0", platform: "plan9-mips")
    try pack("1.0.0", platform: "plan9-vax")
    try pack("1.1.0")
    let refused = try Program.run(["remove", "app@1.0.0"], home: home)
    #expect(refused.status == 77 && refused.errors.contains("--force"))
    #expect(try versions(home) == ["1.1.0", "1.0.0", "1.0.0"])
    let report = try Program.succeed(["remove", "app@1.0.0", "--force", "--json"], home: home).json(RemovalReport.self)
    #expect(report.platforms.map(\.text) == ["plan9-mips", "plan9-vax"] && !report.installed)
    #expect(try versions(home) == ["1.1.0"])
    // Again is no mistake; what never was is.
    #expect(
      try Program.succeed(["remove", "app@1.0.0", "--json"], home: home).json(RemovalReport.self).platforms == [])
    let missing = try Program.run(["remove", "app@9.0.0"], home: home)
    #expect(missing.status == 1 && missing.errors.contains("not-found"))
    #expect(try Program.run(["remove", "app"], home: home).status == 64)
    // Nothing of it is left but chunks.
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(home)/repository/packages/app") == ["1.1.0"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(home)/repository/incoming") == [])
  }

  @Test func whatWasRemovedComesBackOnlyWhenItIsNamed() throws {
    let dev = try Daemon(home: home)
    let pi = try enrol("pi", with: dev)
    try pack("1.0.0")
    try pack("1.1.0")
    try sandbox.write("pi/config.json", #"{"keepReleases": 1, "allowMock": true}"#)
    let sync = ["sync", "--no-mdns", "--peer", dev.endpoint]
    try Program.succeed(sync, home: pi)
    #expect(try versions(pi) == ["1.1.0"])
    try Program.succeed(["install", "app"], home: pi)

    // Without its archive nobody could tell whether it was changed.
    let refused = try Program.run(["remove", "app@1.1.0"], home: pi)
    #expect(refused.status == 77 && refused.errors.contains("installed") && refused.errors.contains("--force"))
    #expect(try versions(pi) == ["1.1.0"])
    #expect(try garbage(pi).parts.isEmpty)
    try Program.succeed(["verify", "--installed"], home: pi)
    let removed = try Program.succeed(["remove", "app@1.1.0", "--force"], home: pi)
    #expect(removed.output == "app@1.1.0\n" && removed.errors.contains("installed"))
    #expect(try versions(pi) == [])
    try Program.succeed(sync, home: pi)
    #expect(try versions(pi) == ["1.0.0"], "the next one takes its place")
    #expect(try String(contentsOfFile: "\(pi)/apps/current/app/data.txt", encoding: .utf8) == "1.1.0")

    // A daemon hears of a removal, and does not fetch it again.
    let daemon = try Daemon(home: pi, peers: [dev.endpoint])
    try Program.succeed(["remove", "app@1.0.0"], home: pi)
    try Program.succeed(["sync"], home: pi)
    #expect(try versions(pi) == [])
    let status = try Program.succeed(["status", "--json"], home: pi).json(StatusReport.self)
    #expect(status.daemon && status.variants == 0)
    let range = try Program.run(["install", "app@^1.0"], home: pi)
    #expect(range.status == 1 && range.errors.contains("was removed here"))

    // By its very version it comes back, and stays.
    try Program.succeed(["sync", "app@1.0.0"], home: pi)
    #expect(try versions(pi) == ["1.0.0"])
    daemon.stop()
    let choices = try String(contentsOfFile: "\(pi)/repository/choices.json", encoding: .utf8)
    #expect(
      try JSONDecoder().decode(ReleaseChoices.self, from: Data(choices.utf8))
        == ReleaseChoices(removed: [ReleaseID("app@1.1.0")], kept: [ReleaseID("app@1.0.0")]))
  }

  private func garbage(_ home: String, _ arguments: String...) throws -> GarbageReport {
    try Program.succeed(["gc", "--json"] + arguments, home: home).json(GarbageReport.self)
  }

  @Test func aNodeKeepsWhatItWantsAndWhatIsInstalled() throws {
    let dev = try Daemon(home: home)
    let pi = try enrol("pi", with: dev)
    let sync = ["sync", "--no-mdns", "--peer", dev.endpoint]
    try sandbox.write("pi/config.json", #"{"keepReleases": 1}"#)
    // Steps of different lengths: patches of the same change are the same object, which a newer release then needs,
    // too.
    for version in ["1.0.0", "1.1.0", "1.4.0", "1.9.0"] {
      try pack(version)
      try Program.succeed(sync, home: pi)
      // 1.0.0 is installed, and 1.1.0 asked for by name.
      if version == "1.0.0" { try Program.succeed(["install", "app"], home: pi) }
      if version == "1.1.0" { try Program.succeed(sync + ["app@1.1.0"], home: pi) }
    }
    #expect(try versions(pi) == ["1.9.0", "1.4.0", "1.1.0", "1.0.0"])
    let found = try garbage(pi, "--dry-run")
    #expect(found.dryRun && found.releases == ["app@1.4.0 (any)"] && found.postponed == nil)
    #expect(found.parts.map(\.kind) == ["releases", "chunks", "objects"])
    #expect(try versions(pi).count == 4, "a dry run changes nothing")
    var expected = found
    expected.dryRun = false
    #expect(try garbage(pi) == expected)
    #expect(try versions(pi) == ["1.9.0", "1.1.0", "1.0.0"])
    #expect(try garbage(pi).parts.isEmpty)
    #expect(try Program.succeed(["gc"], home: pi).errors == "nothing to take away\n")
    for version in ["1.9.0", "1.1.0", "1.0.0"] {
      try Program.succeed(["extract", "app@\(version)", "\(sandbox.path)/\(version)"], home: pi)
    }
    try Program.succeed(sync, home: pi)
    #expect(try versions(pi) == ["1.9.0", "1.1.0", "1.0.0"], "what went does not come back")
    #expect(try garbage(home).parts.isEmpty, "a publisher keeps everything")
  }

  @Test func aDaemonCleansByItselfAndGivesOutChunksOfWhichItHasNoObjects() throws {
    let dev = try Daemon(home: home)
    let (pi, late) = (try enrol("pi", with: dev), try enrol("late", with: dev))
    try sandbox.write("pi/config.json", #"{"keepReleases": 1, "objectCacheMegabytes": 0}"#)
    let daemon = try Daemon(home: pi, peers: [dev.endpoint])
    for version in ["1.0.0", "1.1.0"] {
      try pack(version)
      try Program.succeed(["sync"], home: pi)
    }
    func objects() -> [String] {
      let names = FileManager.default.enumerator(atPath: "\(pi)/repository/objects")?.allObjects as? [String] ?? []
      return names.filter { $0.contains("/") }
    }
    // Nothing else happens; what is to go is gone when the daemon gets to it.
    try waitUntil("it is clean") { try versions(pi) == ["1.1.0"] && objects().isEmpty }
    #expect(try Program.succeed(["verify", "--json"], home: pi).json(VerificationReport.self).isSound)
    #expect(try garbage(pi).parts.isEmpty)
    dev.stop()
    // The release before, which this one would keep, nobody has any more; and it says so.
    let sync = try Program.run(["sync", "--no-mdns", "--peer", daemon.endpoint], home: late)
    #expect(sync.status == 1 && (sync.output + sync.errors).contains("app@1.0.0"))
    #expect(try versions(late) == ["1.1.0"])
  }

  @Test func lostMetadataEmptiesNoRepository() throws {
    try pack("1.0.0")
    try FileManager.default.removeItem(atPath: "\(home)/repository/metadata")
    let outcome = try Program.run(["gc", "--json"], home: home)
    #expect(outcome.status != 0 || outcome.output.contains("\"parts\" : [\n\n  ]"))
    #expect(try versions(home) == ["1.0.0"])
    #expect(try Program.run(["gc"], home: sandbox.home("none")).status == 0)
    #expect(!FileManager.default.fileExists(atPath: sandbox.home("none")))
  }

  /// Damages every file below a directory of the repository.
  private func damage(_ home: String, _ directory: String) throws {
    let root = URL(fileURLWithPath: "\(home)/repository/\(directory)")
    let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey])
    for case let file as URL in try #require(files)
    where try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true {
      try Data("damaged".utf8).write(to: file)
    }
  }

  @Test func whatIsDamagedComesFromANeighbour() throws {
    let dev = try Daemon(home: home)
    let pi = try enrol("pi", with: dev)
    try pack("1.0.0")
    try Program.succeed(["sync", "--no-mdns", "--peer", dev.endpoint], home: pi)
    #expect(try Program.succeed(["verify"], home: pi).errors.contains("all sound"))
    for daemonRuns in [false, true] {
      let daemon = daemonRuns ? try Daemon(home: pi, peers: [dev.endpoint]) : nil
      for directory in ["chunks", "objects"] { try damage(pi, directory) }
      let found = try Program.run(["verify", "app@1.0.0", "--json"], home: pi)
      #expect(found.status == 65)
      let report = try found.json(VerificationReport.self)
      #expect(Set(report.findings.map(\.kind)) == ["chunk", "object"] && report.findings.allSatisfy { !$0.repaired })
      // With a daemon it may be back by now: out of sight means wanted.
      if daemonRuns {
        try waitUntil("app@1.0.0 is fetched again") { try versions(pi) == ["1.0.0"] }
      } else {
        #expect(try versions(pi) == [])
        try Program.succeed(["sync", "--no-mdns", "--peer", dev.endpoint], home: pi)
      }
      for directory in ["chunks", "objects"] { try damage(pi, directory) }
      try sandbox.write("pi/config.json", "{\"peers\": [\"\(dev.endpoint)\"]}")
      let repaired = try Program.run(["verify", "--repair", "--json"], home: pi)
      #expect(repaired.status == 0, "\(repaired.output)\(repaired.errors)")
      #expect(try repaired.json(VerificationReport.self).findings.contains { $0.kind == "chunk" && $0.repaired })
      #expect(try versions(pi) == ["1.0.0"])
      #expect(try Program.succeed(["verify"], home: pi).errors.contains("all sound"))
      if !daemonRuns {
        // Verified first, and repaired by another process.
        try FileManager.default.removeItem(atPath: "\(pi)/repository/packages/app/1.0.0/any/chunks.index")
        #expect(try Program.run(["verify"], home: pi).status == 65)
        #expect(try Program.run(["verify"], home: pi).status == 65)
        #expect(try Program.succeed(["verify", "--repair"], home: pi).errors.contains("all sound now"))
        #expect(try versions(pi) == ["1.0.0"])
      }
      daemon?.stop()
    }
  }

  @Test(.enabled(if: Program.otherUser != nil, "needs root, setpriv and a build that others may execute"))
  func oneManifestThatMayNotBeReadHidesNoOther() throws {
    let launcher = try #require(Program.otherUser)
    try pack("1.0.0")
    try pack("1.1.0")
    let manifest = "\(home)/repository/packages/app/1.0.0/any/manifest.json"
    let names = try #require(FileManager.default.enumerator(atPath: home)?.allObjects as? [String])
    for path in [home] + names.map({ "\(home)/\($0)" }) { try #require(chown(path, 65_534, 65_534) == 0) }
    func run(_ arguments: String...) throws -> Program.Outcome {
      try Program.run(arguments, home: home, launcher: launcher)
    }
    try #require(chmod(manifest, 0) == 0)
    for command in [["list"], ["search", "app"], ["info", "app"]] {
      for arguments in [command, command + ["--json"]] {
        let outcome = try Program.run(arguments, home: home, launcher: launcher)
        #expect(outcome.status == 74 && outcome.output.contains("1.1.0"), "\(arguments): \(outcome)")
        #expect(outcome.errors.contains(manifest), "\(arguments): \(outcome)")
      }
    }
    let verified = try run("verify", "--json")
    let finding = try #require(verified.json(VerificationReport.self).findings.first)
    #expect(verified.status == 65 && finding.problem == "unreadable" && finding.id == "app/1.0.0/any/manifest.json")
    let garbage = try run("gc", "--json")
    #expect(garbage.status == 0)
    let report = try garbage.json(GarbageReport.self)
    #expect(report.parts.isEmpty && report.postponed?.code == "input-output")
    try #require(chmod(manifest, 0o644) == 0)
    #expect(try run("verify").errors.contains("all sound"))
    #expect(try run("gc").errors == "nothing to take away\n")
  }
}
