import GtachModel

/// A part of a file that travels as a bare zstd frame (binary): id u32, size u32, total u32, base u8, bytes. The parts
/// of an answer follow one another without a gap, and differ in nothing but their bytes.
public struct FilePart: Hashable, Sendable {
  static let headerBytes = 13

  /// The request that it answers.
  public let id: UInt32
  /// The length of the file in bytes: 0 to `Limits.fileBytes`.
  public let size: Int
  /// The length of the whole frame in bytes: 1 to `Limits.fileFrameBytes`.
  public let total: Int
  /// Which of the bases that were named the frame refers to, counted from 1; 0 for none.
  public let base: Int
  /// Its bytes: 1 to `Limits.partBytes`.
  public let bytes: [UInt8]

  /// A part from its fields.
  public init(id: UInt32, size: Int, total: Int, base: Int, bytes: [UInt8]) {
    self.id = id
    self.size = size
    self.total = total
    self.base = base
    self.bytes = bytes
  }

  /// A frame in as few parts as there may be.
  public static func messages(id: UInt32, size: Int, base: Int, frame: [UInt8]) -> [FilePart] {
    stride(from: 0, to: frame.count, by: Limits.partBytes).map {
      FilePart(
        id: id, size: size, total: frame.count, base: base,
        bytes: Array(frame[$0..<min($0 + Limits.partBytes, frame.count)]))
    }
  }
}

extension FilePart: MessageBody {
  /// The type byte of its frames.
  public static var type: MessageType { .filePart }

  /// Reads the fields.
  public init(body: ArraySlice<UInt8>) throws(GtachError) {
    var reader = ByteReader(body, of: Self.type)
    id = try reader.number(UInt32.self)
    size = Int(try reader.number(UInt32.self))
    total = Int(try reader.number(UInt32.self))
    base = Int(try reader.number(UInt8.self))
    bytes = reader.remainder()
    guard size <= Limits.fileBytes, (1...Limits.fileFrameBytes).contains(total) else {
      throw reader.malformed("the file has \(size) bytes, and \(total) on the way")
    }
    guard base <= Limits.bases else { throw reader.malformed("there is no base \(base)") }
    guard (1...min(Limits.partBytes, total)).contains(bytes.count) else {
      throw reader.malformed("it has \(bytes.count) of \(total) bytes")
    }
  }

  /// The whole frame, header included.
  public func encoded() -> [UInt8] {
    var writer = FrameWriter(type: Self.type.rawValue, bodyBytes: Self.headerBytes + bytes.count)
    writer.append(id)
    writer.append(UInt32(size))
    writer.append(UInt32(total))
    writer.append(UInt8(base))
    writer.append(bytes)
    return writer.bytes
  }
}
