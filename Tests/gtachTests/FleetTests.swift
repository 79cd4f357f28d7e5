import Foundation
import GtachModel
import Testing

/// Real daemons on loopback: the main job from `init` to a rollback.
@Suite("A fleet on loopback", .serialized)
struct FleetTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  /// A developer's home, and its daemon.
  private func developer() throws -> Daemon {
    let home = sandbox.home("dev")
    try Program.succeed(["init", "--fleet", "test", "--node", "dev"], home: home)
    return try Daemon(home: home)
  }

  /// Enrols a machine and gives it a configuration.
  @discardableResult
  private func enrol(_ name: String, with developer: Daemon, configuration: String = "{}") throws -> String {
    let home = sandbox.home(name)
    let invitation = try Program.succeed(["invite", name, "--address", developer.endpoint], home: developer.home)
    let token = try #require(invitation.output.split(whereSeparator: \.isWhitespace).last.map(String.init))
    try Program.succeed(["join", token], home: home)
    try sandbox.write("\(name)/config.json", configuration)
    return home
  }

  private func installed(_ home: String) throws -> [StatusReport.Installed] {
    try Program.succeed(["status", "--json"], home: home).json(StatusReport.self).installed
  }

  private let automatic = #"{"autoInstall": {"app": "^1.0"}, "allowMock": true, "mock": "MOCK"}"#

  private func automaticConfiguration() throws -> String {
    let mock = try sandbox.write("mock.json", #"{"lines": [{"name": "GPIO4", "level": 1}]}"#)
    return automatic.replacingOccurrences(of: "MOCK", with: mock)
  }

  @Test func aReleaseIsFetchedInstalledUpdatedAndRolledBack() throws {
    let dev = try developer()
    let configuration = try automaticConfiguration()
    let homes = try ["pi-1", "pi-2"].map { try enrol($0, with: dev, configuration: configuration) }
    let nodes = try homes.map { try Daemon(home: $0, peers: [dev.endpoint]) }

    let first = try sandbox.source("one", description: #"{"name": "app", "version": "1.0.0"}"#)
    try Program.succeed(["pack", first], home: dev.home)
    for home in homes {
      try waitUntil("app 1.0.0 is installed in \(home)") {
        try installed(home).contains { $0.version.description == "1.0.0" }
      }
    }

    let second = try sandbox.source(
      "two",
      description: """
        {"name": "app", "version": "1.1.0", "install": {"postInstall": "bin/hook"},
         "selfTest": [{"gpio.level": {"line": "GPIO4", "expect": 1}}]}
        """, data: "other data")
    try Program.succeed(["pack", second], home: dev.home)
    for home in homes {
      try waitUntil("app 1.1.0 is installed in \(home)") {
        try installed(home).contains { $0.version.description == "1.1.0" && $0.previous?.description == "1.0.0" }
      }
      let data = try String(contentsOfFile: "\(home)/apps/current/app/data.txt", encoding: .utf8)
      #expect(data == "other data")
    }

    let third = try sandbox.source(
      "three",
      description: """
        {"name": "app", "version": "1.2.0",
         "selfTest": [{"gpio.level": {"line": "GPIO4", "expect": 0}}]}
        """)
    try Program.succeed(["pack", third], home: dev.home)
    for home in homes {
      try waitUntil("app 1.2.0 is refused in \(home)") {
        try installed(home).contains {
          $0.version.description == "1.1.0" && $0.refused.map(\.description) == ["1.2.0"]
        }
      }
    }
    for node in nodes { #expect(node.isRunning) }
  }

  @Test func aSyncWithoutADaemonFetchesAndInstallsByName() throws {
    let dev = try developer()
    let source = try sandbox.source("one", description: #"{"name": "app", "version": "1.0.0"}"#)
    try Program.succeed(["pack", source], home: dev.home)
    let home = try enrol("pi-1", with: dev)
    let dry = try Program.run(["sync", "--no-mdns", "--peer", dev.endpoint, "--dry-run", "--json"], home: home)
    #expect(dry.status == 1)
    #expect(try dry.json(SyncReport.self).pending == ["app@1.0.0"])
    let report = try Program.succeed(
      ["sync", "app@^1.0", "--no-mdns", "--peer", dev.endpoint, "--install", "--json"], home: home
    ).json(SyncReport.self)
    #expect(report.fetched.map(\.release) == ["app@1.0.0"])
    #expect(report.updates.map(\.success) == [true])
    #expect(try installed(home).map(\.version.description) == ["1.0.0"])
    let next = try sandbox.source("two", description: #"{"name": "app", "version": "1.1.0"}"#)
    try Program.succeed(["pack", next], home: dev.home)
    let told = try Program.succeed(["sync", "app", "--no-mdns", "--peer", dev.endpoint, "--install"], home: home)
    #expect(told.errors.contains("updated to app@1.1.0: "), "what happened just before the answer is told, too")
  }

  @Test func aKilledDaemonGoesOnWhereItWas() throws {
    let dev = try developer()
    let home = try enrol("pi-1", with: dev, configuration: automaticConfiguration())
    let before = try Daemon(home: home, peers: [dev.endpoint])
    let first = try sandbox.source("one", description: #"{"name": "app", "version": "1.0.0"}"#)
    try Program.succeed(["pack", first], home: dev.home)
    try waitUntil("app 1.0.0 is installed") { try !installed(home).isEmpty }
    before.kill()
    let second = try sandbox.source("two", description: #"{"name": "app", "version": "1.1.0"}"#)
    try Program.succeed(["pack", second], home: dev.home)
    // It knows the developer's address by memory only.
    let after = try Daemon(home: home)
    try waitUntil("app 1.1.0 is installed") { try installed(home).contains { $0.version.description == "1.1.0" } }
    #expect(after.isRunning)
  }

  @Test func aMachineOfNoFleetGetsNothing() throws {
    let dev = try developer()
    let source = try sandbox.source("one", description: #"{"name": "app", "version": "1.0.0"}"#)
    try Program.succeed(["pack", source], home: dev.home)
    let stranger = sandbox.home("stranger")
    try Program.succeed(["init", "--fleet", "test", "--node", "stranger"], home: stranger)
    let report = try Program.run(
      ["sync", "--no-mdns", "--peer", dev.endpoint, "--json"], home: stranger)
    #expect(report.status == 69)
    #expect(try Program.run(["list"], home: stranger).status == 1)
    #expect(dev.isRunning)
  }

  @Test func aTokenIsGoodForOneMachine() throws {
    let dev = try developer()
    let invitation = try Program.succeed(["invite", "pi-1", "--address", dev.endpoint], home: dev.home)
    let token = try #require(invitation.output.split(whereSeparator: \.isWhitespace).last.map(String.init))
    try Program.succeed(["join", token], home: sandbox.home("first"))
    let again = try Program.run(["join", token], home: sandbox.home("second"))
    #expect(again.status == 77)
    #expect(again.errors.contains("the token may be spent"))
    let damaged = try Program.run(["join", token + "x"], home: sandbox.home("third"))
    #expect(damaged.status == 77)
  }

  @Test func aMistakeInTheConfigurationIsNamed() throws {
    let dev = try developer()
    dev.stop()
    try sandbox.write("dev/config.json", #"{"autoinstall": {"app": "^1.0"}}"#)
    let outcome = try Program.run(["status"], home: dev.home)
    #expect(outcome.status == 78)
    #expect(outcome.errors.contains("autoinstall"))
  }

  @Test func twoDaemonsOfOneHomeAreOneTooMany() throws {
    let dev = try developer()
    let second = try Program.run(["node", "--listen", "127.0.0.1:0", "--no-mdns"], home: dev.home)
    #expect(second.status == 75)
  }
}
