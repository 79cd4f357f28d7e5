import GtachCore
import GtachModel
import GtachSystem

/// Makes the object of a chunk: of all bodies the shortest as far as can be told, but a frame, which is decoded faster,
/// where a difference is hardly shorter. The same chunk, prefix and level give the same bytes on every thread; another
/// release of zstd may give others.
struct ChunkEncoder {
  /// 1 (fast) to 22 (small).
  let level: Int
  /// Whether differences are tried as well.
  let triesDifferences: Bool

  /// How many bytes shorter than a frame a difference is at least, as a part of the difference's: 3 %.
  private static let differenceGain = 32

  /// The most that is tried with the new bytes of a difference: they are few, and the highest levels take their time over
  /// the prefix. A third of the work, and 1 % more bytes.
  private static let addedLevel = 12

  /// The object.
  ///
  /// - Parameters:
  ///   - chunk: The chunk.
  ///   - prefix: What is to stand before it.
  ///   - bytes: The bytes that this names.
  /// - Throws: `ErrorCode.usage` for a level that does not exist; `ErrorCode.bug` where a library refuses.
  func object(of chunk: [UInt8], after prefix: ObjectHeader.Prefix, _ bytes: [UInt8]) throws(GtachError) -> [UInt8] {
    guard triesDifferences, !bytes.isEmpty else { return try frame(of: chunk, after: prefix, bytes) }
    let difference = try difference(of: chunk, after: prefix, bytes)
    func isWorthIt(_ frame: Int) -> Bool {
      difference.bytes.count + difference.bytes.count / Self.differenceGain < frame
    }
    // A frame is most of the work: it is not made where it could only be longer.
    if isWorthIt(difference.leastFrame) { return difference.bytes }
    let frame = try frame(of: chunk, after: prefix, bytes)
    return isWorthIt(frame.count) ? difference.bytes : frame
  }

  func frame(of chunk: [UInt8], after prefix: ObjectHeader.Prefix, _ bytes: [UInt8]) throws(GtachError) -> [UInt8] {
    ObjectHeader(prefix: prefix, body: .frame).bytes + (try Zstd.compressBare(chunk[...], after: bytes, level: level))
  }

  func difference(
    of chunk: [UInt8], after prefix: ObjectHeader.Prefix, _ bytes: [UInt8]
  ) throws(GtachError) -> (bytes: [UInt8], leastFrame: Int) {
    let suffixes = try SuffixArray.positions(of: bytes)
    let difference = try BinaryDifference.make(from: bytes, suffixes: suffixes, to: chunk[...]) {
      (added) throws(GtachError) in
      try Zstd.compressBare(added[...], after: bytes, level: min(level, Self.addedLevel))
    }
    return (ObjectHeader(prefix: prefix, body: .difference).bytes + difference.bytes, difference.leastFrame)
  }
}
