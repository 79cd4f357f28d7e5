import GtachModel
import GtachSystem
import Testing

@testable import GtachCore

@Suite("Binary differences")
struct BinaryDifferenceTests {
  /// A program and another build of it: stretches moved, addresses shifted, some new.
  static func builds(seed: UInt64) -> (old: [UInt8], new: [UInt8]) {
    var random = SeededGenerator(seed: seed)
    let old = ChunkerTests.noise(Int.random(in: 0...20_000, using: &random), seed: seed)
    var new: [UInt8] = []
    for _ in 0..<Int.random(in: 0...12, using: &random) {
      let start = Int.random(in: 0...old.count, using: &random)
      var stretch = Array(old[start..<min(old.count, start + Int.random(in: 0...4000, using: &random))])
      for position in Swift.stride(from: 0, to: stretch.count, by: Int.random(in: 5...50, using: &random)) {
        stretch[position] &+= 4
      }
      new += stretch
      new += ChunkerTests.noise(Int.random(in: 0...300, using: &random), seed: random.next())
    }
    return (old, new)
  }

  @Test("applied to the older bytes it gives the newer ones", arguments: 0..<60 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    let (old, new) = Self.builds(seed: seed)
    let difference = BinaryDifference(from: old, suffixes: try SuffixArray.positions(of: old), to: new[...])
    #expect(difference.differences.count + difference.additions.count == new.count)
    #expect(try difference.applied(to: old) == new)
  }

  @Test("what changed a little is a difference, not an addition")
  func similar() throws {
    let old = ChunkerTests.noise(50_000, seed: 100)
    var new = Array(old[10_000..<40_000])
    for position in stride(from: 20, to: new.count, by: 40) { new[position] &+= 1 }
    let difference = BinaryDifference(from: old, suffixes: try SuffixArray.positions(of: old), to: new[...])
    #expect(difference.additions.count < 100)
    #expect(difference.differences.filter { $0 != 0 }.count < 900)
    #expect(difference.control.count < 20)
  }

  @Test("nothing to nothing, nothing to something, something to nothing")
  func empty() throws {
    for (old, new) in [([], []), ([], [1, 2, 3]), ([1, 2, 3], []), ([1], [1])] as [([UInt8], [UInt8])] {
      let difference = BinaryDifference(from: old, suffixes: try SuffixArray.positions(of: old), to: new[...])
      #expect(try difference.applied(to: old) == new)
    }
  }

  private func control(_ numbers: [(seek: Int, copied: Int, added: Int)]) -> [UInt8] {
    var bytes: [UInt8] = []
    for (seek, copied, added) in numbers {
      VariableInteger.append(signed: seek, to: &bytes)
      VariableInteger.append(copied, to: &bytes)
      VariableInteger.append(added, to: &bytes)
    }
    return bytes
  }

  @Test("claims out of range are an error")
  func hostile() throws {
    let old: [UInt8] = Array(0..<100)
    func error(_ numbers: [(Int, Int, Int)], _ differences: Int, _ additions: Int) -> ErrorCode? {
      let difference = BinaryDifference(
        control: control(numbers), differences: [UInt8](repeating: 0, count: differences),
        additions: [UInt8](repeating: 0, count: additions))
      return thrownError { try difference.applied(to: old) }?.code
    }
    #expect(error([(0, 100, 0)], 100, 0) == nil)
    #expect(error([(90, 10, 5), (-100, 10, 0)], 20, 5) == nil)
    #expect(error([(1, 100, 0)], 100, 0) == .objectCorrupt)
    #expect(error([(-1, 10, 0)], 10, 0) == .objectCorrupt)
    #expect(error([(0, 101, 0)], 101, 0) == .objectCorrupt)
    #expect(error([(0, 10, 0)], 9, 0) == .objectCorrupt)
    #expect(error([(0, 10, 0)], 11, 0) == .objectCorrupt)
    #expect(error([(0, 10, 3)], 10, 2) == .objectCorrupt)
    #expect(error([(0, 10, 3)], 10, 4) == .objectCorrupt)
    #expect(error([(1 << 33, 1, 0)], 1, 0) == .objectCorrupt)
    #expect(error([(0, 1, 0), (-1 << 33, 1, 0)], 2, 0) == .objectCorrupt)
    #expect(error([(0, (1 << 35) - 1, 0)], 0, 0) == .objectCorrupt)
    // Seeks of which nothing is copied may not leave the older bytes either, however many there are.
    #expect(error(Array(repeating: (1 << 33, 0, 0), count: 1000), 0, 0) == .objectCorrupt)
    let whole = control([(0, 10, 3)])
    for end in 1..<whole.count {
      let difference = BinaryDifference(
        control: Array(whole[..<end]), differences: [UInt8](repeating: 0, count: 10), additions: [1, 2, 3])
      #expect(thrownError { try difference.applied(to: old) }?.code == .objectCorrupt)
    }
  }

  @Test("a number has one spelling")
  func numbers() {
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
    for number in [0, -1, 1, -64, 64, 1 << 33, -(1 << 34)] {
      var bytes: [UInt8] = []
      VariableInteger.append(signed: number, to: &bytes)
      var rest = bytes[...]
      #expect(VariableInteger.takeSigned(from: &rest) == number)
    }
    for bytes in [[0x80, 0], [0xFF, 0x80, 0], [0x80, 0x80, 0x80, 0x80, 0x80, 1]] as [[UInt8]] {
      var rest = bytes[...]
      #expect(VariableInteger.take(from: &rest) == nil)
    }
  }
}
