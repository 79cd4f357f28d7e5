import GtachCore
import GtachModel
import GtachSystem

/// Makes the bodies of objects, and chooses among them. The same chunk, prefix and level give the same bytes on every
/// thread; another release of zstd may give others.
struct ChunkEncoder {
  /// What is to stand before a chunk: as the header names it, and its bytes.
  typealias Prefix = (name: ObjectHeader.Prefix, bytes: [UInt8])

  /// 1 (fast) to 22 (small).
  let level: Int

  /// What counts as hardly shorter, as a part of the bytes: 3 %.
  private static let hardlyShorter = 32

  /// What a low level makes of a chunk takes a hundredth, or a tenth, of the time of the highest, and says how many
  /// bytes that makes of it at the least: so many hundredths. Where the second is hardly better than the first, as with
  /// what is compressed already, the highest is not either.
  private static let estimates: [(level: Int, least: Int)] = [(3, 40), (9, 80)]
  /// For how many bytes at the least a frame is made.
  private static let frameGain = 128

  /// How much of the prefix stands before the new bytes of a difference: they are few, and have little in common with
  /// it.
  private static let addedPrefixBytes = 64 << 10

  /// The object with a frame.
  ///
  /// - Throws: `ErrorCode.usage` for a level that does not exist; `ErrorCode.bug` where the library refuses.
  func frame(of chunk: [UInt8], after prefix: Prefix) throws(GtachError) -> [UInt8] {
    try frame(of: chunk, after: prefix, level: level)
  }

  /// The shorter one of the object with a difference and that with a frame as far as can be told; but the frame, which
  /// is decoded faster, where it was made and the difference is hardly shorter.
  ///
  /// - Parameters:
  ///   - chunk: The chunk.
  ///   - prefix: What the difference is to.
  ///   - nearer: What is to stand before a frame, where one is made: that takes nearly all of the time, which grows
  ///     with its length.
  /// - Throws: As `frame(of:after:)`, and what `nearer` throws.
  func shortest(
    of chunk: [UInt8], after prefix: Prefix, frameAfter nearer: () throws(GtachError) -> Prefix
  ) throws(GtachError) -> [UInt8] {
    let difference = try difference(of: chunk, after: prefix)
    func better(than frame: [UInt8]) -> [UInt8] { Self.isShorter(difference, than: frame) ? difference : frame }
    var estimated: [UInt8] = []
    for estimate in Self.estimates where estimate.level < level {
      let lower = estimated
      estimated = try frame(of: chunk, after: prefix, level: estimate.level)
      if difference.count < estimated.count * estimate.least / 100 + Self.frameGain { return difference }
      if !lower.isEmpty, !Self.isShorter(estimated, than: lower) { return better(than: estimated) }
    }
    return better(than: try frame(of: chunk, after: nearer(), level: level))
  }

  /// Whether one is more than hardly shorter than another one.
  private static func isShorter(_ one: [UInt8], than other: [UInt8]) -> Bool {
    one.count + one.count / hardlyShorter < other.count
  }

  private func frame(of chunk: [UInt8], after prefix: Prefix, level: Int) throws(GtachError) -> [UInt8] {
    ObjectHeader(prefix: prefix.name, body: .frame).bytes
      + (try Zstd.compressBare(chunk[...], after: prefix.bytes, level: level))
  }

  private func difference(of chunk: [UInt8], after prefix: Prefix) throws(GtachError) -> [UInt8] {
    let last = Array(prefix.bytes.suffix(Self.addedPrefixBytes))
    return ObjectHeader(prefix: prefix.name, body: .difference).bytes
      + (try BinaryDifference.make(from: prefix.bytes, to: chunk[...]) { (added) throws(GtachError) in
        try Zstd.compressBare(added[...], after: last, level: level)
      })
  }
}
