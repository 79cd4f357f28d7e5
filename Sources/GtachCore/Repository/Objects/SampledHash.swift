import GtachModel

/// The hash of a 32-byte window, of about one window in 64. Which windows those are follows from what is in them alone:
/// where the same bytes stand in another archive, however shifted, the same windows are chosen there.
public struct SampledHash: Hashable, Sendable {
  /// The length of a window in bytes.
  public static let windowBytes = 32
  /// One window in two to the power of this is chosen.
  static let densityBits = 6

  /// The hash.
  public let value: UInt32
  /// Where the window begins in the bytes that were given.
  public let offset: Int32

  /// The sampled hashes of some bytes, in their order. Of several windows in a row with the same hash, as in a run of
  /// zeros, only the first counts.
  public static func hashes(of bytes: ArraySlice<UInt8>) -> [SampledHash] {
    var result: [SampledHash] = []
    result.reserveCapacity(bytes.count >> densityBits + bytes.count >> (densityBits + 3))
    bytes.withUnsafeBufferPointer { bytes in
      gears.withUnsafeBufferPointer { gears in
        var hash: UInt64 = 0
        var position = -1
        for byte in bytes {
          position += 1
          // What came in 32 bytes ago has been shifted out.
          hash = hash << 2 &+ gears[Int(byte)]
          guard hash >> (64 - UInt64(densityBits)) == 0, position >= windowBytes - 1 else { continue }
          let mixed = (hash ^ hash >> 31) &* 0x9E37_79B9_7F4A_7C15
          let value = UInt32(truncatingIfNeeded: mixed >> 32)
          if result.last?.value == value { continue }
          result.append(SampledHash(value: value, offset: Int32(position - windowBytes + 1)))
        }
      }
    }
    return result
  }

  private static let gears: [UInt64] = {
    var generator = SeededGenerator(seed: 0x6774_6163_6820_3032)
    return (0..<256).map { _ in generator.next() }
  }()
}
