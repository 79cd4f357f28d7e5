import GtachModel
import GtachSystem
import Testing

@testable import GtachCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

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

  private func make(_ old: [UInt8], _ new: [UInt8]) throws -> [UInt8] {
    BinaryDifference.make(from: old, suffixes: try SuffixArray.positions(of: old), to: new[...])
  }

  @Test("applied to the older bytes it gives the newer ones, by one decoder one after the other")
  func roundTrip() throws {
    let decoder = BinaryDifference.Decoder()
    for seed in 0..<60 as Range<UInt64> {
      let (old, new) = Self.builds(seed: seed)
      #expect(try decoder.apply(make(old, new)[...], to: old, size: new.count) == new)
    }
  }

  @Test("what changed in the same places in the same way costs next to nothing")
  func similar() throws {
    let old = ChunkerTests.noise(60_000, seed: 100)
    var new = Array(old[10_000..<50_000])
    for position in stride(from: 20, to: new.count, by: 40) { new[position] &+= 7 }
    // A thousand changes, of which each place would take 5 bits.
    #expect(try make(old, new).count < 1000)
    // Where an instruction before an address gives it away, it costs less than a bit.
    var program = Array(old[..<40_000])
    for position in stride(from: 0, to: program.count, by: 40) {
      (program[position], program[position + 1]) = (0x48, 0x8D)
    }
    var rebuilt = program
    for position in stride(from: 0, to: program.count, by: 40) { rebuilt[position + 2] &+= 7 }
    #expect(try make(program, rebuilt).count < 200)
  }

  @Test("nothing to nothing, nothing to something, something to nothing")
  func empty() throws {
    for (old, new) in [([], []), ([], [1, 2, 3]), ([1, 2, 3], []), ([1], [1]), ([], [0])] as [([UInt8], [UInt8])] {
      let difference = try make(old, new)
      #expect(try BinaryDifference.Decoder().apply(difference[...], to: old, size: new.count) == new)
    }
  }

  private struct Vector: Decodable {
    let name: String
    let old: String
    let new: String
    let stretches: [[Int]]
    let difference: String
  }

  @Test("another program's differences are read, and written")
  func vectors() throws {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(5).joined(separator: "/")
    let file = try Data(contentsOf: URL(fileURLWithPath: "\(root)/Protocol/vectors/differences.json"))
    let vectors = try JSONDecoder().decode([Vector].self, from: file)
    #expect(vectors.count >= 9)
    for vector in vectors {
      let old = try #require(Hexadecimal.decode(vector.old))
      let new = try #require(Hexadecimal.decode(vector.new))
      let difference = try #require(Hexadecimal.decode(vector.difference))
      #expect(try BinaryDifference.Decoder().apply(difference[...], to: old, size: new.count) == new, "\(vector.name)")
      let stretches = vector.stretches.map { BinaryDifference.Stretch(place: $0[0], copied: $0[1], added: $0[2]) }
      #expect(BinaryDifference.encode(stretches, from: old, to: new[...]) == difference, "\(vector.name)")
    }
  }

  @Test("claims out of range are an error")
  func hostile() throws {
    let old = ChunkerTests.noise(100, seed: 101)
    func error(_ stretches: [(shift: Int, copied: Int, added: Int)], size: Int) -> ErrorCode? {
      var encoder = BitEncoder()
      let model = DifferenceModel()
      for stretch in stretches {
        _ = model.signedNumber(stretch.shift, .shift, with: &encoder)
        _ = model.number(stretch.copied, .copied, with: &encoder)
        _ = model.number(stretch.added, .added, with: &encoder)
        // What the bytes are has no meaning here, but a decoder reads them.
        for _ in 0..<min(stretch.copied, 200) { _ = model.difference(1, to: .init(), with: &encoder) }
        if stretch.added > 0 { model.restart() }
        for _ in 0..<min(stretch.added, 200) { _ = model.addition(1, after: 0, beside: .init(), with: &encoder) }
      }
      let difference = encoder.finished()
      return thrownError { try BinaryDifference.Decoder().apply(difference[...], to: old, size: size) }?.code
    }
    #expect(error([(1, 100, 0)], size: 100) == .objectCorrupt)
    #expect(error([(-1, 10, 0)], size: 10) == .objectCorrupt)
    #expect(error([(0, 101, 0)], size: 101) == .objectCorrupt)
    #expect(error([(101, 0, 1)], size: 1) == .objectCorrupt)
    #expect(error([(0, 10, 0)], size: 9) == .objectCorrupt)
    #expect(error([(0, 0, 10)], size: 9) == .objectCorrupt)
    #expect(error([(0, 5, 5)], size: 9) == .objectCorrupt)
    #expect(error([(0, 0, 0)], size: 9) == .objectCorrupt)
    #expect(error([(1 << 23, 1, 0)], size: 1) == .objectCorrupt)
    #expect(error([(0, 1 << 23, 1 << 23)], size: 1 << 20) == .objectCorrupt)
    #expect(error([((1 << 24) - 1, 0, 1), ((1 << 24) - 1, 0, 1)], size: 2) == .objectCorrupt)
  }

  @Test("whatever bytes come, they are an error or so many bytes")
  func robustness() throws {
    let decoder = BinaryDifference.Decoder()
    let old = ChunkerTests.noise(3000, seed: 102)
    var random = SeededGenerator(seed: 103)
    for round in 0..<300 {
      let bytes = ChunkerTests.noise(round, seed: random.next())
      let size = Int.random(in: 0...2000, using: &random)
      do throws(GtachError) {
        #expect(try decoder.apply(bytes[...], to: round % 3 == 0 ? [] : old, size: size).count == size)
      } catch {
        #expect(error.code == .objectCorrupt)
      }
    }
  }

  @Test("bits come back whatever was thought of them, and cost what they are worth")
  func bits() {
    var random = SeededGenerator(seed: 104)
    let bits = (0..<20_000).map { _ in
      let probability = [1, 655, 20_000, 65_000, 65_535][Int.random(in: 0..<5, using: &random)]
      return (probability, Int.random(in: 0..<65_536, using: &random) < probability ? 1 : 0)
    }
    var encoder = BitEncoder()
    for (probability, bit) in bits { _ = encoder.code(bit, probability: probability) }
    let bytes = encoder.finished()
    // 0, 0.08, 0.9, 0.06 and 0 bits on average.
    #expect((400...600).contains(bytes.count))
    var decoder = BitDecoder(bytes[...])
    for (probability, bit) in bits { #expect(decoder.code(0, probability: probability) == bit) }
    #expect(decoder.isAtEnd)
    for unlikely in [[1, 1, 1, 1, 0, 0], [0, 0, 0], []] {
      var encoder = BitEncoder()
      for bit in unlikely { _ = encoder.code(bit, probability: bit == 1 ? 1 : 65_535) }
      var decoder = BitDecoder(encoder.finished()[...])
      for bit in unlikely { #expect(decoder.code(0, probability: bit == 1 ? 1 : 65_535) == bit) }
      #expect(decoder.isAtEnd)
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
