import GtachCore
import GtachModel
import GtachSystem

/// Makes a chunk from the body of an object and the prefix that its header names.
enum ChunkDecoder {
  /// The chunk. What the bytes claim allocates nothing: beyond the prefix no more than three times the chunk's size.
  ///
  /// - Parameters:
  ///   - body: The object without its header.
  ///   - kind: How the header says that the body is to be read.
  ///   - prefix: The bytes that the header names.
  ///   - size: The length of the chunk in bytes.
  /// - Throws: `ErrorCode.objectCorrupt` for everything that does not yield exactly so many bytes. Whether they are the
  ///   right ones, the chunk's SHA-256 says.
  static func chunk(
    from body: ArraySlice<UInt8>, _ kind: ObjectHeader.Body, prefix: [UInt8], size: Int
  ) throws(GtachError) -> [UInt8] {
    switch kind {
    case .frame: return try Zstd.decompressBare(body, after: prefix, size: size)
    case .difference, .joinedDifference:
      let layout = try DifferenceLayout(readFrom: body, isJoined: kind == .joinedDifference, chunkSize: size)
      return try difference(layout, prefix: prefix).applied(to: prefix)
    }
  }

  private static func difference(
    _ layout: DifferenceLayout, prefix: [UInt8]
  ) throws(GtachError) -> BinaryDifference {
    func stream(_ frame: ArraySlice<UInt8>, _ size: Int, after prefix: [UInt8] = []) throws(GtachError) -> [UInt8] {
      size == 0 && frame.isEmpty ? [] : try Zstd.decompressBare(frame, after: prefix, size: size)
    }
    switch layout.frames {
    case .joined(let frame):
      let size = layout.control + layout.differences + layout.additions
      let bytes = try Zstd.decompressBare(frame, after: [], size: size)
      return BinaryDifference(
        control: Array(bytes.prefix(layout.control)),
        differences: Array(bytes.dropFirst(layout.control).prefix(layout.differences)),
        additions: Array(bytes.suffix(layout.additions)))
    case .separate(let control, let differences, let additions):
      return BinaryDifference(
        control: try stream(control, layout.control),
        differences: try stream(differences, layout.differences),
        additions: try stream(additions, layout.additions, after: prefix))
    }
  }
}
