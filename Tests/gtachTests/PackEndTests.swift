import Foundation
import GtachModel
import GtachSystem
import Testing

/// What is left of a packing that somebody or something ends.
@Suite("A packing that ends early")
struct PackEndTests {
  let sandbox: Sandbox
  private let home: String

  init() throws {
    (sandbox, home) = try Sandbox.withFleet()
  }

  /// The regular files in a part of the repository.
  private func files(_ part: String) -> [String] {
    let root = URL(fileURLWithPath: "\(home)/repository/\(part)")
    let found = FileManager.default.enumerator(at: root, includingPropertiesForKeys: [.isRegularFileKey])
    return (found?.compactMap { $0 as? URL } ?? [])
      .filter { (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true }.map(\.path)
  }

  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aSignalEndsItAndNothingIsLeft(signal: Int32) throws {
    // Under nohup the tests, and what they start, would ignore it.
    if signal == SIGHUP { _ = Foundation.signal(SIGHUP, SIG_DFL) }
    var random = SystemRandomNumberGenerator()
    var noise = Data(capacity: 24 << 20)
    while noise.count < 24 << 20 { withUnsafeBytes(of: random.next()) { noise.append(contentsOf: $0) } }
    let tree = try sandbox.source("one", description: #"{"name": "app", "version": "1.0.0"}"#)
    try noise.write(to: URL(fileURLWithPath: "\(tree)/noise"))
    let outcome = try Program.interrupt(
      ["pack", tree, "--level", "22"], home: home, with: [(signal, { _ in !files("chunks").isEmpty })])
    #expect(outcome.status == 75)
    #expect(outcome.errors.contains("stopped on request") && outcome.errors.contains("[cancelled]"))
    for part in ["chunks", "objects", "incoming", "packages", "partial"] { #expect(files(part).isEmpty, "\(part)") }
    #expect(try Program.run(["list"], home: home).status == 1)
    #expect(try Program.run(["gc"], home: home).status == 0)
  }

  #if os(Linux)
    @Test(arguments: ["publish.lock", "repository/lock"])
    func aSignalEndsAWaitForAnotherProcess(lock: String) throws {
      let tree = try sandbox.source("one", description: #"{"name": "app", "version": "1.0.0"}"#)
      let path = "\(home)/\(lock)"
      try FileManager.default.createDirectory(
        atPath: "\(home)/repository", withIntermediateDirectories: true)
      var held: FileLock? = try FileLock(path: path, wait: nil)
      // It would wait for a minute, and then say that somebody is busy, which has the same exit code.
      let isWaiting: (Process) throws -> Bool = { process in
        let descriptors = "/proc/\(process.processIdentifier)/fd"
        return try FileManager.default.contentsOfDirectory(atPath: descriptors).contains {
          (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(descriptors)/\($0)")) == path
        }
      }
      let outcome = try Program.interrupt(["pack", tree], home: home, with: [(SIGINT, isWaiting)])
      #expect(outcome.status == 75)
      #expect(outcome.errors.contains("[cancelled]"), "\(outcome.errors)")
      #expect(held != nil)
      held = nil
      #expect(files("packages").isEmpty && files("incoming").isEmpty)
      #expect(try Program.run(["gc"], home: home).status == 0)
      #expect(files("chunks").isEmpty)
    }
  #endif

  @Test func whatCannotPassIsRefusedAndWhatPythonNeedsIsTold() throws {
    let loop = #"{"gpio.loopback": {"output": "GPIO17", "input": "GPIO17"}}"#
    let tree = try sandbox.source(
      "one", description: #"{"name": "app", "version": "1.0.0", "selfTest": [\#(loop)]}"#)
    let refused = try Program.run(["pack", tree], home: home)
    #expect(refused.status == 65)
    #expect(refused.errors.contains("[description-invalid]"))
    let level = #"{"gpio.level": {"line": "GPIO4", "expect": 1}}, {"command": {"run": ["bin/hook"]}}"#
    try sandbox.write("one/gtach.json", #"{"name": "app", "version": "1.0.0", "selfTest": [\#(level)]}"#)
    try sandbox.write("one/requirements.txt", "numpy>=1\n")
    let packed = try Program.succeed(["pack", tree], home: home)
    #expect(packed.output == "app@1.0.0\n")
    #expect(packed.errors.contains("self-tests: 1/1 passed (mock)\n"))
    #expect(packed.errors.contains("self-tests only for a machine: command bin/hook\n"))
    #expect(packed.errors.contains("requirements.txt wants of Python, which gtach does not install: numpy>=1\n"))
    let report = try Program.succeed(["pack", tree, "--json"], home: home).json(PackingReport.self)
    #expect(report.selfTest?.passed == true && report.notRun.count == 1)
    #expect(report.pythonDependencies == [.init(file: "requirements.txt", requirements: ["numpy>=1"])])
    let board = try sandbox.write("board.json", #"{"lines": [{"name": "GPIO4", "level": 0}]}"#)
    #expect(try Program.run(["pack", tree, "--mock", board], home: home).status == 65)
  }
}
