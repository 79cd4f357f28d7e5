import GtachCore
import GtachModel
import GtachSystem

/// Makes the object of a chunk: of all bodies the shortest. The same chunk, prefix and level give the same bytes on
/// every thread; another release of zstd may give others.
struct ChunkEncoder {
  /// 1 (fast) to 22 (small).
  let level: Int
  /// Whether differences are tried as well.
  let triesDifferences: Bool

  /// The object.
  ///
  /// - Parameters:
  ///   - chunk: The chunk.
  ///   - prefix: What is to stand before it.
  ///   - bytes: The bytes that this names.
  /// - Throws: `ErrorCode.usage` for a level that does not exist; `ErrorCode.bug` where a library refuses.
  func object(of chunk: [UInt8], after prefix: ObjectHeader.Prefix, _ bytes: [UInt8]) throws(GtachError) -> [UInt8] {
    let frame = try Zstd.compressBare(chunk[...], after: bytes, level: level)
    var best = ObjectHeader(prefix: prefix, body: .frame).bytes + frame
    if triesDifferences, !bytes.isEmpty {
      let difference = try difference(of: chunk, after: prefix, bytes)
      if difference.count < best.count { best = difference }
    }
    return best
  }

  func difference(
    of chunk: [UInt8], after prefix: ObjectHeader.Prefix, _ bytes: [UInt8]
  ) throws(GtachError) -> [UInt8] {
    let suffixes = try SuffixArray.positions(of: bytes)
    return ObjectHeader(prefix: prefix, body: .difference).bytes
      + BinaryDifference.make(from: bytes, suffixes: suffixes, to: chunk[...])
  }
}
