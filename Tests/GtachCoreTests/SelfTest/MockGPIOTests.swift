import GtachCore
import GtachModel
import Testing

@Suite("Simulated GPIO")
struct MockGPIOTests {
  private static let board = """
    { "lines": [ { "name": "GPIO4", "level": 1 }, { "name": "GPIO17" }, { "name": "GPIO27" },
                 { "name": "GPIO23", "stuck": 0 }, { "name": "GPIO22", "edgesPerSecond": 100 },
                 { "name": "GPIO19", "consumer": "backlight", "output": true },
                 { "name": "GPIO5", "fault": "input-output" }, { "name": "GPIO6" },
                 { "name": "NC" }, { "name": "NC", "chip": "expander" } ],
      "wires": [ ["GPIO17", "GPIO27"], ["GPIO17", "GPIO23"], ["GPIO4", "GPIO6"] ] }
    """

  private func mock(_ json: String = board) throws -> MockGPIO { try MockGPIO(json: Array(json.utf8)) }

  private func code<Result>(_ body: () throws -> Result) -> ErrorCode? {
    do {
      _ = try body()
      return nil
    } catch {
      return (error as? GtachError)?.code
    }
  }

  @Test("a level from outside beats a pull resistor, which a floating line follows")
  func levels() throws {
    let mock = try mock()
    #expect(mock.isMock)
    #expect(try mock.read(line: "GPIO4", bias: .pullDown) == 1)
    #expect(try mock.read(line: "GPIO22", bias: .pullUp) == 1)
    #expect(try mock.read(line: "GPIO22", bias: .pullDown) == 0)
    #expect(try mock.read(line: "GPIO22", bias: .asIs) == 0)
    #expect(try mock.read(line: "GPIO23", bias: .pullUp) == 0)
    // A wire brings the level of its other end.
    #expect(try mock.read(line: "GPIO6", bias: .pullDown) == 1)
    #expect(try mock.read(line: "GPIO17", bias: .pullUp) == 0)
  }

  @Test("a wire carries what is driven; without one the input shows the opposite; stuck is stuck")
  func wires() throws {
    let mock = try mock()
    func drive(_ output: String, _ input: String) throws -> [Int] {
      try mock.drive(output: output, levels: [0, 1, 0, 1], reading: input, settleMilliseconds: 0)
    }
    #expect(try drive("GPIO17", "GPIO27") == [0, 1, 0, 1])
    #expect(try drive("GPIO27", "GPIO17") == [0, 1, 0, 1])
    #expect(try drive("GPIO17", "GPIO22") == [1, 0, 1, 0])
    #expect(try drive("GPIO17", "GPIO23") == [0, 0, 0, 0])
    #expect(try drive("GPIO17", "GPIO4") == [1, 1, 1, 1])
    #expect(code { try drive("GPIO17", "GPIO17") } == .descriptionInvalid)
  }

  @Test("edges are counted from their rate, up to the limit")
  func edges() throws {
    let mock = try mock()
    #expect(try mock.countEdges(line: "GPIO22", limit: 1000, withinMilliseconds: 500) == 50)
    #expect(try mock.countEdges(line: "GPIO22", limit: 10, withinMilliseconds: 500) == 10)
    #expect(try mock.countEdges(line: "GPIO17", limit: 10, withinMilliseconds: 500) == 0)
  }

  @Test("lines that are held, faulty, missing or ambiguous fail as real ones do")
  func failures() throws {
    let mock = try mock()
    #expect(try mock.info(line: "GPIO19").consumer == "backlight")
    #expect(try mock.info(line: "GPIO19").isOutput)
    #expect(code { try mock.read(line: "GPIO19", bias: .asIs) } == .gpioLineHeld)
    #expect(
      code { try mock.drive(output: "GPIO17", levels: [0], reading: "GPIO19", settleMilliseconds: 0) } == .gpioLineHeld)
    #expect(code { try mock.countEdges(line: "GPIO5", limit: 1, withinMilliseconds: 1) } == .inputOutput)
    #expect(code { try mock.info(line: "GPIO99") } == .gpioLineMissing)
    #expect(code { try mock.info(line: "NC") } == .gpioLineAmbiguous)
    #expect(try mock.info(line: "expander:NC").chip == "expander")
  }

  @Test(
    "a description that says something impossible is refused",
    arguments: [
      "", "[]", "{}", #"{ "lines": [ { "name": "A", "level": 2 } ] }"#, #"{ "lines": [ { "level": 1 } ] }"#,
      #"{ "lines": [ { "name": "A", "levle": 1 } ] }"#, #"{ "lines": [], "wire": [] }"#,
      #"{ "lines": [ { "name": "A" } ], "wires": [ ["A"] ] }"#,
      #"{ "lines": [ { "name": "A", "fault": "no-such-word" } ] }"#,
      #"{ "lines": [ { "name": "A", "edgesPerSecond": -1 } ] }"#,
    ])
  func refused(json: String) {
    #expect(code { try mock(json) } == .descriptionInvalid)
  }

  @Test("a wire that leads nowhere is refused")
  func wireToNowhere() {
    #expect(code { try mock(#"{ "lines": [ { "name": "A" } ], "wires": [ ["A", "B"] ] }"#) } == .gpioLineMissing)
  }
}
