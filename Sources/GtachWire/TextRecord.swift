import GtachModel

/// What a node says of itself in its DNS-SD advertisement (RFC 6763, section 6). A hint, never a proof: only TLS shows
/// who a peer is.
public struct TextRecord: Hashable, Sendable {
  /// The versions of the protocol that the node speaks: key `v`, separated by commas.
  public let versions: [Int]
  /// The node: key `id`.
  public let node: NodeID
  /// Its fleet: key `f`.
  public let fleet: FleetID
  /// The root of its index digest: key `d`.
  public let indexRoot: ShortDigest
  /// The version of its TUF timestamp: key `m`.
  public let metadataVersion: Int

  /// A record from its fields.
  public init(
    versions: [Int] = Hello.supportedVersions, node: NodeID, fleet: FleetID, indexRoot: ShortDigest,
    metadataVersion: Int
  ) {
    self.versions = versions
    self.node = node
    self.fleet = fleet
    self.indexRoot = indexRoot
    self.metadataVersion = metadataVersion
  }

  private var orderedPairs: [(key: String, value: String)] {
    [
      ("v", versions.map(String.init).joined(separator: ",")), ("id", node.hex), ("f", fleet.hex),
      ("d", indexRoot.hex), ("m", String(metadataVersion)),
    ]
  }

  /// The keys and their values.
  public var pairs: [String: String] {
    Dictionary(orderedPairs.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
  }

  /// The record as DNS carries it: strings of `KEY=VALUE`, each after its length in one byte, `v` first.
  public var bytes: [UInt8] {
    orderedPairs.flatMap { pair in
      let string = Array("\(pair.key)=\(pair.value)".utf8)
      return [UInt8(string.count)] + string
    }
  }

  /// Reads the keys that this program knows and ignores the others.
  ///
  /// - Throws: `ErrorCode.protocolVersion` where no version is common, `ErrorCode.protocolViolation` where a key is
  ///   missing or its value is not what it has to be.
  public init(pairs: [String: String]) throws(GtachError) {
    func value<Value>(_ key: String, _ read: (String) -> Value?) throws(GtachError) -> Value {
      guard let text = pairs[key] else { throw Self.malformed("the key \(key) is missing") }
      guard let value = read(text) else { throw Self.malformed("the value of \(key) is wrong") }
      return value
    }
    func number(_ text: some StringProtocol) -> Int? {
      guard (1...16).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let number = Int(text), number <= Limits.integer
      else { return nil }
      return number
    }
    versions = try value("v") { text in
      let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map(number)
      let known = numbers.compactMap { $0 }
      return known.count == numbers.count && known.count <= Limits.versions ? known : nil
    }
    guard versions.contains(where: Hello.supportedVersions.contains) else {
      throw .noCommonVersion(versions.map(String.init).joined(separator: ", "))
    }
    node = try value("id") { NodeID(hex: $0) }
    fleet = try value("f") { FleetID(hex: $0) }
    indexRoot = try value("d") { ShortDigest(hex: $0) }
    metadataVersion = try value("m") { number($0) }
  }

  /// Reads a record as DNS carries it.
  ///
  /// - Throws: as `init(pairs:)`; also `ErrorCode.protocolViolation` for a record that is longer than
  ///   `Limits.textRecordBytes` or ends in the middle of a string.
  public init(bytes: [UInt8]) throws(GtachError) { try self.init(pairs: Self.pairs(of: bytes)) }

  /// The keys, in lower case, and values of any TXT record. Of a key that occurs twice the first counts, a string
  /// without a key is ignored, and one without `=` has an empty value (RFC 6763, section 6.4).
  ///
  /// - Throws: `ErrorCode.protocolViolation` for a record that is longer than `Limits.textRecordBytes` or ends in the
  ///   middle of a string.
  public static func pairs(of bytes: [UInt8]) throws(GtachError) -> [String: String] {
    guard bytes.count <= Limits.textRecordBytes else { throw malformed("it has \(bytes.count) bytes") }
    var pairs: [String: String] = [:]
    var rest = bytes[...]
    while let count = rest.popFirst() {
      guard rest.count >= Int(count) else { throw malformed("it ends in the middle of a string") }
      let parts = rest.prefix(Int(count)).split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
      rest = rest.dropFirst(Int(count))
      guard let name = parts.first, !name.isEmpty else { continue }
      let key = String(decoding: name, as: UTF8.self).lowercased()
      let value = parts.count == 2 ? String(decoding: parts[1], as: UTF8.self) : ""
      if pairs[key] == nil { pairs[key] = value }
    }
    return pairs
  }

  private static func malformed(_ reason: String) -> GtachError {
    GtachError(.protocolViolation, "a peer advertises itself in a way that makes no sense", reason: reason)
  }
}
