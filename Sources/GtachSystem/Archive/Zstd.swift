import CZstd
import GtachModel

/// Zstandard (RFC 8878): one frame at a time, of which the size is known before.
public enum Zstd {
  /// The levels that `compress` takes.
  public static let levels = 1...22
  /// What every frame begins with (RFC 8878, 3.1.1), in the order of its bytes.
  public static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

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
    try decompress(frame[...], after: [], size: size, with: memory)
  }

  /// The `size` bytes of exactly one frame after a prefix.
  static func decompress(
    _ frame: ArraySlice<UInt8>, after prefix: [UInt8], size: Int, with memory: ZstdMemory
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
    guard isOneFrame else { throw followed }
    guard bytes.count == size else {
      throw GtachError(
        .objectCorrupt, "compressed bytes cannot be decoded",
        reason: "they yield \(bytes.count) bytes instead of \(size)")
    }
    return bytes
  }

  /// The bytes of exactly one frame of which nobody but itself says how many they are, if it does. No more than the
  /// maximum is ever allocated.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` for anything but one whole frame of at most so many bytes.
  public static func decompress(
    _ frame: ArraySlice<UInt8>, maximumBytes: Int, with memory: ZstdMemory = ZstdMemory()
  ) throws(GtachError) -> [UInt8] {
    let context = try memory.decompressor()
    var result = frame.withUnsafeBytes { ZSTD_findFrameCompressedSize($0.baseAddress, $0.count) }
    guard ZSTD_isError(result) == 0 else {
      throw failure(.objectCorrupt, "compressed bytes cannot be decoded", result)
    }
    guard result == frame.count else { throw followed }
    let room = [UInt8](unsafeUninitializedCapacity: maximumBytes) { buffer, count in
      result = frame.withUnsafeBytes { source in
        ZSTD_decompressDCtx(context, buffer.baseAddress, maximumBytes, source.baseAddress, source.count)
      }
      count = ZSTD_isError(result) == 0 ? result : 0
    }
    guard ZSTD_isError(result) == 0 else {
      throw failure(.objectCorrupt, "compressed bytes cannot be decoded", result)
    }
    // Many of these are kept, and most are much shorter than they might be. `Array(room[...])` would keep the room.
    return [UInt8](unsafeUninitializedCapacity: room.count) { buffer, count in
      count = buffer.initialize(from: room).index
    }
  }

  private static let followed = GtachError(
    .objectCorrupt, "compressed bytes cannot be decoded", reason: "something follows the first frame")

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
