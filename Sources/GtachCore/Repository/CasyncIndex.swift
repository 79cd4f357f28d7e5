import GtachModel

/// A `.caibx` file: which chunks of a casync store a blob consists of.
///
/// The format is that of casync (https://github.com/systemd/casync, its header caformat.h). All numbers are 64 bits,
/// little-endian:
///
///     INDEX   size 48, type, feature flags, least, average and greatest size of a chunk
///     TABLE   size all ones, type
///             for each chunk:  offset of its end in the blob, 32 bytes digest
///             at the end:      0, 0, size of INDEX, size of TABLE, a marker
public struct CasyncIndex: Hashable, Sendable {
  /// The most chunks that are read: 16 GiB at casync's usual average.
  public static let maximumChunks = 262_144
  /// The longest chunk that is read, in bytes: each is held in memory. casync makes none longer than 256 KiB unless
  /// told to, and none longer than 128 MiB at all.
  public static let maximumChunkBytes = 16 << 20
  /// The longest file that is read, in bytes.
  public static let maximumBytes = headBytes + maximumChunks * itemBytes + itemBytes

  /// The chunks in the order of the blob; a casync digest is the SHA-256 of the chunk's bytes.
  public let chunks: [ChunkIndex.Chunk]

  /// An index of these chunks.
  public init(chunks: [ChunkIndex.Chunk]) { self.chunks = chunks }

  /// The length of the blob in bytes.
  public var blobSize: Int { chunks.reduce(0) { $0 + $1.size } }

  private static let indexType: UInt64 = 0x9682_4D9C_7B12_9FF9
  private static let tableType: UInt64 = 0xE75B_9E11_2F17_417D
  private static let tailMarker: UInt64 = 0x4B4F_050E_5549_ECD1
  /// The digest is SHA-512/256 instead of SHA-256.
  private static let sha512Flag: UInt64 = 0x2000_0000_0000_0000
  /// What casync itself writes for a blob with `--digest=sha256`.
  private static let flags: UInt64 = 0x9000_0000_0000_0000
  private static let indexBytes = 48
  private static let headBytes = indexBytes + 16
  private static let itemBytes = 40

  /// The file's bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headBytes + (chunks.count + 1) * Self.itemBytes)
    func append(_ numbers: UInt64...) {
      for number in numbers {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: number >> UInt64(shift))) }
      }
    }
    append(UInt64(Self.indexBytes), Self.indexType, Self.flags)
    append(UInt64(Chunker.minimumBytes), UInt64(Chunker.normalBytes), UInt64(Chunker.maximumBytes))
    append(.max, Self.tableType)
    var end: UInt64 = 0
    for chunk in chunks {
      end += UInt64(chunk.size)
      append(end)
      bytes += chunk.digest.bytes
    }
    append(0, 0, UInt64(Self.indexBytes), UInt64(16 + (chunks.count + 1) * Self.itemBytes), Self.tailMarker)
    return bytes
  }

  /// Reads a file. Nothing is allocated for what the bytes only claim.
  ///
  /// - Throws: `ErrorCode.indexCorrupt`, also for an index whose digests are not SHA-256.
  public init(_ bytes: [UInt8]) throws(GtachError) {
    func number(_ position: Int) -> UInt64 {
      bytes[position..<position + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    let tail = bytes.count - Self.itemBytes
    guard bytes.count <= Self.maximumBytes, tail >= Self.headBytes,
      (tail - Self.headBytes).isMultiple(of: Self.itemBytes)
    else { throw Self.fail("no such file has \(bytes.count) bytes") }
    guard number(0) == Self.indexBytes, number(8) == Self.indexType, number(48) == .max, number(56) == Self.tableType
    else { throw Self.fail("it does not start like one") }
    guard number(16) & Self.sha512Flag == 0 else {
      throw GtachError(
        .indexCorrupt, "an index of casync cannot be used", reason: "its digests are SHA-512/256",
        advice: "make it with casync --digest=sha256")
    }
    guard number(tail) == 0, number(tail + 8) == 0, number(tail + 16) == Self.indexBytes,
      number(tail + 24) == UInt64(bytes.count - Self.indexBytes), number(tail + 32) == Self.tailMarker
    else { throw Self.fail("it does not end like one") }
    var chunks: [ChunkIndex.Chunk] = []
    chunks.reserveCapacity((tail - Self.headBytes) / Self.itemBytes)
    var start: UInt64 = 0
    for position in stride(from: Self.headBytes, to: tail, by: Self.itemBytes) {
      let end = number(position)
      guard end > start, let digest = Digest(bytes[position + 8..<position + Self.itemBytes]) else {
        throw Self.fail("a chunk ends before it begins")
      }
      guard end - start <= Self.maximumChunkBytes else {
        throw Self.fail("a chunk of \(end - start) bytes, and at most \(Self.maximumChunkBytes) are read")
      }
      chunks.append(ChunkIndex.Chunk(digest: digest, size: Int(end - start)))
      start = end
    }
    self.chunks = chunks
  }

  private static func fail(_ reason: String) -> GtachError {
    GtachError(.indexCorrupt, "an index of casync cannot be read", reason: reason)
  }
}
