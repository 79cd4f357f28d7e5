import GtachModel

/// Asks for any one of some units (binary): id u32, claim u32, have u32, then the numbers of the units; answered by one
/// `unit`: of those that the accepter has, the one that it has sent least often, and among these the first.
public struct GetUnit: Hashable, Sendable {
  static let headerBytes = 12

  /// The request's number, repeated in the answer.
  public let id: UInt32
  /// The id of the `claim` whose lease it uses.
  public let claim: UInt32
  /// How many units of the variant's objects the sender has.
  public let have: Int
  /// The numbers of the units that would do, best liked first: 1 to `Limits.unitsPerGetUnit`, all different.
  public let units: [Int]

  /// A request from its fields.
  public init(id: UInt32, claim: UInt32, have: Int, units: [Int]) {
    self.id = id
    self.claim = claim
    self.have = have
    self.units = units
  }
}

extension GetUnit: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .getUnit }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    claim = try reader.number(UInt32.self)
    have = try reader.unitCount()
    var units: [Int] = []
    while reader.remaining > 0 { units.append(try reader.numberInVariant()) }
    self.units = units
    guard (1...Limits.unitsPerGetUnit).contains(units.count) else {
      throw reader.malformed("it names \(units.count) units")
    }
    guard Set(units).count == units.count else { throw reader.malformed("it names a unit twice") }
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    let numbers = VariableInteger.bytes(of: units)
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.headerBytes + numbers.count)
    writer.append(id)
    writer.append(claim)
    writer.append(UInt32(have))
    writer.append(numbers)
    return writer.bytes
  }
}
