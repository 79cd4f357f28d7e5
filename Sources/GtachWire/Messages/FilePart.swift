import GtachModel

/// A part of a file (binary): id u32, total u64, offset u64, bytes.
public struct FilePart: Hashable, Sendable {
  static let headerBytes = 20

  /// The request that it answers.
  public let id: UInt32
  /// The length of the whole file in bytes.
  public let total: Int
  /// Where the part starts, in bytes from the start of the file.
  public let offset: Int
  /// The bytes; none only at the end of the file, so that whoever asks for what follows always gets on.
  public let bytes: [UInt8]

  /// A part from its fields.
  public init(id: UInt32, total: Int, offset: Int, bytes: [UInt8]) {
    self.id = id
    self.total = total
    self.offset = offset
    self.bytes = bytes
  }
}

extension FilePart: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .filePart }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    total = try reader.size()
    offset = try reader.size()
    bytes = reader.remainder()
    guard bytes.count <= Limits.partBytes else { throw reader.malformed("it has \(bytes.count) bytes") }
    guard offset + bytes.count <= total else { throw reader.malformed("it goes beyond the end of the file") }
    guard !bytes.isEmpty || offset == total else { throw reader.malformed("it is empty before the end of the file") }
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.headerBytes + bytes.count)
    writer.append(id)
    writer.append(UInt64(total))
    writer.append(UInt64(offset))
    writer.append(bytes)
    return writer.bytes
  }
}
