import GtachModel

/// Units of a variant that the sender has (binary): id u32, then for each range how many units lie between the end of
/// the range before it, or 0, and its first unit, and how many units it has.
public struct Have: Hashable, Sendable {
  static let headerBytes = 4
  /// How many ranges one message has where others follow. So many fit into a body, whatever their numbers are: each has
  /// two of at most four bytes.
  public static let rangesPerMessage = (Limits.haveBodyBytes - headerBytes) / 8

  /// The `follow` that it answers.
  public let id: UInt32
  /// The numbers of the units, among those of the variant: ascending ranges that are not empty.
  public let ranges: [Range<Int>]

  /// An answer from its fields.
  public init(id: UInt32, ranges: [Range<Int>]) {
    self.id = id
    self.ranges = ranges
  }

  /// As many messages as these ranges need, the last of which has room for more: so a receiver knows that it is the
  /// last.
  public static func messages(id: UInt32, ranges: [Range<Int>]) -> [Have] {
    stride(from: 0, through: ranges.count, by: rangesPerMessage).map {
      Have(id: id, ranges: Array(ranges[$0..<min($0 + rangesPerMessage, ranges.count)]))
    }
  }
}

extension Have: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .have }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    var ranges: [Range<Int>] = []
    var end = 0
    while reader.remaining > 0 {
      let start = end + (try reader.variableInteger())
      let count = try reader.variableInteger()
      guard count > 0 else { throw reader.malformed("a range in it is empty") }
      end = start + count
      guard end <= Limits.unitsPerVariant else { throw reader.malformed("no variant has \(end) units") }
      ranges.append(start..<end)
    }
    self.ranges = ranges
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var numbers: [UInt8] = []
    var end = 0
    for range in ranges {
      VariableInteger.append(range.lowerBound - end, to: &numbers)
      VariableInteger.append(range.count, to: &numbers)
      end = range.upperBound
    }
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.headerBytes + numbers.count)
    writer.append(id)
    writer.append(numbers)
    return writer.bytes
  }
}
