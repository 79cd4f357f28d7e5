import Foundation
import GtachModel
import Testing

/// `gtach extract`, as a user runs it.
@Suite("Extracting a release")
struct ExtractTests {
  let sandbox: Sandbox
  let home: String

  init() throws {
    (sandbox, home) = try Sandbox.withFleet()
  }

  private func pack(_ version: String, platform: String? = nil, data: String = "data") throws {
    let tree = try sandbox.source(
      "tree", description: "{\"name\": \"app\", \"version\": \"\(version)\"}", data: data)
    try Program.succeed(["pack", tree] + (platform.map { ["--platform", $0] } ?? []), home: home)
  }

  @Test func theTreeIsThatOfTheRelease() throws {
    try pack("1.0.0")
    let out = "\(sandbox.path)/new/out"
    let outcome = try Program.succeed(["extract", "app@1.0.0", out], home: home)
    #expect(outcome.output == "\(out)\n")
    #expect(try String(contentsOfFile: "\(out)/data.txt", encoding: .utf8) == "data")
    #expect(FileManager.default.isExecutableFile(atPath: "\(out)/bin/hook"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: out).sorted() == ["bin", "data.txt", "gtach.json"])

    // An empty directory will do, and --json tells the same.
    let empty = sandbox.home("empty")
    try FileManager.default.createDirectory(atPath: empty, withIntermediateDirectories: true)
    let report = try Program.succeed(["extract", "app@1.0.0", empty, "--json"], home: home).json(ExtractReport.self)
    #expect(report.release == "app@1.0.0" && report.directory == empty && report.platform == .any)
    #expect(try String(contentsOfFile: "\(empty)/data.txt", encoding: .utf8) == "data")
  }

  @Test func whatIsThereStays() throws {
    try pack("1.0.0")
    let kept = try sandbox.write("full/kept", "mine")
    let outcome = try Program.run(["extract", "app@1.0.0", "\(sandbox.path)/full"], home: home)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("is not empty"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: "\(sandbox.path)/full") == ["kept"])
    #expect(try Program.run(["extract", "app@1.0.0", kept], home: home).status == 74)
    #expect(try String(contentsOfFile: kept, encoding: .utf8) == "mine")
    let missing = try Program.run(["extract", "app@2.0.0", "\(sandbox.path)/never"], home: home)
    #expect(missing.status == 1)
    #expect(!FileManager.default.fileExists(atPath: "\(sandbox.path)/never"))
  }

  @Test func aDamagedReleaseLeavesNothing() throws {
    try pack("1.0.0")
    for store in ["chunks", "objects"] {
      let root = URL(fileURLWithPath: "\(home)/repository/\(store)")
      let files = FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey])
      for case let file as URL in try #require(files)
      where try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true {
        try Data("damaged".utf8).write(to: file)
      }
    }
    let outcome = try Program.run(["extract", "app@1.0.0", "\(sandbox.path)/out"], home: home)
    #expect(outcome.status == 74)
    #expect(outcome.errors.contains("chunk-missing"))
    #expect(!FileManager.default.fileExists(atPath: "\(sandbox.path)/out"))
    // It is out of sight now: fetched again, it would be whole.
    #expect(try Program.run(["list"], home: home).status == 1)
  }

  @Test func onlyWhatIsSignedIsExtracted() throws {
    try pack("1.0.0")
    let packages = "\(home)/repository/packages/app"
    let manifest = "\(packages)/1.0.0/any/manifest.json"
    let text = try String(contentsOfFile: manifest, encoding: .utf8)
    try Data(text.replacingOccurrences(of: "\"created\":\"20", with: "\"created\":\"19").utf8).write(
      to: URL(fileURLWithPath: manifest))
    #expect(try String(contentsOfFile: manifest, encoding: .utf8) != text)
    let outcome = try Program.run(["extract", "app@1.0.0", "\(sandbox.path)/out"], home: home)
    #expect(outcome.status == 65)
    #expect(outcome.errors.contains("manifest-unlisted"))
  }

  @Test func ofSeveralVariantsOneIsNamed() throws {
    try pack("1.0.0", platform: "plan9-mips", data: "mips")
    try pack("1.0.0", platform: "plan9-vax", data: "vax")
    let out = "\(sandbox.path)/out"
    let unclear = try Program.run(["extract", "app@1.0.0", out], home: home)
    #expect(unclear.status == 64)
    #expect(unclear.errors.contains("plan9-mips, plan9-vax"))
    try Program.succeed(["extract", "app@1.0.0", out, "--platform", "plan9-vax"], home: home)
    #expect(try String(contentsOfFile: "\(out)/data.txt", encoding: .utf8) == "vax")
    #expect(try Program.run(["extract", "app@1.0.0", out + "2", "--platform", "linux-arm64"], home: home).status == 1)
  }
}
