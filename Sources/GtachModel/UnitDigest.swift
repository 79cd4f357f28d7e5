/// Names a unit of an object: the first 16 bytes of its SHA-256.
///
/// Half a SHA-256 is enough, as for an `ObjectID`: what an object yields is compared with the whole SHA-256 of its
/// chunk.
public struct UnitDigest: Hashable, Sendable {
  /// Length in bytes.
  public static let byteCount = 16

  private let high: UInt64
  private let low: UInt64

  /// The digest of a unit's bytes.
  public init(of unit: ArraySlice<UInt8>, hashing: some Hashing) {
    let digest = hashing.digest(of: unit).bytes
    self.init(words: digest[..<Self.byteCount])
  }

  /// The digest of a unit's bytes.
  public init(of unit: [UInt8], hashing: some Hashing) { self.init(of: unit[...], hashing: hashing) }

  /// Takes the 16 bytes; nil for any other number of them.
  public init?(_ bytes: some Collection<UInt8>) {
    // Of an array: what is generic over collections is slow beyond its own module.
    let bytes = Array(bytes)
    guard bytes.count == Self.byteCount else { return nil }
    self.init(words: bytes[...])
  }

  private init(words bytes: ArraySlice<UInt8>) {
    high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The 16 bytes, most significant first.
  public var bytes: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(Self.byteCount)
    for word in [high, low] {
      for shift in stride(from: UInt64(56), through: 0, by: -8) {
        result.append(UInt8(truncatingIfNeeded: word >> shift))
      }
    }
    return result
  }

  /// 32 lower-case hexadecimal digits.
  public var hex: String { Hexadecimal.encode(bytes) }
}

extension UnitDigest: CustomStringConvertible {
  /// The hexadecimal digits.
  public var description: String { hex }
}
