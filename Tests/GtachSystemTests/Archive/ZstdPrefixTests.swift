import GtachModel
import GtachSystem
import Testing

@Suite("Zstandard after a prefix")
struct ZstdPrefixTests {
  static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  @Test("bytes come back, and what the prefix has costs next to nothing", arguments: [1, 3, 19, 22])
  func roundTrip(level: Int) throws {
    let prefix = Self.noise(700_000, seed: 1)
    for count in [0, 1, 1000, 300_000] {
      let bytes = Array(prefix.prefix(count))
      let alone = try Zstd.compressBare(bytes[...], after: [], level: level)
      let after = try Zstd.compressBare(bytes[...], after: prefix, level: level)
      #expect(try Zstd.decompressBare(alone[...], after: [], size: count) == bytes)
      #expect(try Zstd.decompressBare(after[...], after: prefix, size: count) == bytes)
      #expect(alone.count > count)
      // The fastest level looks at the end of a long prefix only. How much the others save, each release of zstd
      // decides.
      if count > 1, level > 1 { #expect(after.count * 10 < count) }
    }
  }

  @Test("a bare frame is a usual one without the bytes that everybody knows")
  func isBare() throws {
    let bytes = Self.noise(100, seed: 2)
    // 2 bytes of frame header, 3 of block header: RFC 8878, 3.1.1.
    #expect(try Zstd.compressBare(bytes[...], after: [], level: 19).count == 105)
    let frame = try Zstd.compressBare([UInt8](repeating: 1, count: 5000)[...], after: [], level: 19)
    #expect(try Zstd.decompress([0x28, 0xB5, 0x2F, 0xFD] + frame, size: 5000) == [UInt8](repeating: 1, count: 5000))
  }

  @Test(
    "a bare frame behind the bytes that it lacks decodes though it does not state its size, and what may be skipped before it is",
    arguments: [0, 1, 255, 256, 70_000, 1 << 20])
  func whole(size: Int) throws {
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let frame = try [0x28, 0xB5, 0x2F, 0xFD] + Zstd.compressBare(bytes[...], after: [], level: 19)
    #expect(try Zstd.decompress(frame[...], maximumBytes: 1 << 20) == bytes)
    if size > 0 {
      #expect(thrownError { try Zstd.decompress(frame[...], maximumBytes: size - 1) }?.code == .objectCorrupt)
    }
    #expect(thrownError { try Zstd.decompress((frame + frame)[...], maximumBytes: 3 << 20) }?.code == .objectCorrupt)
    #expect(thrownError { try Zstd.decompress(frame.dropLast(), maximumBytes: 1 << 20) }?.code == .objectCorrupt)
    let skippable: [UInt8] = [0x5F, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3, 0x50, 0x2A, 0x4D, 0x18, 0, 0, 0, 0]
    #expect(Zstd.afterSkippable((skippable + frame)[...]) == frame[...])
    #expect(Zstd.afterSkippable(frame[...]) == frame[...])
    // One that is longer than all that is there is no frame.
    #expect(Zstd.afterSkippable([0x50, 0x2A, 0x4D, 0x18, 1, 0, 0, 0]).count == 8)
  }

  @Test("a prefix of many times the chunk is of use up to its first byte")
  func farAway() throws {
    let prefix = Self.noise(4 << 20, seed: 3)
    for start in [0, 1 << 20, (4 << 20) - 65_536] {
      let bytes = Self.noise(7, seed: 7) + prefix[start..<start + 65_536]
      let frame = try Zstd.compressBare(bytes[...], after: prefix, level: 19)
      #expect(frame.count < 50)
      #expect(try Zstd.decompressBare(frame[...], after: prefix, size: bytes.count) == bytes)
    }
  }

  @Test("another prefix, another size, a shortened or lengthened frame: an error, or other bytes, never more of them")
  func damage() throws {
    let prefix = Self.noise(3000, seed: 4)
    let bytes = Array(prefix[500..<900]) + Self.noise(50, seed: 5) + Array(prefix[100..<400])
    let frame = try Zstd.compressBare(bytes[...], after: prefix, level: 19)
    func error(_ frame: [UInt8], _ prefix: [UInt8], _ size: Int) -> GtachError? {
      thrownError { try Zstd.decompressBare(frame[...], after: prefix, size: size) }
    }
    for end in 0..<frame.count { #expect(error(Array(frame[..<end]), prefix, bytes.count)?.code == .objectCorrupt) }
    #expect(error(frame + [0], prefix, bytes.count)?.code == .objectCorrupt)
    #expect(error(frame + frame, prefix, bytes.count)?.code == .objectCorrupt)
    #expect(error(frame, prefix, bytes.count - 1)?.code == .objectCorrupt)
    #expect(error(frame, prefix, bytes.count + 1)?.code == .objectCorrupt)
    #expect(error(frame, [], bytes.count)?.code == .objectCorrupt)
    #expect(error(frame, Array(prefix.suffix(100)), bytes.count)?.code == .objectCorrupt)
    for position in frame.indices {
      for bit in 0..<8 {
        var damaged = frame
        damaged[position] ^= 1 << UInt8(bit)
        // Some damage yields other bytes: that is for the chunk's SHA-256 to see.
        let error = error(damaged, prefix, bytes.count)
        #expect(error == nil || error?.code == .objectCorrupt)
      }
    }
  }

  @Test("a level that does not exist is the operator's mistake", arguments: [0, 23, -5])
  func levels(level: Int) {
    #expect(thrownError { try Zstd.compressBare([1], after: [], level: level) }?.code == .usage)
  }
}
