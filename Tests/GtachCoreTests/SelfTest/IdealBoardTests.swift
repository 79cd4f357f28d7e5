import GtachCore
import GtachModel
import Testing

@Suite("The board that a plan wants")
struct IdealBoardTests {
  private func passes(_ checks: [SelfTestCheck]) throws -> Bool {
    let board = try MockGPIO.ideal(for: checks)
    return checks.allSatisfy { check in
      let reading: SelfTestReading
      do throws(GtachError) {
        switch check {
        case .loopback(let output, let input):
          reading = .levels(
            try board.drive(
              output: output, levels: SelfTestEvaluation.loopbackLevels, reading: input, settleMilliseconds: 0))
        case .level(let line, _, let bias): reading = .level(try board.read(line: line, bias: bias))
        case .edges(let line, let atLeast, let within):
          reading = .edges(try board.countEdges(line: line, limit: atLeast, withinMilliseconds: within))
        case .consumer(let line, _): reading = .consumer(try board.info(line: line).consumer)
        case .path, .tcp, .service, .command: return true
        }
      } catch {
        reading = .failed(error)
      }
      return SelfTestEvaluation.result(of: check, reading: reading, milliseconds: 0).passed
    }
  }

  @Test("a plan that can pass passes")
  func possible() throws {
    #expect(
      try passes([
        .loopback(output: "GPIO17", input: "GPIO27"), .loopback(output: "GPIO27", input: "GPIO17"),
        .loopback(output: "pinctrl-bcm2835:5", input: "GPIO6"), .level(line: "GPIO4", expect: 1, bias: .pullUp),
        .level(line: "GPIO4", expect: 0, bias: .pullDown), .level(line: "GPIO5", expect: 1, bias: .asIs),
        .level(line: "GPIO5", expect: 1, bias: .pullDown), .edges(line: "GPIO22", atLeast: 10, withinMilliseconds: 999),
        .edges(line: "GPIO22", atLeast: 1, withinMilliseconds: 600_000), .consumer(line: "GPIO19", heldBy: "backlight"),
        .path(exists: "/dev/fb0", kind: nil), .command(run: ["bin/x"], timeoutSeconds: 1),
      ]))
    #expect(try passes([]))
  }

  @Test("one that contradicts itself does not")
  func impossible() throws {
    #expect(try !passes([.loopback(output: "GPIO17", input: "GPIO17")]))
    #expect(
      try !passes([
        .level(line: "GPIO4", expect: 1, bias: .asIs), .level(line: "GPIO4", expect: 0, bias: .asIs),
      ]))
    #expect(
      try !passes([.consumer(line: "GPIO4", heldBy: "spi"), .level(line: "GPIO4", expect: 0, bias: .asIs)]))
    #expect(try !passes([.consumer(line: "GPIO4", heldBy: "spi"), .consumer(line: "GPIO4", heldBy: "i2c")]))
    #expect(try !passes([.edges(line: "GPIO4", atLeast: 10_000_000, withinMilliseconds: 1)]))
  }

  @Test(
    "a name that no line can have is refused",
    arguments: ["", "GPIO 17", "GPIO\n", "é", String(repeating: "x", count: 65)])
  func names(name: String) {
    for check: SelfTestCheck in [
      .level(line: name, expect: 0, bias: .asIs), .loopback(output: "GPIO1", input: name),
      .consumer(line: name, heldBy: "x"), .edges(line: name, atLeast: 1, withinMilliseconds: 1),
    ] {
      #expect(thrownError { try MockGPIO.ideal(for: [check]) }?.code == .descriptionInvalid)
    }
  }
}
