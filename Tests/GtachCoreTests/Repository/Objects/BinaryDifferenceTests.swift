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
    try BinaryDifference.make(from: old, to: new[...]) { $0 }
  }

  /// Applies a difference whose frame are the new bytes themselves.
  private func apply(
    _ difference: [UInt8], to old: [UInt8], size: Int, with decoder: BinaryDifference.Decoder = .init()
  ) throws(GtachError) -> [UInt8] {
    try decoder.apply(difference[...], to: old, size: size) { frame, _ in Array(frame) }
  }

  @Test("applied to the older bytes it gives the newer ones, by one decoder one after the other")
  func roundTrip() throws {
    let decoder = BinaryDifference.Decoder()
    for seed in 0..<60 as Range<UInt64> {
      let (old, new) = Self.builds(seed: seed)
      #expect(try apply(make(old, new), to: old, size: new.count, with: decoder) == new)
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

  @Test("stretches are found wherever they stand, in zeros and among repetitions too")
  func stretches() throws {
    let noise = ChunkerTests.noise(100_000, seed: 105)
    #expect(
      BinaryDifference.stretches(from: noise, to: (noise[60_000...] + noise[..<60_000])[...]) == [
        .init(place: 60_000, copied: 40_000, added: 0), .init(place: 0, copied: 60_000, added: 0),
      ])
    // Windows that stand nowhere else are few here.
    let zeros = { [UInt8](repeating: 0, count: $0) }
    let old = noise[..<1000] + zeros(50_000) + noise[1000..<2000] + zeros(30_000)
    let new = noise[1000..<2000] + zeros(40_000) + noise[..<1000] + zeros(10_000)
    #expect(try make(Array(old), Array(new)).count < 60)
    // Records of 40 bytes that begin all alike: a stretch of them is another's continuation for a few bytes only.
    var records: [UInt8] = []
    for number in 0..<1000 { records += [UInt8](repeating: 7, count: 30) + noise[number * 10..<number * 10 + 10] }
    let moved = Array(records[20_000...] + records[..<20_000])
    #expect(try make(records, moved).count < 60)
    #expect(try apply(make(records, moved), to: records, size: moved.count) == moved)
  }

  @Test("nothing to nothing, nothing to something, something to nothing")
  func empty() throws {
    for (old, new) in [([], []), ([], [1, 2, 3]), ([1, 2, 3], []), ([1], [1]), ([], [0])] as [([UInt8], [UInt8])] {
      let difference = try make(old, new)
      #expect(try apply(difference, to: old, size: new.count) == new)
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
    #expect(vectors.count >= 10)
    for vector in vectors {
      let old = try #require(Hexadecimal.decode(vector.old))
      let new = try #require(Hexadecimal.decode(vector.new))
      let difference = try #require(Hexadecimal.decode(vector.difference))
      #expect(try apply(difference, to: old, size: new.count) == new, "\(vector.name)")
      let stretches = vector.stretches.map { BinaryDifference.Stretch(place: $0[0], copied: $0[1], added: $0[2]) }
      #expect(
        try BinaryDifference.encode(stretches, from: old, to: new[...]) { $0 } == difference, "\(vector.name)")
    }
  }

  @Test("claims out of range are an error")
  func hostile() throws {
    let old = ChunkerTests.noise(100, seed: 101)
    // Stretches as they are described, with nothing that changes, and as many new bytes and surprises as are given.
    func error(
      _ stretches: [(shift: Int, copied: Int, added: Int)], size: Int, new: Int? = nil, surprises: [UInt8] = []
    ) -> ErrorCode? {
      var encoder = BitEncoder()
      let model = DifferenceModel()
      for stretch in stretches {
        _ = model.signedNumber(stretch.shift, .shift, with: &encoder)
        _ = model.number(stretch.copied, .copied, with: &encoder)
        _ = model.number(stretch.added, .added, with: &encoder)
      }
      let new = new ?? min(stretches.reduce(0) { $0 + $1.added }, size)
      var difference: [UInt8] = []
      VariableInteger.append(new, to: &difference)
      if new > 0 { VariableInteger.append(new, to: &difference) }
      VariableInteger.append(surprises.count, to: &difference)
      difference += [UInt8](repeating: 7, count: new) + surprises + encoder.finished()
      return thrownError { try apply(difference, to: old, size: size) }?.code
    }
    #expect(error([(0, 100, 0)], size: 100) == nil)
    #expect(error([(0, 50, 10), (-50, 40, 0)], size: 100) == nil)
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
    // New bytes that are too few, too many, and more than there can be.
    #expect(error([(0, 50, 10)], size: 60, new: 9) == .objectCorrupt)
    #expect(error([(0, 50, 10)], size: 60, new: 11) == .objectCorrupt)
    #expect(error([(0, 0, 10)], size: 10, new: 11) == .objectCorrupt)
    // Surprises that cannot be read, and that never come.
    #expect(error([(0, 100, 0)], size: 100, surprises: [0x80]) == .objectCorrupt)
    #expect(error([(0, 100, 0)], size: 100, surprises: [100]) == .objectCorrupt)
    #expect(error([(0, 100, 0)], size: 100, surprises: [101, 1]) == .objectCorrupt)
  }

  @Test("a frame that gives another number of bytes is an error, and what its reader throws comes through")
  func frames() throws {
    let difference = try make([], [1, 2, 3])
    for count in [0, 2, 4] {
      #expect(
        thrownError {
          try BinaryDifference.Decoder().apply(difference[...], to: [], size: 3) { _, _ in
            [UInt8](repeating: 0, count: count)
          }
        }?.code == .objectCorrupt)
    }
    #expect(
      thrownError {
        try BinaryDifference.Decoder().apply(difference[...], to: [], size: 3) { _, _ throws(GtachError) in
          throw GtachError(.bug, "no")
        }
      }?.code == .bug)
  }

  @Test("whatever bytes come, they are an error or so many bytes")
  func robustness() throws {
    let decoder = BinaryDifference.Decoder()
    var random = SeededGenerator(seed: 103)
    func check(_ bytes: [UInt8], to old: [UInt8], size: Int) {
      do throws(GtachError) {
        #expect(try apply(bytes, to: old, size: size, with: decoder).count == size)
      } catch {
        #expect(error.code == .objectCorrupt)
      }
    }
    let noise = ChunkerTests.noise(3000, seed: 102)
    for round in 0..<300 {
      // No new bytes and no surprises, so that the rest is read as a code.
      let bytes = (round % 2 == 0 ? [0, 0] : []) + ChunkerTests.noise(round, seed: random.next())
      check(bytes, to: round % 3 == 0 ? [] : noise, size: Int.random(in: 0...2000, using: &random))
    }
    // Differences that are nearly right reach further into the decoder.
    for seed in 200..<208 as Range<UInt64> {
      let (old, new) = Self.builds(seed: seed)
      let difference = try make(old, new)
      for _ in 0..<12 {
        var damaged = difference
        let position = Int.random(in: damaged.indices, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: damaged[position] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: damaged.removeSubrange(position...)
        case 2: damaged.insert(UInt8.random(in: 0...255, using: &random), at: position)
        default: damaged.remove(at: position)
        }
        check(damaged, to: old, size: new.count)
        check(difference, to: old, size: new.count + Int.random(in: -5...5, using: &random) + 5)
        check(difference, to: Array(old.dropLast(position)), size: new.count)
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
    bytes.withUnsafeBytes { bytes in
      var decoder = BitDecoder(bytes)
      for (probability, bit) in bits { #expect(decoder.code(0, probability: probability) == bit) }
      #expect(decoder.isAtEnd)
    }
    for unlikely in [[1, 1, 1, 1, 0, 0], [0, 0, 0], []] {
      var encoder = BitEncoder()
      for bit in unlikely { _ = encoder.code(bit, probability: bit == 1 ? 1 : 65_535) }
      encoder.finished().withUnsafeBytes { bytes in
        var decoder = BitDecoder(bytes)
        for bit in unlikely { #expect(decoder.code(0, probability: bit == 1 ? 1 : 65_535) == bit) }
        #expect(decoder.isAtEnd)
      }
    }
  }
}
