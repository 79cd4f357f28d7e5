/// The SHA-256 of some bytes (FIPS 180-4): the name of every chunk, object, unit, index, manifest and archive.
public struct Digest: Hashable, Sendable {
  /// Length of a digest in bytes.
  public static let byteCount = 32

  // Four words instead of an array: no allocation, and a dictionary of digests stays small.
  private let words: (UInt64, UInt64, UInt64, UInt64)

  /// Takes the digest's 32 bytes; nil for any other number of them.
  public init?(_ bytes: some Collection<UInt8>) {
    // Of an array: what is generic over collections is slow beyond its own module.
    let bytes = Array(bytes)
    guard bytes.count == Self.byteCount else { return nil }
    func word(_ start: Int) -> UInt64 { bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) } }
    words = (word(0), word(8), word(16), word(24))
  }

  /// Reads 64 lower-case hexadecimal digits; nil for anything else.
  public init?(hex: some StringProtocol) {
    guard let bytes = Hexadecimal.decode(hex) else { return nil }
    self.init(bytes)
  }

  /// The 32 bytes, most significant first.
  public var bytes: [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(Self.byteCount)
    for word in [words.0, words.1, words.2, words.3] {
      for shift in stride(from: 56, through: 0, by: -8) {
        result.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
    return result
  }

  /// The first byte: the bucket of an index digest, the folder of a store.
  public var firstByte: UInt8 { UInt8(truncatingIfNeeded: words.0 >> 56) }

  /// The first 8 bytes, most significant first: the name of a chunk in an object's header.
  public var firstWord: UInt64 { words.0 }

  /// 64 lower-case hexadecimal digits.
  public var hex: String { Hexadecimal.encode(bytes) }

  /// Whether both are the same 32 bytes.
  public static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }

  /// Mixes the digest into a hasher; a digest is uniform already, so one word would do.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
  }
}

extension Digest: Comparable {
  /// The order of the bytes.
  public static func < (left: Digest, right: Digest) -> Bool { left.words < right.words }
}

extension Digest: CustomStringConvertible {
  /// The hexadecimal digits.
  public var description: String { hex }
}

extension Digest: Codable {
  /// Reads the hexadecimal digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let digest = Digest(hex: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a SHA-256 in hexadecimal: \(text)")
    }
    self = digest
  }

  /// Writes the hexadecimal digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}
