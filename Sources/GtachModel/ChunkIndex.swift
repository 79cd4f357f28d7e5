/// Which chunks an archive consists of, and which objects carry them: the content of `chunks.index`.
public struct ChunkIndex: Hashable, Sendable {
  /// A piece of the archive, named by the SHA-256 of its bytes.
  public struct Chunk: Hashable, Sendable {
    /// The SHA-256 of the chunk.
    public let digest: Digest
    /// Its length in bytes.
    public let size: Int
    /// Names a chunk.
    public init(digest: Digest, size: Int) {
      self.digest = digest
      self.size = size
    }
  }

  /// How an object's bytes become a chunk.
  public enum Encoding: Hashable, Sendable {
    /// One zstd frame that needs nothing else (RFC 8878).
    case zstd
  }

  /// An encoding of one chunk for the journey, cut into units.
  public struct Object: Hashable, Sendable {
    /// The SHA-256 of the SHA-256s of its units, one after the other.
    public let id: Digest
    /// Its length in bytes.
    public let size: Int
    /// Which chunk it yields: a position in `chunks`.
    public let chunk: Int
    /// How.
    public let encoding: Encoding
    /// Names an object.
    public init(id: Digest, size: Int, chunk: Int, encoding: Encoding) {
      self.id = id
      self.size = size
      self.chunk = chunk
      self.encoding = encoding
    }
  }

  /// The length of a unit in bytes, the last of an object excepted: 4 to 64 KiB.
  public let unitSize: Int
  /// The chunks in the order of the archive; one that occurs twice is listed twice.
  public let chunks: [Chunk]
  /// The objects, one for each different chunk; an object's number is its position.
  public let objects: [Object]

  /// An index from its parts.
  public init(unitSize: Int, chunks: [Chunk], objects: [Object]) {
    self.unitSize = unitSize
    self.chunks = chunks
    self.objects = objects
  }

  /// The length of the archive in bytes.
  public var archiveSize: Int { chunks.reduce(0) { $0 + $1.size } }
}
