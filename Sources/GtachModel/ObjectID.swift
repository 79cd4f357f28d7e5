/// Names an object: the first 16 bytes of the SHA-256 of its units' digests, one after the other.
///
/// Half a SHA-256 is enough: whoever found another object of the same id, after some 2^128 attempts, could make
/// somebody fetch it for nothing. What an object yields is compared with the whole SHA-256 of its chunk.
public struct ObjectID: Hashable, Sendable {
  /// Length of an id in bytes.
  public static let byteCount = 16

  private let high: UInt64
  private let low: UInt64

  /// The id of the object that has units of these digests.
  public init(units: [UnitDigest], hashing: some Hashing) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(units.count * UnitDigest.byteCount)
    for digest in units { bytes += digest.bytes }
    let digest = hashing.digest(of: bytes).bytes
    self.init(words: digest[..<Self.byteCount])
  }

  /// Takes the id's 16 bytes; nil for any other number of them.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.init(words: bytes)
  }

  /// Reads 32 lower-case hexadecimal digits; nil for anything else.
  public init?(hex: some StringProtocol) {
    guard let bytes = Hexadecimal.decode(hex) else { return nil }
    self.init(bytes)
  }

  private init(words bytes: some Collection<UInt8>) {
    high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The 16 bytes, most significant first.
  public var bytes: [UInt8] {
    [high, low].flatMap { word in
      stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
    }
  }

  /// 32 lower-case hexadecimal digits.
  public var hex: String { Hexadecimal.encode(bytes) }
}

extension ObjectID: CustomStringConvertible {
  /// The hexadecimal digits.
  public var description: String { hex }
}
