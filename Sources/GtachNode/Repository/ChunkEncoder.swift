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
      for candidate in try differences(of: chunk, after: prefix, bytes) where candidate.count < best.count {
        best = candidate
      }
    }
    return best
  }

  func differences(
    of chunk: [UInt8], after prefix: ObjectHeader.Prefix, _ bytes: [UInt8]
  ) throws(GtachError) -> [[UInt8]] {
    let difference = BinaryDifference(from: bytes, suffixes: try SuffixArray.positions(of: bytes), to: chunk[...])
    guard difference.control.count <= chunk.count else { return [] }
    func frame(_ bytes: [UInt8], after prefix: [UInt8] = []) throws(GtachError) -> ArraySlice<UInt8> {
      bytes.isEmpty ? [] : try Zstd.compressBare(bytes[...], after: prefix, level: level)[...]
    }
    let separate = DifferenceLayout.Frames.separate(
      control: try frame(difference.control), differences: try frame(difference.differences),
      additions: try frame(difference.additions, after: bytes))
    let joined = DifferenceLayout.Frames.joined(
      try frame(difference.control + difference.differences + difference.additions))
    return [
      ObjectHeader(prefix: prefix, body: .difference).bytes + DifferenceLayout(difference, frames: separate).bytes,
      ObjectHeader(prefix: prefix, body: .joinedDifference).bytes + DifferenceLayout(difference, frames: joined).bytes,
    ]
  }
}
