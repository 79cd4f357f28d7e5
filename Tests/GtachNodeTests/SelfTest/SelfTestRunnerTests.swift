import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

@Suite("Self-tests carried out")
struct SelfTestRunnerTests {
  private static let board = """
    { "lines": [ { "name": "GPIO4", "level": 1 }, { "name": "GPIO17" }, { "name": "GPIO27" },
                 { "name": "NC" }, { "name": "NC" }, { "name": "GPIO19", "consumer": "backlight" } ],
      "wires": [ ["GPIO17", "GPIO27"] ] }
    """
  private static let loopback = SelfTestCheck.loopback(output: "GPIO17", input: "GPIO27")

  private func inDirectory(_ body: (String) throws -> Void) throws {
    let fileSystem = FileSystem()
    let root = try fileSystem.temporaryDirectory(prefix: "gtach-selftest-")
    let result = Result { try body(root) }
    try fileSystem.perform([.remove(root)])
    try result.get()
  }

  private func run(
    _ checks: [SelfTestCheck], root: String = "/", mayDrive: [String] = [], cancellation: Cancellation? = nil
  ) throws -> SelfTestReport {
    try SelfTestRunner(root: root, mayDrive: mayDrive, environment: ["PATH": "/usr/bin:/bin"], recordPath: nil)
      .run(checks, gpio: MockGPIO(json: Array(Self.board.utf8)), cancellation: cancellation)
  }

  @Test("every check is run and reported in order, whichever fail")
  func order() throws {
    let checks: [SelfTestCheck] = [
      .level(line: "GPIO4", expect: 0, bias: .asIs), .level(line: "GPIO4", expect: 1, bias: .asIs),
      .consumer(line: "GPIO19", heldBy: "backlight"), .level(line: "GPIO19", expect: 1, bias: .asIs),
    ]
    let report = try run(checks)
    #expect(report.results.map(\.check) == checks)
    #expect(report.results.map(\.passed) == [false, true, true, false])
    #expect(report.results.map(\.code) == [nil, nil, nil, "gpio-line-held"])
    #expect(report.mock)
    #expect(!report.passed)
    #expect(try run([]).passed)
  }

  @Test("a line is driven only where the configuration lists it, by a name that is its own")
  func mayDrive() throws {
    #expect(try run([Self.loopback]).results.first?.code == "gpio-line-forbidden")
    #expect(
      try run([Self.loopback], mayDrive: ["GPIO27", "NC", "GPIO99"]).results.first?.code == "gpio-line-forbidden")
    #expect(try run([Self.loopback], mayDrive: ["GPIO17"]).passed)
    #expect(try run([Self.loopback], mayDrive: ["GPIO99", "mock:1"]).passed)
  }

  @Test("paths are the release's own unless absolute, and links are followed")
  func paths() throws {
    try inDirectory { root in
      try FileSystem().perform([
        .makeDirectory(root + "/bin"), .makeSymbolicLink(at: root + "/link", to: "bin"),
        .makeSymbolicLink(at: root + "/nowhere", to: "gone"),
      ])
      let report = try run(
        [
          .path(exists: "bin", kind: .directory), .path(exists: "link", kind: .directory),
          .path(exists: "/dev/null", kind: .characterDevice), .path(exists: "bin", kind: .file),
          .path(exists: "nowhere", kind: nil), .path(exists: "bin/absent/deep", kind: nil),
        ], root: root)
      #expect(report.results.map(\.passed) == [true, true, true, false, false, false])
    }
  }

  @Test("commands start in the release's directory; their status, signal and time count")
  func commands() throws {
    try inDirectory { root in
      let script = Array("#!/bin/sh\necho \"$1 in $(pwd -P)\"\nexit \"$2\"\n".utf8)
      try FileSystem().perform([
        .makeDirectory(root + "/bin"), .write(path: root + "/bin/check", bytes: script, permissions: 0o755),
      ])
      let report = try run(
        [
          .command(run: ["bin/check", "fine", "0"], timeoutSeconds: 10),
          .command(run: ["bin/check", "bad", "7"], timeoutSeconds: 10),
          .command(run: ["sh", "-c", "kill -9 $$"], timeoutSeconds: 10),
          .command(run: ["sleep", "30"], timeoutSeconds: 1), .command(run: ["bin/absent"], timeoutSeconds: 1),
          .command(run: ["no-such-program-anywhere"], timeoutSeconds: 1),
        ], root: root)
      #expect(report.results.map(\.passed) == [true, false, false, false, false, false])
      #expect(report.results[1].actual.hasPrefix("exited with 7: bad in /"))
      #expect(report.results[2].actual == "ended by signal 9")
      #expect(report.results[3].actual == "did not end in time")
      #expect(report.results[4].code == "not-found")
      #expect(report.results[5].code == "not-found")
    }
  }

  @Test("a cancelled run ends with an error, not with a report")
  func cancelled() throws {
    let cancellation = try Cancellation()
    cancellation.cancel()
    #expect(throws: GtachError.self) { try run([Self.loopback], cancellation: cancellation) }
  }

  @Test("a real line is on the record while it is driven, and an input again after a crash")
  func record() throws {
    try inDirectory { root in
      let path = root + "/state/driven.json"
      let gpio = FakeLines(recordPath: path)
      let runner = SelfTestRunner(root: root, mayDrive: ["GPIO17"], environment: [:], recordPath: path)
      #expect(try runner.run([Self.loopback], gpio: gpio).passed)
      #expect(gpio.recordWhileDriven == DrivenLineRecord(lines: ["GPIO17"]))
      #expect(try !FileSystem().exists(path))

      try SelfTestRunner.releaseDrivenLines(recordPath: path, gpio: gpio)
      #expect(gpio.read == [])
      try FileSystem().perform(DrivenLineRecord(lines: ["GPIO17", "GPIO99"]).writing(to: path))
      try SelfTestRunner.releaseDrivenLines(recordPath: path, gpio: gpio)
      #expect(gpio.read == ["GPIO17"])
      #expect(try !FileSystem().exists(path))

      // What a check finds on the record is of one that was killed: it goes first.
      try FileSystem().perform(DrivenLineRecord(lines: ["GPIO17"]).writing(to: path))
      #expect(try runner.run([Self.loopback], gpio: gpio).passed)
      #expect(gpio.read == ["GPIO17", "GPIO17"])
      #expect(gpio.recordWhileDriven == DrivenLineRecord(lines: ["GPIO17"]))
    }
  }
}

/// Lines that look at the record while one of them is driven.
private final class FakeLines: GPIOAccess {
  let recordPath: String
  var recordWhileDriven: DrivenLineRecord?
  var read: [String] = []
  var isMock: Bool { false }

  init(recordPath: String) { self.recordPath = recordPath }

  func info(line: String) throws(GtachError) -> LineInfo {
    guard line == "GPIO17" || line == "GPIO27" else { throw GtachError(.gpioLineMissing, "missing") }
    return LineInfo(name: line, chip: "chip", offset: line == "GPIO17" ? 17 : 27, consumer: nil, isOutput: false)
  }

  func read(line: String, bias: LineBias) throws(GtachError) -> Int {
    _ = try info(line: line)
    read.append(line)
    return 0
  }

  func drive(
    output: String, levels: [Int], reading input: String, settleMilliseconds: Int
  ) throws(GtachError) -> [Int] {
    recordWhileDriven = try DrivenLineRecord(json: FileSystem().read(recordPath, maximumBytes: 1000))
    return levels
  }

  func countEdges(line: String, limit: Int, withinMilliseconds: Int) throws(GtachError) -> Int { 0 }
}
