import CZstd
import GtachModel

/// Zstandard (RFC 8878): one frame at a time, of which the size is known before.
public enum Zstd {
  /// The levels that `compress` takes.
  public static let levels = 1...22

  /// The bytes as one zstd frame that states its size and has no checksum: whoever keeps it knows a SHA-256.
  ///
  /// - Parameters:
  ///   - bytes: The bytes.
  ///   - level: 1 (fast) to 22 (small).
  ///   - memory: What to work with.
  /// - Throws: `ErrorCode.usage` for another level, `ErrorCode.bug` where the library refuses.
  public static func compress(
    _ bytes: [UInt8], level: Int, with memory: ZstdMemory = ZstdMemory()
  ) throws(GtachError) -> [UInt8] {
    try check(level: level)
    let context = try memory.compressor()
    let (frame, result) = bytes.withUnsafeBytes { source in
      memory.bytes(capacity: ZSTD_compressBound(source.count)) { buffer in
        ZSTD_compressCCtx(
          context, buffer.baseAddress, buffer.count, source.baseAddress, source.count, Int32(level))
      }
    }
    guard ZSTD_isError(result) == 0 else { throw failure(.bug, "\(bytes.count) bytes cannot be compressed", result) }
    return frame
  }

  /// The `size` bytes of exactly one frame. Whatever the frame claims, no more than `size` bytes are ever allocated.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` for anything but one whole frame of that many bytes.
  public static func decompress(
    _ frame: [UInt8], size: Int, with memory: ZstdMemory = ZstdMemory()
  ) throws(GtachError) -> [UInt8] {
    try decompress(frame, after: [], size: size, with: memory)
  }

  /// The `size` bytes of exactly one frame after a prefix.
  static func decompress(
    _ frame: [UInt8], after prefix: [UInt8], size: Int, with memory: ZstdMemory
  ) throws(GtachError) -> [UInt8] {
    let context = try memory.decompressor()
    let (bytes, result, isOneFrame) = frame.withUnsafeBytes { source in
      let frameSize = ZSTD_findFrameCompressedSize(source.baseAddress, source.count)
      let isOneFrame = ZSTD_isError(frameSize) == 0 && frameSize == source.count
      guard isOneFrame else { return ([UInt8](), frameSize, false) }
      return prefix.withUnsafeBytes { prefix in
        let (bytes, result) = memory.bytes(capacity: size) { buffer in
          let result = ZSTD_DCtx_refPrefix(context, prefix.baseAddress, prefix.count)
          guard ZSTD_isError(result) == 0 else { return result }
          return ZSTD_decompressDCtx(context, buffer.baseAddress, size, source.baseAddress, source.count)
        }
        return (bytes, result, true)
      }
    }
    guard ZSTD_isError(result) == 0 else {
      throw failure(.objectCorrupt, "compressed bytes cannot be decoded", result)
    }
    guard isOneFrame, bytes.count == size else {
      throw GtachError(
        .objectCorrupt, "compressed bytes cannot be decoded",
        reason: isOneFrame ? "they yield \(bytes.count) bytes instead of \(size)" : "something follows the first frame")
    }
    return bytes
  }

  /// The bytes of exactly one frame that states its size, as those that `compress` makes do. No more than the maximum is
  /// ever allocated.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` for anything but one whole frame of at most so many bytes.
  public static func decompress(
    _ frame: [UInt8], maximumBytes: Int, with memory: ZstdMemory = ZstdMemory()
  ) throws(GtachError) -> [UInt8] {
    let size = frame.withUnsafeBytes { ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
    // What is unknown, or no frame, is a number beyond all sizes.
    guard let bytes = Int(exactly: size), bytes <= maximumBytes else {
      throw GtachError(
        .objectCorrupt, "compressed bytes cannot be decoded", reason: "they state no size up to \(maximumBytes) bytes")
    }
    return try decompress(frame, size: bytes, with: memory)
  }

  static func check(level: Int) throws(GtachError) {
    guard levels.contains(level) else {
      throw GtachError(
        .usage, "there is no compression level \(level)",
        advice: "use \(levels.lowerBound) (fast) to \(levels.upperBound) (small)")
    }
  }

  static func failure(_ code: ErrorCode, _ message: String, _ result: Int) -> GtachError {
    GtachError(code, message, reason: ZSTD_getErrorName(result).map { String(cString: $0) })
  }
}
