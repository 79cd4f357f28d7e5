import GtachCore
import GtachModel
import Testing

@Suite("What self-tests mean")
struct SelfTestEvaluationTests {
  private func result(_ check: SelfTestCheck, _ reading: SelfTestReading) -> SelfTestReport.Result {
    SelfTestEvaluation.result(of: check, reading: reading, milliseconds: 3)
  }

  @Test("a loopback passes only if the input followed every time")
  func loopback() {
    let check = SelfTestCheck.loopback(output: "GPIO17", input: "GPIO27")
    #expect(result(check, .levels([0, 1, 0, 1])).passed)
    for wrong in [[0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1], []] {
      #expect(!result(check, .levels(wrong)).passed)
    }
    #expect(result(check, .levels([1, 0, 1, 0])).actual.contains("no wire"))
    #expect(result(check, .levels([1, 1, 1, 1])).actual.contains("stuck at 1"))
    #expect(result(check, .levels([0, 1, 0, 1])).expected == "GPIO27 follows GPIO17")
  }

  @Test("levels, edges and holders")
  func lines() {
    let level = SelfTestCheck.level(line: "GPIO4", expect: 1, bias: .pullUp)
    #expect(result(level, .level(1)).passed)
    #expect(!result(level, .level(0)).passed)
    #expect(result(level, .level(0)).expected == "GPIO4 = 1 (pull-up)")
    #expect(result(level, .level(0)).actual == "0")
    let edges = SelfTestCheck.edges(line: "GPIO22", atLeast: 10, withinMilliseconds: 1000)
    #expect(result(edges, .edges(10)).passed)
    #expect(!result(edges, .edges(9)).passed)
    let consumer = SelfTestCheck.consumer(line: "GPIO19", heldBy: "backlight")
    #expect(result(consumer, .consumer("backlight")).passed)
    for wrong in ["backligh", "backlight2", "(unnamed)", nil] { #expect(!result(consumer, .consumer(wrong)).passed) }
  }

  @Test("a holder's name is compared as far as the kernel keeps it")
  func longConsumer() {
    let name = "a-name-that-is-longer-than-the-kernel-keeps"
    let check = SelfTestCheck.consumer(line: "GPIO19", heldBy: name)
    #expect(result(check, .consumer(String(name.prefix(31)))).passed)
    #expect(!result(check, .consumer(String(name.prefix(30)))).passed)
  }

  @Test("paths")
  func paths() {
    let any = SelfTestCheck.path(exists: "/dev/fb0", kind: nil)
    let device = SelfTestCheck.path(exists: "/dev/fb0", kind: .characterDevice)
    #expect(result(any, .path(.other)).passed)
    #expect(result(any, .path(.known(.file))).passed)
    #expect(!result(any, .path(nil)).passed)
    #expect(result(device, .path(.known(.characterDevice))).passed)
    #expect(!result(device, .path(.known(.blockDevice))).passed)
    #expect(!result(device, .path(.other)).passed)
    #expect(!result(device, .path(nil)).passed)
  }

  @Test("a command passes only by exiting with 0, and the last line of its output says why it did not")
  func commands() {
    let check = SelfTestCheck.command(run: ["bin/check", "-v"], timeoutSeconds: 10)
    #expect(result(check, .command(.exited(0), output: Array("failed".utf8))).passed)
    #expect(!result(check, .command(.signalled(9), output: [])).passed)
    #expect(!result(check, .command(.timedOut, output: [])).passed)
    let failed = result(check, .command(.exited(3), output: Array("one\n\u{1B}[31mno sensor\r\n\n  \n".utf8)))
    #expect(!failed.passed)
    #expect(failed.actual == "exited with 3: [31mno sensor")
    #expect(result(check, .command(.exited(1), output: [UInt8](repeating: 0x41, count: 100_000))).actual.count < 300)
    #expect(!result(check, .command(.exited(1), output: [0xFF, 0xFE])).passed)
  }

  @Test("what could not be carried out fails with its word, and so does a reading of another check")
  func failures() {
    let check = SelfTestCheck.level(line: "GPIO4", expect: 1, bias: .asIs)
    let held = result(check, .failed(GtachError(.gpioLineHeld, "held", reason: "by spi0")))
    #expect(!held.passed)
    #expect(held.code == "gpio-line-held")
    #expect(held.actual == "held: by spi0")
    #expect(!result(check, .edges(1)).passed)
    #expect(result(check, .level(1)).code == nil)
    #expect(result(check, .level(1)).milliseconds == 3)
  }
}
