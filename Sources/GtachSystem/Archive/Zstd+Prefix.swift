import CZstd
import GtachModel

// Frames for objects: without the four bytes that every frame begins with, and without their size, which the index
// states. The decoder may refer to bytes that both sides have: a prefix, as if it had been decoded just before.
extension Zstd {
  /// What every frame begins with (RFC 8878, 3.1.1), in the order of its bytes.
  private static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

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
    guard let context = ZSTD_createCCtx() else { throw GtachError(.bug, "out of memory") }
    defer { ZSTD_freeCCtx(context) }
    // The window reaches from the chunk's last byte to the prefix's first.
    let windowLog = max(10, (Int.bitWidth - (prefix.count + bytes.count).leadingZeroBitCount))
    for (parameter, value) in [
      (ZSTD_c_compressionLevel, level), (ZSTD_c_contentSizeFlag, 0), (ZSTD_c_windowLog, windowLog),
    ] {
      let result = ZSTD_CCtx_setParameter(context, parameter, Int32(value))
      guard ZSTD_isError(result) == 0 else { throw failure(.bug, "\(parameter) cannot be \(value)", result) }
    }
    var result = 0
    let frame = prefix.withUnsafeBytes { prefix in
      bytes.withUnsafeBytes { source in
        let capacity = ZSTD_compressBound(source.count)
        return [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
          result = ZSTD_CCtx_refPrefix(context, prefix.baseAddress, prefix.count)
          if ZSTD_isError(result) == 0 {
            result = ZSTD_compress2(context, buffer.baseAddress, capacity, source.baseAddress, source.count)
          }
          count = ZSTD_isError(result) == 0 ? result : 0
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
    _ frame: ArraySlice<UInt8>, after prefix: [UInt8], size: Int
  ) throws(GtachError) -> [UInt8] {
    let whole = magic + frame
    var result = 0
    var isOneFrame = false
    let bytes = try withDecoder { context in
      prefix.withUnsafeBytes { prefix in
        whole.withUnsafeBytes { source in
          let frameSize = ZSTD_findFrameCompressedSize(source.baseAddress, source.count)
          isOneFrame = ZSTD_isError(frameSize) == 0 && frameSize == source.count
          result = isOneFrame ? ZSTD_DCtx_refPrefix(context, prefix.baseAddress, prefix.count) : frameSize
          guard isOneFrame, ZSTD_isError(result) == 0 else { return [UInt8]() }
          return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            result = ZSTD_decompressDCtx(context, buffer.baseAddress, size, source.baseAddress, source.count)
            count = ZSTD_isError(result) == 0 ? result : 0
          }
        }
      }
    }
    try check(result, isOneFrame: isOneFrame, count: bytes.count, size: size)
    return bytes
  }

  private static func withDecoder(_ body: (OpaquePointer) -> [UInt8]) throws(GtachError) -> [UInt8] {
    guard let context = ZSTD_createDCtx() else { throw GtachError(.bug, "out of memory") }
    defer { ZSTD_freeDCtx(context) }
    return body(context)
  }
}
