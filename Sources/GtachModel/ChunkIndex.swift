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

    /// The first 8 bytes of its SHA-256, by which objects name it.
    public var name: UInt64 { digest.firstWord }
  }

  /// An older archive that patches are made from. Whoever holds it can use them, whatever release it is of.
  public struct Base: Hashable, Sendable {
    /// The SHA-256 of the archive.
    public let archive: Digest
    /// Its length in bytes.
    public let size: Int
    /// Names a base.
    public init(archive: Digest, size: Int) {
      self.archive = archive
      self.size = size
    }
  }

  /// What a decoder needs beside an object's bytes. How these are to be read, the object's own header says.
  public enum Encoding: Hashable, Sendable {
    /// Nothing but chunks that precede this one in the archive.
    case full
    /// Stretches of an older archive: a position in `bases`.
    case patch(base: Int)
  }

  /// An encoding of one chunk for the journey, cut into units.
  public struct Object: Hashable, Sendable {
    /// Its name, by what its units are.
    public let id: ObjectID
    /// Its length in bytes.
    public let size: Int
    /// Which chunk it yields: where that first occurs in `chunks`.
    public let chunk: Int
    /// How.
    public let encoding: Encoding
    /// Names an object.
    public init(id: ObjectID, size: Int, chunk: Int, encoding: Encoding) {
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
  /// The older archives that patches are made from.
  public let bases: [Base]
  /// The objects, chunk by chunk; of each different chunk the full one first, and then patches in the order of their
  /// bases. An object's number is its position.
  public let objects: [Object]

  /// An index from its parts.
  public init(unitSize: Int, chunks: [Chunk], bases: [Base] = [], objects: [Object]) {
    self.unitSize = unitSize
    self.chunks = chunks
    self.bases = bases
    self.objects = objects
  }

  /// The numbers of the objects that yield a chunk, the full one first: for each different chunk, in the order of the
  /// archive.
  public var objectsByChunk: [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    while start < objects.count {
      var end = start + 1
      while end < objects.count, objects[end].chunk == objects[start].chunk { end += 1 }
      ranges.append(start..<end)
      start = end
    }
    return ranges
  }

  /// The chunks that an object's header names, in its order; nil where one does not stand before the object's own.
  ///
  /// - Parameters:
  ///   - names: The first 8 bytes of each chunk's SHA-256.
  ///   - position: Where the object's chunk first occurs.
  public func chunks(named names: [UInt64], before position: Int) -> [Chunk]? {
    let earlier = chunks[..<position]
    let found = names.compactMap { name in earlier.first { $0.name == name } }
    return found.count == names.count ? found : nil
  }

  /// The length of the archive in bytes.
  public var archiveSize: Int { chunks.reduce(0) { $0 + $1.size } }
}
