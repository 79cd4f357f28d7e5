import GtachModel

/// The first 16 bytes of a SHA-256: enough to notice a difference, as in an index digest's buckets and root. Never used
/// where somebody gains by a collision: content is named by a whole `Digest`.
public struct ShortDigest: Hashable, Sendable {
  /// Length in bytes.
  public static let byteCount = 16
  /// 16 zero bytes: the digest of an empty bucket.
  public static let zero = ShortDigest(high: 0, low: 0)

  private let high: UInt64
  private let low: UInt64

  private init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The first 16 bytes of a digest.
  public init(_ digest: Digest) {
    let bytes = digest.bytes
    high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Takes the 16 bytes; nil for any other number of them.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Reads 32 lower-case hexadecimal digits; nil for anything else.
  public init?(hex: some StringProtocol) {
    guard let bytes = Hexadecimal.decode(hex) else { return nil }
    self.init(bytes)
  }

  /// The 16 bytes.
  public var bytes: [UInt8] {
    [high, low].flatMap { word in
      stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
    }
  }

  /// 32 lower-case hexadecimal digits.
  public var hex: String { Hexadecimal.encode(bytes) }
}

extension ShortDigest: CustomStringConvertible, Codable {
  /// The hexadecimal digits.
  public var description: String { hex }

  /// Reads the hexadecimal digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let digest = ShortDigest(hex: try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not 32 lower-case hexadecimal digits")
    }
    self = digest
  }

  /// Writes the hexadecimal digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}
