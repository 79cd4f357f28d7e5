import GtachModel
import Testing

@Suite struct BytesAndTimesTests {
  @Test func hexadecimalIsOneSpellingPerValue() {
    let every = (0...255).map { UInt8($0) }
    #expect(Hexadecimal.decode(Hexadecimal.encode(every)) == every)
    #expect(Hexadecimal.encode([0, 0x0F, 0xA0, 0xFF]) == "000fa0ff")
    #expect(Hexadecimal.decode("") == [])
    for text in ["0", "000", "0g", "FF", "0x00", " 00", "00 ", "0\u{0}", "００", "é0"] {
      #expect(Hexadecimal.decode(text) == nil, "\(text)")
    }
  }

  @Test func digestsAreThirtyTwoBytesInOrder() throws {
    let bytes = (0..<32).map { UInt8($0 * 7 + 1) }
    let digest = try #require(Digest(bytes))
    #expect(digest.bytes == bytes)
    #expect(digest.firstByte == 1)
    #expect(digest.hex == Hexadecimal.encode(bytes))
    #expect(Digest(hex: digest.hex) == digest)
    #expect(digest.description == digest.hex)
    for count in [0, 31, 33, 64] { #expect(Digest(Array(repeating: 1, count: count)) == nil) }
    #expect(Digest(hex: digest.hex.uppercased()) == nil)
    #expect(Digest(hex: String(digest.hex.dropLast())) == nil)
  }

  @Test func digestsCompareByteByByte() throws {
    // One that differs from the first in a single byte, for each byte, in both directions.
    let base = [UInt8](repeating: 0x80, count: 32)
    let middle = try #require(Digest(base))
    for position in base.indices {
      var (smaller, larger) = (base, base)
      smaller[position] = 0x7F
      larger[position] = 0x81
      let (low, high) = try (#require(Digest(smaller)), #require(Digest(larger)))
      #expect(low < middle && middle < high && low < high)
      #expect(low != middle && high != middle)
      #expect(!(middle < low) && !(high < middle))
    }
  }

  @Test func objectIDsAreTheFirstHalfOfADigestOfDigests() throws {
    struct Joined: Hashing {
      func digest(of bytes: ArraySlice<UInt8>) -> Digest {
        guard let digest = Digest(bytes) else { preconditionFailure("not 32 bytes") }
        return digest
      }
    }
    let (one, two) = try (
      #require(UnitDigest((0..<16).map { UInt8($0) })), #require(UnitDigest((0..<16).map { UInt8($0 + 100) }))
    )
    let id = ObjectID(units: [one, two], hashing: Joined())
    #expect(id.bytes == Array(0...15))
    #expect(id.hex == Hexadecimal.encode(id.bytes) && id.description == id.hex)
    #expect(ObjectID(hex: id.hex) == id && ObjectID(id.bytes) == id)
    #expect(ObjectID(units: [two, one], hashing: Joined()) != id)
    for count in [0, 15, 17, 32] { #expect(ObjectID(Array(repeating: 1, count: count)) == nil) }
    #expect(ObjectID(hex: id.hex + "00") == nil && ObjectID(hex: id.hex.uppercased()) == nil)
  }

  @Test func unitDigestsAreTheFirstHalfOfADigest() throws {
    struct Repeated: Hashing {
      func digest(of bytes: ArraySlice<UInt8>) -> Digest {
        Digest((0..<32).map { UInt8($0) &+ (bytes.last ?? 0) }) ?? preconditionFailure()
      }
      private func preconditionFailure() -> Digest { Swift.preconditionFailure("32 bytes") }
    }
    let digest = UnitDigest(of: [9, 7], hashing: Repeated())
    #expect(digest.bytes == Array(7...22))
    #expect(digest == UnitDigest(of: [1, 7, 3][..<2], hashing: Repeated()))
    #expect(digest != UnitDigest(of: [9, 8], hashing: Repeated()))
    #expect(digest.hex == Hexadecimal.encode(digest.bytes) && digest.description == digest.hex)
    #expect(UnitDigest(digest.bytes) == digest && UnitDigest((0..<20).map { UInt8($0 + 5) }[2..<18]) == digest)
    for count in [0, 15, 17, 32] { #expect(UnitDigest(Array(repeating: 1, count: count)) == nil) }
  }

  @Test func nodeIDsAreTheBeginningOfADigest() throws {
    struct FixedHash: Hashing {
      func digest(of bytes: ArraySlice<UInt8>) -> Digest {
        Digest((0..<32).map { UInt8($0) &+ (bytes.first ?? 0) }) ?? preconditionFailure()
      }
      private func preconditionFailure() -> Digest { Swift.preconditionFailure("32 bytes") }
    }
    let id = NodeID(publicKey: [0x10, 0x20], hashing: FixedHash())
    #expect(id.hex == "101112131415161718191a1b1c1d1e1f")
    #expect(id.description == "10111213")
    #expect(NodeID(hex: id.hex) == id)
    for text in ["", "10", id.hex + "00", id.hex.uppercased(), "g" + id.hex.dropFirst()] {
      #expect(NodeID(hex: text) == nil)
    }
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:01Z"), (951_782_400, "2000-02-29T00:00:00Z"),
    (1_763_645_640, "2025-11-20T13:34:00Z"), (4_102_444_799, "2099-12-31T23:59:59Z"), (-1, "1969-12-31T23:59:59Z"),
    (253_402_300_799, "9999-12-31T23:59:59Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
  ])
  func timestampsReadBackAsWritten(seconds: Int64, text: String) {
    #expect(Timestamp(secondsSinceEpoch: seconds).description == text)
    #expect(Timestamp(text)?.secondsSinceEpoch == seconds)
  }

  @Test(arguments: [
    "", "2025-11-20", "2025-11-20T13:34:00", "2025-11-20T13:34:00z", "2025-11-20t13:34:00Z", "2025-11-20 13:34:00Z",
    "2025-11-20T13:34:00.5Z", "2025-11-20T13:34:00+00:00", "2025-11-20T13:34Z", "20251120T133400Z",
    "2025-13-01T00:00:00Z",
    "2025-00-10T00:00:00Z", "2025-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2025-11-31T00:00:00Z",
    "2025-11-00T00:00:00Z",
    "2025-11-20T24:00:00Z", "2025-11-20T23:60:00Z", "2025-11-20T23:59:61Z", "+025-11-20T13:34:00Z",
    "2025-11-2 T13:34:00Z",
    "２０25-11-20T13:34:00", "99999-01-01T00:00:00Z", "2025-11-20T13:34:00Z ", "2025-1-020T13:34:00Z",
    "2025-11-20T-1:34:00Z",
  ])
  func refusesOtherTimes(text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test func daysAreCountedAcrossMonthsAndLeapYears() throws {
    let start = try #require(Timestamp("2024-02-28T12:00:00Z"))
    #expect(start.advanced(byDays: 1).description == "2024-02-29T12:00:00Z")
    #expect(start.advanced(byDays: 2).description == "2024-03-01T12:00:00Z")
    #expect(start.advanced(byDays: -365).description == "2023-02-28T12:00:00Z")
    #expect(start < start.advanced(byDays: 1))
  }

  @Test func instantsOnlyCount() {
    let start = Instant(milliseconds: 5)
    #expect(start.advanced(byMilliseconds: 10) == Instant(milliseconds: 15))
    #expect(start < start.advanced(byMilliseconds: 1))
    #expect(!(start < start))
  }

  @Test func aSeedReplaysItsNumbers() {
    func numbers(_ seed: UInt64) -> [UInt64] {
      var generator = SeededGenerator(seed: seed)
      return (0..<5).map { _ in generator.next() }
    }
    #expect(numbers(7) == numbers(7))
    #expect(numbers(7) != numbers(8))
    #expect(Set(numbers(7)).count == 5)
  }
}
