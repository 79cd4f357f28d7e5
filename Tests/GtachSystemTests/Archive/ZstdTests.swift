import GtachModel
import GtachSystem
import Testing

@Suite("Zstandard")
struct ZstdTests {
  @Test("bytes come back, at every level", arguments: [1, 3, 19, 22])
  func roundTrip(level: Int) throws {
    var random = SeededGenerator(seed: 1)
    for count in [0, 1, 1000, 300_000] {
      let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 % 251) }
      let noise = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
      for bytes in [plain, noise] {
        let frame = try Zstd.compress(bytes, level: level)
        #expect(try Zstd.decompress(frame, size: count) == bytes)
        #expect(thrownError { try Zstd.decompress(frame, size: count + 1) }?.code == .objectCorrupt)
        if count > 0 { #expect(thrownError { try Zstd.decompress(frame, size: count - 1) }?.code == .objectCorrupt) }
      }
    }
  }

  @Test("a bomb yields an error and no memory")
  func bomb() throws {
    let frame = try Zstd.compress([UInt8](repeating: 0, count: 256 << 20), level: 3)
    #expect(frame.count < 100_000)
    #expect(thrownError { try Zstd.decompress(frame, size: 262_144) }?.code == .objectCorrupt)
  }

  @Test("memory that is used again changes nothing that somebody still has, and no frame depends on the one before")
  func memory() throws {
    let memory = ZstdMemory()
    let bytes = (1...3).map { [UInt8](repeating: $0, count: 400_000 / Int($0)) }
    let frames = try bytes.map { try Zstd.compress($0, level: Int($0[0]), with: memory) }
    #expect(try frames == bytes.map { try Zstd.compress($0, level: Int($0[0])) })
    #expect(thrownError { try Zstd.decompress(frames[0], size: 10, with: memory) }?.code == .objectCorrupt)
    let decoded = try zip(frames, bytes).map { try Zstd.decompress($0, size: $1.count, with: memory) }
    #expect(decoded == bytes)
  }

  @Test("anything but exactly one frame is refused")
  func damage() throws {
    let frame = try Zstd.compress(Array("gtach ".utf8) + Array(repeating: 65, count: 500), level: 19)
    for end in 0..<frame.count {
      #expect(thrownError { try Zstd.decompress(Array(frame[..<end]), size: 506) }?.code == .objectCorrupt)
    }
    #expect(thrownError { try Zstd.decompress(frame + [0], size: 506) }?.code == .objectCorrupt)
    let empty = try Zstd.compress([], level: 1)
    #expect(thrownError { try Zstd.decompress(frame + empty, size: 506) }?.code == .objectCorrupt)
    for position in frame.indices {
      var damaged = frame
      damaged[position] ^= 0x55
      // Some damage yields other bytes: that is for the chunk's SHA-256 to see.
      let error = thrownError { try Zstd.decompress(damaged, size: 506) }
      #expect(error == nil || error?.code == .objectCorrupt)
    }
  }

  @Test("a frame is decoded up to a maximum, whether it states its size or not")
  func statedSize() throws {
    let bytes = [UInt8](repeating: 65, count: 5000)
    let frame = try Zstd.compress(bytes, level: 1)
    #expect(try Zstd.decompress(frame[...], maximumBytes: 5000) == bytes)
    #expect(try Zstd.decompress(Zstd.compress([], level: 1)[...], maximumBytes: 0) == [])
    let unstated = [0x28, 0xB5, 0x2F, 0xFD] + (try Zstd.compressBare(bytes[...], after: [], level: 1))
    #expect(try Zstd.decompress(unstated[...], maximumBytes: 5000) == bytes)
    #expect(try Zstd.decompress(unstated[...], maximumBytes: 1 << 20).capacity < 6000, "it keeps no room")
    for (frame, maximum) in [(frame, 4999), (unstated, 4999), ([], 5000), ([1, 2, 3], 5000), (frame + [0], 5000)] {
      #expect(thrownError { try Zstd.decompress(frame[...], maximumBytes: maximum) }?.code == .objectCorrupt)
    }
  }

  @Test("a level that does not exist is the operator's mistake", arguments: [0, 23, -5])
  func levels(level: Int) {
    #expect(thrownError { try Zstd.compress([1], level: level) }?.code == .usage)
  }
}
