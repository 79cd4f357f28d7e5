import CZstd
import GtachModel

/// Zstandard (RFC 8878): one frame at a time, of which the size is known before.
public enum Zstd {
  /// The levels that `compress` takes.
  public static let levels = 1...22

  /// The bytes as one zstd frame that states its size and has no checksum: whoever keeps it knows a SHA-256.
  ///
  /// - Parameter level: 1 (fast) to 22 (small).
  /// - Throws: `ErrorCode.usage` for another level, `ErrorCode.bug` where the library refuses.
  public static func compress(_ bytes: ArraySlice<UInt8>, level: Int) throws(GtachError) -> [UInt8] {
    try check(level: level)
    var result = 0
    let frame = bytes.withUnsafeBytes { source in
      let capacity = ZSTD_compressBound(source.count)
      return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
        result = ZSTD_compress(buffer.baseAddress, capacity, source.baseAddress, source.count, Int32(level))
        count = ZSTD_isError(result) == 0 ? result : 0
      }
    }
    guard ZSTD_isError(result) == 0 else { throw failure(.bug, "\(bytes.count) bytes cannot be compressed", result) }
    return frame
  }

  /// The bytes as one zstd frame.
  ///
  /// - Throws: `ErrorCode.usage` for a level that does not exist, `ErrorCode.bug` where the library refuses.
  public static func compress(_ bytes: [UInt8], level: Int) throws(GtachError) -> [UInt8] {
    try compress(bytes[...], level: level)
  }

  /// The `size` bytes of exactly one frame. Whatever the frame claims, no more than `size` bytes are ever allocated.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` for anything but one whole frame of that many bytes.
  public static func decompress(_ frame: ArraySlice<UInt8>, size: Int) throws(GtachError) -> [UInt8] {
    var result = 0
    var isOneFrame = false
    let bytes = frame.withUnsafeBytes { source in
      let frameSize = ZSTD_findFrameCompressedSize(source.baseAddress, source.count)
      isOneFrame = ZSTD_isError(frameSize) == 0 && frameSize == source.count
      guard isOneFrame else {
        result = frameSize
        return [UInt8]()
      }
      return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        result = ZSTD_decompress(buffer.baseAddress, size, source.baseAddress, source.count)
        count = ZSTD_isError(result) == 0 ? result : 0
      }
    }
    try check(result, isOneFrame: isOneFrame, count: bytes.count, size: size)
    return bytes
  }

  /// The `size` bytes of exactly one frame.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` for anything but one whole frame of that many bytes.
  public static func decompress(_ frame: [UInt8], size: Int) throws(GtachError) -> [UInt8] {
    try decompress(frame[...], size: size)
  }

  /// The bytes of exactly one frame that states its size, as those that `compress` makes do. No more than the maximum is
  /// ever allocated.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` for anything but one whole frame of at most so many bytes.
  public static func decompress(_ frame: [UInt8], maximumBytes: Int) throws(GtachError) -> [UInt8] {
    let size = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    // What is unknown, or no frame, is a number beyond all sizes.
    guard let bytes = Int(exactly: size), bytes <= maximumBytes else {
      throw GtachError(
        .objectCorrupt, "compressed bytes cannot be decoded", reason: "they state no size up to \(maximumBytes) bytes")
    }
    return try decompress(frame, size: bytes)
  }

  static func check(level: Int) throws(GtachError) {
    guard levels.contains(level) else {
      throw GtachError(
        .usage, "there is no compression level \(level)",
        advice: "use \(levels.lowerBound) (fast) to \(levels.upperBound) (small)")
    }
  }

  /// Whether decoding went well and gave what was asked for.
  static func check(_ result: Int, isOneFrame: Bool, count: Int, size: Int) throws(GtachError) {
    guard ZSTD_isError(result) == 0 else {
      throw failure(.objectCorrupt, "compressed bytes cannot be decoded", result)
    }
    guard isOneFrame, count == size else {
      throw GtachError(
        .objectCorrupt, "compressed bytes cannot be decoded",
        reason: isOneFrame ? "they yield \(count) bytes instead of \(size)" : "something follows the first frame")
    }
  }

  static func failure(_ code: ErrorCode, _ message: String, _ result: Int) -> GtachError {
    GtachError(code, message, reason: ZSTD_getErrorName(result).map { String(cString: $0) })
  }
}
