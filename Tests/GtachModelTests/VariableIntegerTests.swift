import GtachModel
import Testing

@Suite struct VariableIntegerTests {
  @Test func aNumberHasOneSpelling() {
    for number in [0, 1, 127, 128, 16_383, 16_384, 1 << 20, 1 << 34, (1 << 35) - 1] {
      var bytes: [UInt8] = []
      VariableInteger.append(number, to: &bytes)
      var rest = bytes[...]
      #expect(VariableInteger.take(from: &rest) == number)
      #expect(rest.isEmpty)
      for end in bytes.indices {
        rest = bytes[..<end]
        #expect(VariableInteger.take(from: &rest) == nil)
      }
    }
    for bytes in [[0x80, 0], [0xFF, 0x80, 0], [0x80, 0x80, 0x80, 0x80, 0x80, 1]] as [[UInt8]] {
      var rest = bytes[...]
      #expect(VariableInteger.take(from: &rest) == nil)
    }
  }

  @Test func numbersWithASignAlternate() {
    for number in [0, -1, 1, -64, 64, 1 << 33, -(1 << 34)] {
      var bytes: [UInt8] = []
      VariableInteger.append(signed: number, to: &bytes)
      var rest = bytes[...]
      #expect(VariableInteger.takeSigned(from: &rest) == number)
    }
  }
}
