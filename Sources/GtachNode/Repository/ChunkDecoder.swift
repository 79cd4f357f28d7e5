import GtachCore
import GtachModel
import GtachSystem

/// Makes chunks from the bodies of objects and the prefixes that their headers name. For one thread at a time: whoever
/// has taken it from where it waits.
final class ChunkDecoder: @unchecked Sendable {
  private lazy var differences = BinaryDifference.Decoder()
  /// What zstd decodes with, and encodes what is stored.
  let memory = ZstdMemory()
  /// What stands before the chunk: the memory for it is kept for the next.
  var prefix: [UInt8] = []

  /// The chunk. What the bytes claim allocates nothing: this needs memory for the chunk, its frame and the prefix, half
  /// a megabyte for differences and what zstd needs, and keeps all of it for the next.
  ///
  /// - Parameters:
  ///   - body: The object without its header.
  ///   - kind: How the header says that the body is to be read.
  ///   - prefix: The bytes that the header names.
  ///   - size: The length of the chunk in bytes.
  /// - Throws: `ErrorCode.objectCorrupt` for everything that does not yield exactly so many bytes. Whether they are the
  ///   right ones, the chunk's SHA-256 says.
  func chunk(
    from body: ArraySlice<UInt8>, _ kind: ObjectHeader.Body, prefix: [UInt8], size: Int
  ) throws(GtachError) -> [UInt8] {
    switch kind {
    case .frame: return try Zstd.decompressBare(body, after: prefix, size: size, with: memory)
    case .difference:
      return try differences.apply(body, to: prefix, size: size) { (frame, size) throws(GtachError) in
        try Zstd.decompressBare(frame, after: prefix, size: size, with: memory)
      }
    }
  }
}

/// A chunk that an object yields.
struct DecodedChunk {
  let bytes: [UInt8]
  /// Whether the object needs nothing else, so that its file is the stored chunk as well.
  let isWholeObject: Bool
}
