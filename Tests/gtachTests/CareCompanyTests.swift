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

  /// A tree of which no other version has most bytes, so that there is something to store.
  private func sourceOfItsOwn(_ version: String, seed: UInt64) throws -> String {
    let tree = try source(version)
    var generator = SeededGenerator(seed: seed)
    var bytes = Data()
    while bytes.count < 3_000_000 { withUnsafeBytes(of: generator.next()) { bytes.append(contentsOf: $0) } }
    try bytes.write(to: URL(fileURLWithPath: "\(tree)/own"))
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

  /// Kills a process that is seen to be in the middle of its work.
  ///
  /// - Parameter isAtWork: Whether it has begun.
  /// - Returns: Whether it was cut, and had not ended before.
  private func cut(_ victim: Process, _ isAtWork: () throws -> Bool) rethrows -> Bool {
    while victim.isRunning, try !isAtWork() { usleep(200) }
    if victim.isRunning { kill(victim.processIdentifier, SIGKILL) }
    victim.waitUntilExit()
    return victim.terminationReason == .uncaughtSignal
  }

  private func chunks() throws -> Int {
    let names = FileManager.default.enumerator(atPath: "\(home)/repository/chunks")?.allObjects as? [String] ?? []
    return names.filter { $0.contains("/") }.count
  }

  private func checkAndClean(_ what: String) throws {
    try check(what)
    try Program.succeed(["gc"], home: home)
    try check("\(what), cleaned")
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(home)/repository/incoming").isEmpty)
  }

  @Test func aStoreThatIsKilledLeavesTheOldOrTheNew() throws {
    try Program.succeed(["pack", source("0.9.0"), "--level", "1"], home: home)
    for stage in 0..<4 {
      // On a busy machine it may have ended before this process is on again: then once more.
      var (wasCut, attempt) = (false, 0)
      while !wasCut, attempt < 10 {
        let version = "1.\(stage).\(attempt)"
        let tree = try sourceOfItsOwn(version, seed: UInt64(100 * (stage + 1) + attempt))
        // After the first of its chunks, after some, and when it has become visible and is not signed.
        let (before, visible) = (try chunks(), "\(home)/repository/packages/app/\(version)/any")
        wasCut = try cut(start(["pack", tree])) {
          try stage < 3 ? chunks() > before + 2 * stage : FileManager.default.fileExists(atPath: visible)
        }
        if wasCut, stage < 3 { #expect(try !releases().contains(version)) }
        try checkAndClean("stage \(stage), attempt \(attempt)")
        attempt += 1
      }
      #expect(wasCut, "stage \(stage)")
    }
    #expect(try releases().contains("0.9.0"))
    try Program.succeed(["pack", source("3.0.0"), "--level", "1"], home: home)
    #expect(try releases().first == "3.0.0")
  }

  @Test func aCleaningThatIsKilledGoesOn() throws {
    try Program.succeed(["pack", source("0.9.0"), "--level", "1"], home: home)
    try Program.succeed(["pack", source("1.0.0"), "--level", "1"], home: home)
    try Program.succeed(["remove", "app@1.0.0", "--force"], home: home)
    // So many chunks that nobody needs that it is still at work when the first of them is gone.
    let names: [String] = (0..<10_000).map { number in
      let digits = String(number, radix: 16)
      return "00" + String(repeating: "0", count: 62 - digits.count) + digits
    }
    let directory = "\(home)/repository/chunks/00"
    let (first, last) = ("\(directory)/\(names[0])", "\(directory)/\(names[names.count - 1])")
    var (wasCut, attempt) = (false, 0)
    while !wasCut, attempt < 10 {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      for name in names { try Data([1]).write(to: URL(fileURLWithPath: "\(directory)/\(name)")) }
      wasCut = try cut(start(["gc"])) { !FileManager.default.fileExists(atPath: first) }
      if wasCut { #expect(FileManager.default.fileExists(atPath: last)) }
      try checkAndClean("attempt \(attempt)")
      #expect(!FileManager.default.fileExists(atPath: last))
      attempt += 1
    }
    #expect(wasCut)
    #expect(try releases() == ["0.9.0"])
  }
}
