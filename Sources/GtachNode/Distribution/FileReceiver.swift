import GtachModel
import GtachSystem
import GtachWire

/// The arrival of one file: a bare zstd frame in parts, which may refer to a file that this node has.
struct FileReceiver {
  /// The files that the question named.
  private let bases: [[UInt8]]
  private let maximumBytes: Int
  private var first: FilePart?
  private(set) var frame: [UInt8] = []

  /// - Parameter maximumBytes: How long the file may be.
  init(bases: [[UInt8]], maximumBytes: Int) {
    self.bases = bases
    self.maximumBytes = maximumBytes
  }

  /// Takes a part.
  ///
  /// - Throws: `ErrorCode.frameOversize` where the peer means to send more than the file may be; `protocolViolation`
  ///   for parts that do not belong together, or refer to what was not named.
  mutating func accept(_ part: FilePart) throws(GtachError) {
    guard part.size <= maximumBytes, part.total <= Limits.zstdFrameBytes(size: part.size) else {
      throw GtachError(
        .frameOversize, "the peer sends a file of \(part.size) bytes as \(part.total)",
        reason: "the file may have at most \(maximumBytes)")
    }
    let first = first ?? part
    guard
      (first.size, first.total, first.base) == (part.size, part.total, part.base),
      frame.count + part.bytes.count <= part.total, part.base <= bases.count
    else { throw GtachError(.protocolViolation, "the parts of a file do not belong together") }
    self.first = first
    frame += part.bytes
  }

  /// Whether every part is here.
  var isWhole: Bool { frame.count == first?.total }

  /// The file that came. What it should be, others know.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where the parts are no file.
  func bytes() throws(GtachError) -> [UInt8] {
    guard let first else { return [] }
    let base = first.base == 0 ? [] : bases[first.base - 1]
    return try Zstd.decompressBare(frame[...], after: base, size: first.size)
  }
}
