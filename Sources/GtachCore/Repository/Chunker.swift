import GtachModel

/// Cuts a stream of bytes where its content says so: an insertion moves the cuts around it and leaves all others.
///
/// FastCDC (Xia et al., "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication",
/// USENIX ATC 2016): a gear hash, cuts below the smallest size skipped, and normalised chunking of level 2, which asks
/// for two bits more before the wanted size and for two less after it. The same bytes give the same chunks on every
/// machine and however they arrive; other gears or masks would be another format.
public struct Chunker: Sendable {
  /// The smallest chunk in bytes, the last of a stream excepted.
  public static let minimumBytes = 64 << 10
  /// The size that chunks are drawn to, in bytes.
  public static let normalBytes = 256 << 10
  /// The largest chunk in bytes.
  public static let maximumBytes = 1 << 20

  // 256 KiB is 2^18. The hash is shifted to the left with each byte, so its highest bits know the most bytes (64).
  private static let maskBeforeNormal: UInt64 = ~0 << (64 - 20)
  private static let maskAfterNormal: UInt64 = ~0 << (64 - 16)

  /// A random number for each byte.
  private static let gears: [UInt64] = {
    var generator = SeededGenerator(seed: 0x6774_6163_6820_3031)
    return (0..<256).map { _ in generator.next() }
  }()

  private var pending: [UInt8] = []
  /// How many of the pending bytes were looked at without a cut.
  private var scanned = 0
  private var hash: UInt64 = 0

  /// A chunker at the start of a stream.
  public init() {}

  /// Takes the next bytes of the stream, and gives the chunks that they complete.
  public mutating func append(_ bytes: ArraySlice<UInt8>) -> [[UInt8]] {
    pending += bytes
    var chunks: [[UInt8]] = []
    var start = 0
    while let length = nextCut(from: start) {
      chunks.append(Array(pending[start..<start + length]))
      start += length
      scanned = 0
      hash = 0
    }
    if start > 0 { pending.removeFirst(start) }
    return chunks
  }

  /// Takes the next bytes of the stream, and gives the chunks that they complete.
  public mutating func append(_ bytes: [UInt8]) -> [[UInt8]] { append(bytes[...]) }

  /// Ends the stream: its last chunk, which may be short; nil where nothing is left.
  public mutating func finish() -> [UInt8]? {
    let last = pending
    self = Chunker()
    return last.isEmpty ? nil : last
  }

  /// The length of the chunk that begins at `start`; nil where it does not end in what is pending.
  private mutating func nextCut(from start: Int) -> Int? {
    let available = pending.count - start
    guard available > Self.minimumBytes else { return nil }
    var position = max(scanned, Self.minimumBytes)
    var hash = hash
    let cut: Int? = pending.withUnsafeBufferPointer { bytes in
      Self.gears.withUnsafeBufferPointer { gears in
        let end = min(available, Self.maximumBytes)
        while position < end {
          hash = hash << 1 &+ gears[Int(bytes[start + position])]
          position += 1
          let mask = position <= Self.normalBytes ? Self.maskBeforeNormal : Self.maskAfterNormal
          if hash & mask == 0 { return position }
        }
        return position == Self.maximumBytes ? position : nil
      }
    }
    scanned = position
    self.hash = hash
    return cut
  }
}
