import CZstd
import GtachModel

// Frames for objects: without the four bytes that every frame begins with, and without their size, which the index
// states. The decoder may refer to bytes that both sides have: a prefix, as if it had been decoded just before.
extension Zstd {
  /// The bytes as one bare frame after a prefix.
  ///
  /// - Parameters:
  ///   - bytes: No slice of the prefix's own storage: the library does not refer to memory that both share.
  ///   - prefix: What the decoder has; the nearer to its end something stands, the cheaper it is to refer to.
  ///   - level: 1 (fast) to 22 (small).
  /// - Throws: `ErrorCode.usage` for a level that does not exist, `ErrorCode.bug` where the library refuses.
  public static func compressBare(
    _ bytes: ArraySlice<UInt8>, after prefix: [UInt8], level: Int
  ) throws(GtachError) -> [UInt8] {
    try check(level: level)
    let memory = ZstdMemory()
    let context = try memory.compressor()
    // The window reaches from the chunk's last byte to the prefix's first.
    let windowLog = max(10, (Int.bitWidth - (prefix.count + bytes.count).leadingZeroBitCount))
    for (parameter, value) in [
      (ZSTD_c_compressionLevel, level), (ZSTD_c_contentSizeFlag, 0), (ZSTD_c_windowLog, windowLog),
    ] {
      let result = ZSTD_CCtx_setParameter(context, parameter, Int32(value))
      guard ZSTD_isError(result) == 0 else { throw failure(.bug, "\(parameter) cannot be \(value)", result) }
    }
    let (frame, result) = prefix.withUnsafeBytes { prefix in
      bytes.withUnsafeBytes { source in
        memory.bytes(capacity: ZSTD_compressBound(source.count)) { buffer in
          let result = ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count)
          guard ZSTD_isError(result) == 0 else { return result }
          return ZSTD_compress2(context, buffer.baseAddress, buffer.count, source.baseAddress, source.count)
        }
      }
    }
    guard ZSTD_isError(result) == 0 else { throw failure(.bug, "\(bytes.count) bytes cannot be compressed", result) }
    return Array(frame.dropFirst(magic.count))
  }

  /// The `size` bytes of exactly one bare frame. Whatever the frame claims, no more than `size` bytes and the decoder's
  /// own state (some 160 KiB) are ever allocated, and nothing outside the prefix is read.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` for anything but one whole frame of that many bytes.
  public static func decompressBare(
    _ frame: ArraySlice<UInt8>, after prefix: [UInt8], size: Int, with memory: ZstdMemory = ZstdMemory()
  ) throws(GtachError) -> [UInt8] {
    try decompress(memory.joined([magic[...], frame])[...], after: prefix, size: size, with: memory)
  }
}
