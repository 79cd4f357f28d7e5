import Foundation
import GtachModel
import GtachSystem
import Testing

/// One release for several platforms, from `gtach pack` to the machine that takes the one that fits it.
@Suite("Variants of a release", .serialized)
struct VariantTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private let other = "plan9-mips"

  private func pack(_ version: String, _ variants: [(platform: String?, data: String)], home: String) throws {
    for (platform, data) in variants {
      let tree = try sandbox.source(
        "tree",
        description: """
          { "name": "app", "version": "\(version)",
            "dependencies": { "lib": "^1", "\(Machine.platform)": { "native": "*" }, "\(other)": { "foreign": "*" } } }
          """, data: data)
      try Program.succeed(["pack", tree, "--fast"] + (platform.map { ["--platform", $0] } ?? []), home: home)
    }
  }

  private func releases(_ arguments: [String], home: String) throws -> [Manifest] {
    struct List: Decodable { var releases: [ReleaseReport] }
    return try Program.succeed(arguments + ["--json"], home: home).json(List.self).releases.map(\.manifest)
  }

  @Test func eachMachineStoresListsAndInstallsWhatFitsIt() throws {
    let (dev, pi) = (sandbox.home("dev"), sandbox.home("pi"))
    try Program.succeed(["init", "--fleet", "test", "--node", "dev"], home: dev)
    let daemon = try Daemon(home: dev)
    let token = try Program.succeed(["invite", "pi", "--address", daemon.endpoint], home: dev).output
    try Program.succeed(
      ["join", try #require(token.split(whereSeparator: \.isWhitespace).last.map(String.init))], home: pi)
    let native = Machine.platform.text
    for name in ["lib", "native", "foreign"] {
      let tree = try sandbox.source(name, description: #"{ "name": "\#(name)", "version": "1.0.0" }"#)
      try Program.succeed(["pack", tree, "--fast"], home: dev)
    }
    try pack("1.0.0", [(nil, "for all"), (native, "for this"), (other, "for another")], home: dev)
    try pack("1.1.0", [(nil, "newer, for all"), (other, "newer, for another")], home: dev)
    try pack("1.2.0", [(other, "newest, for another")], home: dev)
    let expected: [(version: String, platforms: [String])] = [
      ("1.2.0", [other]), ("1.1.0", ["any", other]), ("1.0.0", ["any", native, other]),
    ]
    let names: [String] = expected.flatMap { release in
      release.platforms.sorted().map { "app@\(release.version) (\($0))" }
    }
    #expect(try releases(["list", "app"], home: dev).map(\.variant.description) == names)
    #expect(try releases(["info", "app@1.0.0"], home: dev).count == 3)

    func sync(_ range: String) throws {
      try Program.succeed(
        ["sync", "app@\(range)", "--no-mdns", "--peer", daemon.endpoint, "--install"], home: pi)
    }
    func data() throws -> String { try String(contentsOfFile: "\(pi)/apps/current/app/data.txt", encoding: .utf8) }
    func installed() throws -> [String] {
      try Program.succeed(["status", "--json"], home: pi).json(StatusReport.self).installed
        .map { "\($0.name)@\($0.version)" }.sorted()
    }
    // The more specific one goes before the one for all, and what this platform needs comes with it.
    try sync("1.0.0")
    #expect(try data() == "for this")
    #expect(try installed() == ["app@1.0.0", "lib@1.0.0", "native@1.0.0"])
    // Where there is none, the one for all does; one for another machine only is none.
    try sync("^1")
    #expect(try data() == "newer, for all")
    #expect(
      try releases(["list", "app"], home: pi).map(\.variant.description).sorted()
        == ["app@1.0.0 (\(native))", "app@1.1.0 (any)"])
    let plan = try Program.succeed(["resolve", "app@1.0.0", "--json"], home: pi).json(InstallPlan.self)
    #expect(plan.steps.first { $0.name.text == "app" }?.platform?.text == native)
    let none = try Program.run(["resolve", "app@1.2.0"], home: pi)
    #expect(none.status == 1)
    let info = try Program.succeed(["info", "app@1.1.0"], home: pi).output
    #expect(info.contains("native@* on \(native)") && info.contains("foreign@* on \(other)"))
  }
}
