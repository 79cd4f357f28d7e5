import Foundation
import GtachModel
import GtachSystem
import Testing

/// One tree, packed by anybody, anywhere, is one release.
@Suite("The same release everywhere")
struct DeterminismTests {
  let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  /// Makes the same tree in one order or the other, on whatever file system, with other times and permissions of
  /// others.
  private func makeTree(at path: String, reversed: Bool) throws {
    let manager = FileManager.default
    let names = (0..<40).map { "dir/é \($0)/\(String(repeating: "long", count: $0))" } + ["Z", "a", "Ä", "z.txt"]
    try manager.createDirectory(atPath: "\(path)/empty", withIntermediateDirectories: true)
    for name in reversed ? names.reversed() : names {
      let url = URL(fileURLWithPath: path).appendingPathComponent(name)
      try manager.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(name.utf8).write(to: url)
      let isProgram = name.hasSuffix("long") && name.count % 3 == 0
      try manager.setAttributes(
        [
          .posixPermissions: (isProgram ? 0o100 : 0) | (reversed ? 0o604 : 0o640),
          .modificationDate: Date(timeIntervalSince1970: reversed ? 1 : 1_700_000_000),
        ], ofItemAtPath: url.path)
    }
    if reversed {
      try manager.linkItem(atPath: "\(path)/Z", toPath: "\(path)/copy")
    } else {
      try manager.copyItem(atPath: "\(path)/Z", toPath: "\(path)/copy")
    }
    try manager.createSymbolicLink(atPath: "\(path)/link", withDestinationPath: "dir")
  }

  private func digest(
    _ source: String, home: String, environment: [String: String] = [:], launcher: [String] = []
  ) throws -> Digest {
    let home = sandbox.home(home)
    func run(_ arguments: [String]) throws -> Program.Outcome {
      let outcome = try Program.run(arguments, home: home, environment: environment, launcher: launcher)
      try #require(outcome.status == 0, "\(outcome.errors)")
      return outcome
    }
    _ = try run(["init", "--fleet", "test", "--node", "dev"])
    return try run(["pack", source, "--name", "app", "--version", "1.0.0", "--fast", "--json"])
      .json(ReleaseReport.self).manifest.archive.digest
  }

  @Test func nothingButTheTreeCounts() throws {
    let tree = sandbox.home("one")
    try makeTree(at: tree, reversed: false)
    let expected = try digest(tree, home: "a")
    // A tmpfs lists what was made last first; elsewhere another directory has to do.
    let other = "\(FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp")/gt-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: other) }
    try makeTree(at: other, reversed: true)
    #expect(try digest(other, home: "b") == expected)
    for (number, language) in ["C", "C.UTF-8", "de_DE.UTF-8", "tr_TR.ISO-8859-9", "ja_JP.SJIS"].enumerated() {
      #expect(
        try digest(tree, home: "l\(number)", environment: ["LANG": language, "LC_ALL": language, "TZ": "Asia/Tokyo"])
          == expected)
    }
    for mask in ["000", "077"] {
      #expect(
        try digest(tree, home: "u\(mask)", launcher: ["/bin/sh", "-c", "umask \(mask); exec \"$@\"", "sh"]) == expected)
    }
    // What another one unpacks, another one packs.
    let out = sandbox.home("out")
    try Program.succeed(["extract", "app@1.0.0", out], home: sandbox.home("a"))
    #expect(try digest(out, home: "x") == expected)
    let archive = sandbox.home("x.tar")
    let tar = Process()
    tar.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    tar.arguments = ["tar", "--format", "pax", "-C", other, "-cf", archive, "."]
    try tar.run()
    tar.waitUntilExit()
    try #require(tar.terminationStatus == 0)
    #expect(try digest(archive, home: "t") == expected)
  }

  @Test func theTimeOfFilesIsThatOfTheSource() throws {
    let tree = try sandbox.source("one", description: "{}")
    let usual = try digest(tree, home: "a")
    #expect(try digest(tree, home: "b", environment: ["SOURCE_DATE_EPOCH": "0"]) == usual)
    let dated = try digest(tree, home: "c", environment: ["SOURCE_DATE_EPOCH": "1700000000"])
    #expect(dated != usual)
    #expect(try digest(tree, home: "d", environment: ["SOURCE_DATE_EPOCH": "1700000000"]) == dated)
    for wrong in ["yesterday", "-1", "99999999999999"] {
      let outcome = try Program.run(
        ["pack", tree], home: sandbox.home("a"), environment: ["SOURCE_DATE_EPOCH": wrong])
      #expect(outcome.status == 64)
      #expect(outcome.errors.contains("SOURCE_DATE_EPOCH"))
    }
  }

  @Test(.enabled(if: Program.otherUser != nil, "needs root, setpriv and a build that others may execute"))
  func anotherUserMakesTheSameAndIsToldWhatHeMayNotRead() throws {
    let launcher = try #require(Program.otherUser)
    let tree = sandbox.home("one")
    try makeTree(at: tree, reversed: true)
    let expected = try digest(tree, home: "a")
    let nobody = sandbox.home("nobody")
    try FileManager.default.createDirectory(atPath: nobody, withIntermediateDirectories: true)
    try #require(chown(nobody, 65_534, 65_534) == 0)
    #expect(try digest(tree, home: "nobody", launcher: launcher) == expected)

    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(tree)/z.txt")
    let refused = try Program.run(
      ["pack", tree, "--name", "app", "--version", "1.0.1"], home: nobody, launcher: launcher)
    #expect(refused.status == 74 || refused.status == 77)
    #expect(refused.errors.contains("z.txt"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(nobody)/repository/incoming").isEmpty)
    #expect(try Program.succeed(["list"], home: nobody).output.split(separator: "\n").count == 1)
  }
}
