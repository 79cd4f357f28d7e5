import Foundation
import GtachModel
import Testing

/// Several processes on one repository, and processes that are killed in it.
@Suite("A repository in company", .serialized)
struct CareCompanyTests {
  let sandbox: Sandbox
  let home: String

  init() throws {
    (sandbox, home) = try Sandbox.withFleet()
  }

  /// A tree of some chunks, most of which all versions share.
  private func source(_ version: String) throws -> String {
    let tree = try sandbox.source(
      "tree-\(version)", description: "{\"name\": \"app\", \"version\": \"\(version)\"}", data: version)
    var generator = SeededGenerator(seed: 5)
    var bytes = Data()
    while bytes.count < 1_500_000 { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
    try bytes.write(to: URL(fileURLWithPath: "\(tree)/shared"))
    return tree
  }

  private func start(_ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Program.path)
    process.arguments = ["--home", home, "--quiet"] + arguments
    process.environment = ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func releases() throws -> [String] {
    try Program.run(["list"], home: home).output.split(separator: "\n").map { String($0.split(separator: "\t")[1]) }
  }

  /// Whatever is visible is whole.
  private func check(_ what: String) throws {
    let verified = try Program.run(["verify", "--json"], home: home)
    #expect(verified.status == 0, "\(what): \(verified.output)\(verified.errors)")
    for version in try releases() {
      let out = "\(sandbox.path)/out-\(UInt32.random(in: 0..<UInt32.max))"
      let extracted = try Program.run(["extract", "app@\(version)", out], home: home)
      // Killed after it was stored and before it was listed: whoever packs it again lists it.
      if extracted.errors.contains("manifest-unlisted") { continue }
      #expect(extracted.status == 0, "\(what): \(extracted.errors)")
      #expect(try String(contentsOfFile: "\(out)/data.txt", encoding: .utf8) == version)
      try FileManager.default.removeItem(atPath: out)
    }
  }

  @Test func storeListVerifyAndCleanAtOnce() throws {
    for round in 0..<4 {
      let commands = [
        ["pack", try source("1.\(round).0"), "--level", "1"], ["list"], ["verify"], ["gc"], ["verify", "--repair"],
        ["search", "app"], ["reindex"], ["search", "a*", "--json"],
        ["pack", try source("2.\(round).0"), "--level", "1"], ["gc"],
      ]
      let processes = try commands.map(start)
      for (command, process) in zip(commands, processes) {
        process.waitUntilExit()
        let isFine =
          process.terminationStatus == 0 || ["list", "search"].contains(command[0]) && process.terminationStatus == 1
        #expect(isFine, "\(command): \(process.terminationStatus)")
      }
    }
    #expect(try releases().count == 8)
    try check("in the end")
    #expect(try Program.succeed(["gc", "--json"], home: home).json(GarbageReport.self).parts.isEmpty)
  }

  @Test func whoeverIsKilledLeavesTheOldOrTheNew() throws {
    try Program.succeed(["pack", source("0.9.0"), "--level", "1"], home: home)
    for round in 0..<8 {
      let version = "1.\(round).0"
      // Now a store, then a removal with the cleaning after it, each cut at another place.
      let victim: Process
      if round % 2 == 0 {
        victim = try start(["pack", source(version), "--level", "1"])
      } else {
        try Program.succeed(["pack", source(version), "--level", "1"], home: home)
        try Program.succeed(["remove", "app@\(version)", "--force"], home: home)
        victim = try start(["gc"])
      }
      usleep(UInt32(4_000 + round * 9_000))
      kill(victim.processIdentifier, SIGKILL)
      victim.waitUntilExit()
      try check("round \(round)")
      try Program.succeed(["gc"], home: home)
      try check("round \(round), cleaned")
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(home)/repository/incoming").isEmpty)
    }
    #expect(try releases().contains("0.9.0"))
    try Program.succeed(["pack", source("3.0.0"), "--level", "1"], home: home)
    #expect(try releases().first == "3.0.0")
  }
}
