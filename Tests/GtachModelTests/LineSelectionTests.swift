import GtachModel
import Testing

@Suite("Finding GPIO lines")
struct LineSelectionTests {
  private let lines = [
    LineInfo(name: "GPIO4", chip: "pinctrl", offset: 4, consumer: nil, isOutput: false),
    LineInfo(name: "BT_ON", chip: "expander", offset: 0, consumer: nil, isOutput: true),
    LineInfo(name: "NC", chip: "pinctrl", offset: 5, consumer: nil, isOutput: false),
    LineInfo(name: "NC", chip: "expander", offset: 1, consumer: nil, isOutput: false),
    LineInfo(name: "", chip: "soc:gpio", offset: 0, consumer: nil, isOutput: false),
  ]

  private func code(_ name: String) -> ErrorCode? {
    do throws(GtachError) {
      _ = try lines.line(named: name)
      return nil
    } catch {
      return error.code
    }
  }

  @Test("by name, and by the chip's label with a name or an offset")
  func found() throws {
    #expect(try lines.line(named: "GPIO4").offset == 4)
    #expect(try lines.line(named: "expander:NC").offset == 1)
    #expect(try lines.line(named: "pinctrl:5").name == "NC")
    #expect(try lines.line(named: "soc:gpio:0").chip == "soc:gpio")
  }

  @Test("a name that no line has, that two have, or that says nothing")
  func refused() {
    #expect(code("NC") == .gpioLineAmbiguous)
    for name in ["GPIO5", "", "pinctrl:", "pinctrl:6", ":4", "gpiochip0:4", "soc:gpio:", "pinctrl:-1"] {
      #expect(code(name) == .gpioLineMissing, "\(name)")
    }
  }
}
