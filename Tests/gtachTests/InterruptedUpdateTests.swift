import Foundation
import GtachModel
import Testing

/// What becomes of an update when its operator presses Ctrl-C.
@Suite("An update that is interrupted")
struct InterruptedUpdateTests {
  let sandbox: Sandbox
  let home: String

  init() throws { (sandbox, home) = try Sandbox.withFleet() }

  /// Packs a release whose hook after the activation is this script.
  private func pack(_ version: String, hook: String) throws {
    let description =
      #"{ "name": "app", "version": "\#(version)", "install": { "postInstall": "bin/post", "timeoutSeconds": 50 } }"#
    let tree = try sandbox.source("tree-\(version)", description: description)
    try sandbox.write("tree-\(version)/bin/post", "#!/bin/sh\n\(hook)\n", executable: true)
    try Program.succeed(["pack", tree, "--fast"], home: home)
  }

  private func isThere(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(home)/apps/state/app/\(name)")
  }

  private func status() throws -> StatusReport.Installed? {
    try Program.succeed(["status", "--json"], home: home).json(StatusReport.self).installed.first
  }

  @Test func theReleaseBeforeIsActiveAgainBeforeItEnds() throws {
    try pack("1.0.0", hook: "true")
    try pack("1.1.0", hook: #"echo > "$GTACH_STATE_DIR/began"; exec sleep 40"#)
    try Program.succeed(["install", "app@1.0.0"], home: home)
    let outcome = try Program.interrupt(["install", "app"], home: home, with: [(SIGINT, { _ in isThere("began") })])
    #expect(outcome.status == 75)
    #expect(
      outcome.output.contains("the installation of app@1.1.0 was interrupted; 1.0.0 is active again"),
      "\(outcome.output)\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: "\(home)/apps/journal.json"))
    let installed = try status()
    #expect(installed?.version.description == "1.0.0" && installed?.refused.isEmpty == true)
    let history = try Program.succeed(["history", "--json"], home: home).json([HistoryEntry].self)
    #expect(history.last?.result.validationErrors.map(\.code) == ["cancelled"])
  }

  @Test func theSecondTimeEndsItAtOnceAndTheNextStartTakesItUp() throws {
    let slow = #"[ ! -e "$GTACH_STATE_DIR/slow" ] || { echo > "$GTACH_STATE_DIR/back"; exec sleep 40; }"#
    try pack("1.0.0", hook: slow)
    try pack("1.1.0", hook: #"echo > "$GTACH_STATE_DIR/slow"; exec sleep 40"#)
    try Program.succeed(["install", "app@1.0.0"], home: home)
    let outcome = try Program.interrupt(
      ["install", "app"], home: home,
      with: [(SIGINT, { _ in isThere("slow") }), (SIGINT, { _ in isThere("back") })])
    #expect(outcome.status == -SIGINT)
    #expect(outcome.errors.contains("ended at once"), "\(outcome.errors)")
    #expect(FileManager.default.fileExists(atPath: "\(home)/apps/journal.json"))
    try FileManager.default.removeItem(atPath: "\(home)/apps/state/app/slow")
    #expect(try status()?.version.description == "1.0.0")
    #expect(!FileManager.default.fileExists(atPath: "\(home)/apps/journal.json"))
  }

  @Test func aDaemonThatIsToldToStopTakesItBackAndTellsWhoAsked() throws {
    try pack("1.0.0", hook: "true")
    try pack("1.1.0", hook: #"echo > "$GTACH_STATE_DIR/began"; exec sleep 40"#)
    try Program.succeed(["install", "app@1.0.0"], home: home)
    let daemon = try Daemon(home: home)
    let outcome = try Program.interrupt(
      ["install", "app"], home: home,
      with: [
        (
          0,
          { _ in
            guard isThere("began") else { return false }
            daemon.stop()
            return true
          }
        )
      ])
    #expect(outcome.status == 75)
    #expect(
      outcome.output.contains("the installation of app@1.1.0 was interrupted; 1.0.0 is active again"),
      "\(outcome.output)\(outcome.errors)\(daemon.output)")
    #expect(try status()?.version.description == "1.0.0")
  }

  @Test func whoNoLongerWaitsForADaemonIsToldThatItGoesOn() throws {
    try pack("1.0.0", hook: "true")
    try pack(
      "1.1.0", hook: #"echo > "$GTACH_STATE_DIR/began"; while [ ! -e "$GTACH_STATE_DIR/go" ]; do sleep 0.05; done"#)
    try Program.succeed(["install", "app@1.0.0"], home: home)
    let daemon = try Daemon(home: home)
    defer { daemon.stop() }
    let outcome = try Program.interrupt(["install", "app"], home: home, with: [(SIGINT, { _ in isThere("began") })])
    #expect(outcome.status == 75)
    #expect(outcome.errors.contains("the daemon goes on with it"), "\(outcome.errors)")
    try Data().write(to: URL(fileURLWithPath: "\(home)/apps/state/app/go"))
    try waitUntil("1.1.0 is installed") { try status()?.version.description == "1.1.0" }
  }
}
