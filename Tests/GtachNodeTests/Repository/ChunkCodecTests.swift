import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@testable import GtachNode

@Suite("Encoding and decoding chunks")
struct ChunkCodecTests {
  private static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
  }

  @Test("no frame is longer than the one bound of frames, however little can be compressed")
  func bound() throws {
    for size in [0, 1, 100, 1000, 65_535, 131_072, 200_000, 1 << 20] {
      let bytes = Self.noise(size, seed: UInt64(size))
      for level in [1, 3] {
        #expect(try Zstd.compress(bytes, level: level).count <= Limits.zstdFrameBytes(size: size))
        #expect(try Zstd.compressBare(bytes[...], after: [], level: level).count <= Limits.zstdFrameBytes(size: size))
      }
    }
  }

  /// Words of a small vocabulary.
  private static func text(_ count: Int, seed: UInt64) -> [UInt8] {
    var random = SeededGenerator(seed: seed)
    let words = (0..<300).map { _ in
      (0..<Int.random(in: 2...9, using: &random)).map { _ in UInt8.random(in: 97...122, using: &random) }
    }
    var bytes: [UInt8] = []
    while bytes.count < count { bytes += words[Int.random(in: words.indices, using: &random)] + [32] }
    return Array(bytes.prefix(count))
  }

  /// A chunk of another build of a program, of which all addresses are others and a part is new; and the build before.
  private static func builds(_ count: Int, seed: UInt64) -> (old: [UInt8], new: [UInt8]) {
    var random = SeededGenerator(seed: seed)
    var old = noise(count, seed: seed)
    var new = old
    var position = 0
    while position + 3 <= count {
      // An instruction, and an address after it.
      old.replaceSubrange(position..<position + 2, with: [0x48, 0x8D])
      new.replaceSubrange(position..<position + 3, with: [0x48, 0x8D, old[position + 2] &+ 64])
      position += Int.random(in: 5...40, using: &random)
    }
    for _ in 0..<4 {
      new.insert(contentsOf: noise(30, seed: random.next()), at: Int.random(in: 0..<new.count, using: &random))
    }
    return (old, new)
  }

  private let decoder = ChunkDecoder()

  private func decode(_ object: [UInt8], prefix: [UInt8], size: Int) throws(GtachError) -> [UInt8] {
    var body = object[...]
    let header = try ObjectHeader(takenFrom: &body, chunkSize: size, archiveSize: 10 << 20)
    return try decoder.chunk(from: body, header.body, prefix: prefix, size: size)
  }

  private static func object(
    of chunk: [UInt8], after prefix: ChunkEncoder.Prefix, level: Int = 19, triesDifferences: Bool = true
  ) throws(GtachError) -> [UInt8] {
    let encoder = ChunkEncoder(level: level)
    guard triesDifferences, !prefix.bytes.isEmpty else { return try encoder.frame(of: chunk, after: prefix) }
    return try encoder.shortest(of: chunk, after: prefix) { () throws(GtachError) in prefix }
  }

  private func body(of object: [UInt8]) throws -> ObjectHeader.Body {
    var rest = object[...]
    return try ObjectHeader(takenFrom: &rest, chunkSize: 1 << 20, archiveSize: 10 << 20).body
  }

  @Test("every kind of body is chosen where it is the shortest or nearly so, and comes back")
  func kinds() throws {
    let (old, new) = Self.builds(100_000, seed: 1)
    let long = Self.text(200_000, seed: 2)
    let text = Array(long.prefix(100_000))
    let cases: [(chunk: [UInt8], prefix: [UInt8], body: ObjectHeader.Body, limit: Int)] = [
      (text, [], .frame, 40_000),
      (text, Array(long.suffix(100_000)), .frame, 40_000),
      // Here a frame would be hardly shorter, if it is.
      (text, Self.noise(5000, seed: 3) + text.dropFirst(10), .difference, 60),
      (new, old, .difference, 3000),
    ]
    for (chunk, prefix, body, limit) in cases {
      let pieces = [0..<(prefix.count + 255) / 256 * 256]
      let object = try Self.object(of: chunk, after: (prefix.isEmpty ? .none : .pieces(pieces), prefix))
      #expect(try self.body(of: object) == body)
      #expect(object.count < limit)
      #expect(try decode(object, prefix: prefix, size: chunk.count) == chunk)
    }
  }

  @Test("what hardly compresses is not tried at the highest level, which takes nearly all of the time; text is")
  func hopeless() throws {
    let shared = Self.noise(50_000, seed: 20)
    let long = Self.text(200_000, seed: 21)
    let cases: [(chunk: [UInt8], prefix: [UInt8], isTried: Bool)] = [
      (shared + Self.noise(100_000, seed: 22), shared, false),
      (Array(long.prefix(100_000)), Array(long.suffix(100_000)), true),
    ]
    for (chunk, prefix, isTried) in cases {
      let pieces: ChunkEncoder.Prefix = (.pieces([0..<(prefix.count + 255) / 256 * 256]), prefix)
      var wasTried = false
      let object = try ChunkEncoder(level: 19).shortest(of: chunk, after: pieces) { () throws(GtachError) in
        wasTried = true
        return pieces
      }
      #expect(wasTried == isTried)
      #expect(try decode(object, prefix: prefix, size: chunk.count) == chunk)
      #expect(try object.count <= ChunkEncoder(level: 19).frame(of: chunk, after: pieces).count * 101 / 100)
    }
  }

  @Test("chunks of every kind and length come back at every level", arguments: [1, 9, 19])
  func roundTrip(level: Int) throws {
    for count in [1, 2, 33, 5000, 50_000] {
      let (old, new) = Self.builds(count, seed: UInt64(count))
      for chunk in [new, Self.text(count, seed: 7), [UInt8](repeating: 0, count: count), Self.noise(count, seed: 8)] {
        let prefixes: [([UInt8], ObjectHeader.Prefix)] = [([], .none), (old, .chunks([1])), (old, .pieces([0..<256]))]
        for (prefix, name) in prefixes {
          for triesDifferences in [false, true] {
            let object = try Self.object(
              of: chunk, after: (name, prefix), level: level, triesDifferences: triesDifferences)
            #expect(try decode(object, prefix: prefix, size: chunk.count) == chunk)
            #expect(object.count < chunk.count + 50)
          }
        }
      }
    }
  }

  @Test("a damaged object is an error or other bytes of the right length, never more")
  func hostile() throws {
    let (old, new) = Self.builds(600, seed: 4)
    let text = Self.text(300, seed: 5)
    let before = Array(text.dropFirst(100))
    let cases = [
      (new, old, try Self.object(of: new, after: (.pieces([0..<768]), old))),
      (text, [], try Self.object(of: text, after: (.none, []))),
      (text, before, try Self.object(of: text, after: (.pieces([0..<256]), before), triesDifferences: false)),
    ]
    #expect(try cases.map { try body(of: $0.2) } == [.difference, .frame, .frame])
    for (chunk, prefix, object) in cases {
      func check(_ damaged: [UInt8], size: Int) {
        do throws(GtachError) {
          #expect(try decode(damaged, prefix: prefix, size: size).count == size)
        } catch {
          #expect(error.code == .objectCorrupt)
        }
      }
      for end in 0..<object.count { check(Array(object[..<end]), size: chunk.count) }
      for size in [0, 1, chunk.count - 1, chunk.count + 1, 1 << 20] { check(object, size: size) }
      for end: UInt8 in [1, 255] { check(object + [end], size: chunk.count) }
      for end: [UInt8] in [[0], [1, 2, 3, 4]] {
        #expect(thrownError { try decode(object + end, prefix: prefix, size: chunk.count) }?.code == .objectCorrupt)
      }
      for position in object.indices {
        for bit in 0..<8 {
          var damaged = object
          damaged[position] ^= 1 << UInt8(bit)
          check(damaged, size: chunk.count)
        }
      }
    }
  }

  @Test("an object is the same on every thread")
  func determinism() throws {
    let (old, new) = Self.builds(60_000, seed: 6)
    let objects = Mailbox<[UInt8]>()
    let threads = try (0..<4).map { number in
      try WorkerThread(name: "encoder \(number)") {
        do throws(GtachError) {
          objects.post(try Self.object(of: new, after: (.pieces([0..<60_160]), old)))
        } catch {
          objects.post([])
        }
      }
    }
    for thread in threads { thread.join() }
    let expected = try Self.object(of: new, after: (.pieces([0..<60_160]), old))
    for _ in threads { #expect(objects.receive(until: nil) == expected) }
  }
}
