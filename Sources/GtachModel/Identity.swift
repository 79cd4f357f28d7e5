/// Who a node is: the first 16 bytes of the SHA-256 of its certificate's 32-byte Ed25519 public key. Names may collide
/// or be renamed; this may not.
public struct NodeID: Hashable, Sendable {
  /// Length in bytes.
  public static let byteCount = 16
  /// The 16 bytes.
  public let bytes: [UInt8]

  /// The id of the owner of a public key.
  public init(publicKey: [UInt8], hashing: some Hashing) {
    bytes = Array(hashing.digest(of: publicKey).bytes.prefix(Self.byteCount))
  }

  /// Takes the 16 bytes; nil for any other number of them.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = Array(bytes)
  }

  /// Reads 32 lower-case hexadecimal digits; nil for anything else.
  public init?(hex: some StringProtocol) {
    guard let bytes = Hexadecimal.decode(hex) else { return nil }
    self.init(bytes)
  }

  /// 32 lower-case hexadecimal digits.
  public var hex: String { Hexadecimal.encode(bytes) }
}

extension NodeID: Comparable, CustomStringConvertible {
  /// The order of the bytes.
  public static func < (left: NodeID, right: NodeID) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
  /// The first 8 digits: enough for people to tell nodes apart in a log.
  public var description: String { String(hex.prefix(8)) }
}

extension NodeID: Codable {
  /// Reads the hexadecimal digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let id = NodeID(hex: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a node id: \(text)")
    }
    self = id
  }
  /// Writes the hexadecimal digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(hex)
  }
}

/// Which fleet a node belongs to: the `NodeID` construction over the public key of the fleet's certificate authority.
public typealias FleetID = NodeID

/// A node's name for people (`pi-1`): 1 to 63 lower-case letters, digits and `-`, starting and ending with a letter
/// or digit, as a host's name is (RFC 1123). Never used as identity.
public struct NodeName: Hashable, Sendable, CustomStringConvertible {
  /// The name as written.
  public let text: String

  /// Checks a name.
  ///
  /// - Throws: `ErrorCode.nameInvalid`.
  public init(_ text: String) throws(GtachError) {
    let characters = Array(text.utf8)
    let plain = characters.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
    }
    guard (1...63).contains(characters.count), plain, characters.first != 0x2D, characters.last != 0x2D else {
      throw GtachError(
        .nameInvalid, "\"\(text)\" is not a node name",
        advice: "use 1 to 63 lower-case letters, digits and '-', as in \"pi-1\"")
    }
    self.text = text
  }

  /// The name.
  public var description: String { text }
}

extension NodeName: Codable {
  /// Reads and checks a name.
  public init(from decoder: any Decoder) throws { self = try StrictJSON.parsed(decoder, Self.init(_:)) }
  /// Writes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
