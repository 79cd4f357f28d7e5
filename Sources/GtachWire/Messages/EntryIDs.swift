import GtachModel

/// Names of entries that both sides have: the first 6 bytes of each entry's digest, of which the first is the number of
/// its bucket. In JSON they are one string, 12 hexadecimal digits each, ascending.
///
/// Who finds two entries with the same name, after some 2^24 attempts, keeps from a peer that a variant is
/// held; nothing else depends on it.
public struct EntryIDs: Hashable, Sendable {
  /// Length of a name in bytes.
  static let byteCount = 6

  /// The names, ascending: the 6 bytes of each as a number.
  public let values: [UInt64]

  /// These names, in any order.
  public init(_ values: some Sequence<UInt64>) { self.values = Set(values).sorted() }

  /// The names of the entries of these digests.
  public init(_ digests: some Sequence<Digest>) { self.init(digests.lazy.map(Self.value)) }

  /// The name of the entry of a digest.
  public static func value(_ digest: Digest) -> UInt64 { digest.firstWord >> (64 - 8 * UInt64(byteCount)) }

  /// The number of an entry's bucket.
  public static func bucket(of value: UInt64) -> UInt8 {
    UInt8(truncatingIfNeeded: value >> (8 * UInt64(byteCount - 1)))
  }
}

extension EntryIDs: Codable {
  /// Reads the hexadecimal digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let bytes = Hexadecimal.decode(text), bytes.count % Self.byteCount == 0 else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not names of entries")
    }
    values = stride(from: 0, to: bytes.count, by: Self.byteCount).map { start in
      bytes[start..<start + Self.byteCount].reduce(0) { $0 << 8 | UInt64($1) }
    }
    guard zip(values, values.dropFirst()).allSatisfy({ $0 < $1 }), values.count <= Limits.entryIDsPerMessage else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "names of entries that do not ascend, or too many of them")
    }
  }

  /// Writes the hexadecimal digits.
  public func encode(to encoder: any Encoder) throws {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * Self.byteCount)
    for value in values {
      for place in (0..<UInt64(Self.byteCount)).reversed() {
        bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place)))
      }
    }
    var container = encoder.singleValueContainer()
    try container.encode(Hexadecimal.encode(bytes))
  }
}
