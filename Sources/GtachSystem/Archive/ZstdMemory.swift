import CZstd
import GtachModel

/// What zstd works with, kept from one frame to the next: its contexts, and the memory for what comes out. Where each
/// frame has its own, the kernel takes longer to clear the pages than zstd to fill them. For one thread at a time.
public final class ZstdMemory {
  /// What memory is filled with before it is used, a piece that fits into a processor's cache at a time.
  private static let zeros = [UInt8](repeating: 0, count: 64 << 10)

  private var compression: OpaquePointer?
  private var decompression: OpaquePointer?
  private var output: [UInt8] = []
  private var whole: [UInt8] = []

  /// Memory that nothing is taken up by yet.
  public init() {}

  deinit {
    ZSTD_freeCCtx(compression)
    ZSTD_freeDCtx(decompression)
  }

  /// What frames are made with, without the parameters and the prefix of the last one.
  func compressor() throws(GtachError) -> OpaquePointer {
    guard let context = compression ?? ZSTD_createCCtx() else { throw GtachError(.bug, "out of memory") }
    compression = context
    ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)
    return context
  }

  /// What frames are decoded with, without the prefix of the last one.
  func decompressor() throws(GtachError) -> OpaquePointer {
    guard let context = decompression ?? ZSTD_createDCtx() else { throw GtachError(.bug, "out of memory") }
    decompression = context
    ZSTD_DCtx_reset(context, ZSTD_reset_session_and_parameters)
    return context
  }

  /// Up to `capacity` bytes, as many as `fill` says that it has written; none where that is an error. They are in the
  /// memory of the last ones, unless somebody still has these.
  func bytes(
    capacity: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Int
  ) -> (bytes: [UInt8], result: Int) {
    output.removeAll(keepingCapacity: true)
    output.reserveCapacity(capacity)
    while output.count < capacity { output += Self.zeros.prefix(capacity - output.count) }
    let result = output.withUnsafeMutableBytes(fill)
    output.removeLast(output.count - (ZSTD_isError(result) == 0 ? result : 0))
    return (output, result)
  }

  /// Bytes one after the other, in the memory of the last ones as well.
  func joined(_ parts: [ArraySlice<UInt8>]) -> [UInt8] {
    whole.removeAll(keepingCapacity: true)
    whole.reserveCapacity(parts.reduce(0) { $0 + $1.count })
    for part in parts { whole += part }
    return whole
  }
}
