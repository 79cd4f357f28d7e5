import GtachModel

/// What proves that a machine was invited: 16 random bytes that are good for one join. It is not printed by accident.
public struct InvitationSecret: Hashable, Sendable {
  /// Length in bytes.
  public static let byteCount = 16
  /// The 16 bytes.
  public let bytes: [UInt8]

  /// Takes the 16 bytes; nil for any other number of them.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = Array(bytes)
  }

  /// Whether both are the same, in a time that does not depend on where they differ.
  public static func == (left: Self, right: Self) -> Bool {
    zip(left.bytes, right.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension InvitationSecret: CustomStringConvertible, Codable {
  /// Nothing of the secret.
  public var description: String { "(secret)" }

  /// Reads 32 lower-case hexadecimal digits.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let bytes = Hexadecimal.decode(try container.decode(String.self)), let secret = Self(bytes) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not 32 lower-case hexadecimal digits")
    }
    self = secret
  }

  /// Writes 32 lower-case hexadecimal digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Hexadecimal.encode(bytes))
  }
}

/// What an operator carries from the inviting machine to the one that joins: `gtach1.` and base64url of
/// secret 16 bytes, fleet 16, inviter 16, length u8 and name, number u8 of hints, for each length u8 and `HOST:PORT`,
/// and the CRC-32 of all that, u32.
public struct InvitationToken: Hashable, Sendable {
  private static let prefix = "gtach1."

  /// Proves the invitation.
  public let secret: InvitationSecret
  /// The fleet to join; the authority that the inviter shows must have this key.
  public let fleet: FleetID
  /// Who invited; the server that is dialled must have this key.
  public let inviter: NodeID
  /// The name that the new member gets.
  public let name: NodeName
  /// Where the inviter may be found; without an answer there, discovery may find it by its id.
  public let hints: [Endpoint]

  /// A token from its fields; hints beyond `Limits.tokenHints` are left out, and any that could not be read back.
  public init(secret: InvitationSecret, fleet: FleetID, inviter: NodeID, name: NodeName, hints: [Endpoint]) {
    self.secret = secret
    self.fleet = fleet
    self.inviter = inviter
    self.name = name
    let readable = hints.filter { hint in
      let text = hint.description
      return text.utf8.count <= 255 && (try? Endpoint(text)) == hint
    }
    self.hints = Array(readable.prefix(Limits.tokenHints))
  }

  /// The token as text: letters, digits, `-`, `_` and one dot.
  public var text: String {
    var bytes = secret.bytes + fleet.bytes + inviter.bytes
    bytes.append(UInt8(name.text.utf8.count))
    bytes += name.text.utf8
    bytes.append(UInt8(hints.count))
    for hint in hints {
      let text = Array(hint.description.utf8)
      bytes.append(UInt8(text.count))
      bytes += text
    }
    let checksum = CRC32.checksum(of: bytes)
    for shift in stride(from: UInt32(24), through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: checksum >> shift))
    }
    return Self.prefix + Base64.url.encode(bytes)
  }

  /// Reads a token; white space around it does not matter.
  ///
  /// - Throws: `ErrorCode.tokenInvalid`.
  public init(_ text: String) throws(GtachError) {
    let words = text.split(whereSeparator: { $0.isWhitespace })
    guard words.count == 1, let token = words.first, token.utf8.count <= Limits.tokenCharacters,
      token.hasPrefix("gtach")
    else { throw Self.invalid("it is not one word that starts with \(Self.prefix)") }
    guard token.hasPrefix(Self.prefix) else {
      throw GtachError(
        .tokenInvalid, "this version of gtach does not understand the token", advice: "update gtach on this machine")
    }
    guard let bytes = Base64.url.decode(token.dropFirst(Self.prefix.count)), bytes.count > 4 else {
      throw Self.invalid("it has characters that no token has, or lacks some")
    }
    let content = bytes.dropLast(4)
    guard bytes.suffix(4).reduce(0, { $0 << 8 | UInt32($1) }) == CRC32.checksum(of: content) else {
      throw Self.invalid("its checksum is wrong: it was not copied whole")
    }
    try self.init(content: content)
  }

  private init(content: ArraySlice<UInt8>) throws(GtachError) {
    var rest = content
    func take(_ count: Int) throws(GtachError) -> ArraySlice<UInt8> {
      guard rest.count >= count else { throw Self.invalid("it ends early") }
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count)
    }
    func takeNumber() throws(GtachError) -> Int { try take(1).reduce(0) { $0 + Int($1) } }
    func takeString() throws(GtachError) -> String {
      String(decoding: try take(try takeNumber()), as: UTF8.self)
    }
    guard let secret = InvitationSecret(try take(InvitationSecret.byteCount)),
      let fleet = FleetID(try take(FleetID.byteCount)), let inviter = NodeID(try take(NodeID.byteCount))
    else { throw Self.invalid("it ends early") }
    do throws(GtachError) {
      let name = try NodeName(try takeString())
      let count = try takeNumber()
      guard count <= Limits.tokenHints else { throw Self.invalid("it has \(count) address hints") }
      var hints: [Endpoint] = []
      for _ in 0..<count { hints.append(try Endpoint(try takeString())) }
      guard rest.isEmpty else { throw Self.invalid("bytes follow its last field") }
      self.init(secret: secret, fleet: fleet, inviter: inviter, name: name, hints: hints)
    } catch {
      throw error.code == .tokenInvalid ? error : Self.invalid(error.message)
    }
  }

  private static func invalid(_ reason: String) -> GtachError {
    GtachError(
      .tokenInvalid, "this is not an invitation token", reason: reason,
      advice: "copy the whole line that \"gtach invite\" printed")
  }
}

/// CRC-32 as in Ethernet and zip (ISO 3309): the polynomial 0x04C11DB7, reflected. It notices slips, not attacks.
enum CRC32 {
  static func checksum(of bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(0xFFFF_FFFF) { (state: UInt32, byte: UInt8) in
      (0..<8).reduce(state ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
  }
}
