import GtachModel

/// Asks for the digests of some objects' units (binary): id u32, follow u32, then the numbers of the objects; answered
/// by one `unitList` for each, in order, or by some of them and a `failure`. An object of one unit has no list: its id
/// says all.
public struct GetUnitLists: Hashable, Sendable {
  static let headerBytes = 8

  /// The request's number, repeated in every answer.
  public let id: UInt32
  /// The id of the `follow` that says of which index these are objects.
  public let follow: UInt32
  /// The numbers of the objects in the index, ascending: 1 to `Limits.objectsPerGetUnitLists`.
  public let objects: [Int]

  /// A request from its fields.
  public init(id: UInt32, follow: UInt32, objects: [Int]) {
    self.id = id
    self.follow = follow
    self.objects = objects
  }
}

extension GetUnitLists: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .getUnitLists }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    follow = try reader.number(UInt32.self)
    var objects: [Int] = []
    while reader.remaining > 0 {
      let object = try reader.numberInVariant()
      if let last = objects.last, object <= last { throw reader.malformed("object \(object) stands after \(last)") }
      objects.append(object)
    }
    self.objects = objects
    guard (1...Limits.objectsPerGetUnitLists).contains(objects.count) else {
      throw reader.malformed("it asks for \(objects.count) lists")
    }
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    let numbers = VariableInteger.bytes(of: objects)
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.headerBytes + numbers.count)
    writer.append(id)
    writer.append(follow)
    writer.append(numbers)
    return writer.bytes
  }
}
