import GtachModel

/// Asks for a lease, without which nobody may ask for units (binary): id u32, follow u32, have u32, urgent u8; answered
/// by a `lease` when the accepter has room, and by another when it takes the lease back.
public struct Claim: Hashable, Sendable {
  static let bodyBytes = 13

  /// The request's number, repeated in the answers, and named by `getUnit`.
  public let id: UInt32
  /// The id of the `follow` that says of which index units are wanted.
  public let follow: UInt32
  /// How many units of the variant's objects the sender has.
  public let have: Int
  /// Whether the sender has waited already: then it may get the lease of a peer that has more units.
  public let urgent: Bool

  /// A request from its fields.
  public init(id: UInt32, follow: UInt32, have: Int, urgent: Bool) {
    self.id = id
    self.follow = follow
    self.have = have
    self.urgent = urgent
  }
}

extension Claim: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .claim }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    follow = try reader.number(UInt32.self)
    have = try reader.unitCount()
    urgent = try reader.flag()
    try reader.end()
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.bodyBytes)
    writer.append(id)
    writer.append(follow)
    writer.append(UInt32(have))
    writer.append(urgent ? 1 as UInt8 : 0)
    return writer.bytes
  }
}
