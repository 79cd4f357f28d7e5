import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// A chunk's bytes, hashed as they are read; nil where it is not here. One that is damaged is quarantined, and made
  /// anew from an object that carries it, where that is here.
  ///
  /// - Throws: `ErrorCode.inputOutput`, `ErrorCode.diskFull`.
  func chunk(_ chunk: ChunkIndex.Chunk, object: ChunkIndex.Object?) throws(GtachError) -> [UInt8]? {
    if let bytes = try storedChunk(chunk) { return bytes }
    guard let object, let encoded = try storedObject(object.id) else { return nil }
    let bytes: [UInt8]
    do throws(GtachError) {
      bytes = try Self.decode(encoded, of: object, chunk: chunk)
    } catch {
      // The object is what its id says, so its publisher made it wrongly: it carries nothing.
      guard error.code == .objectCorrupt || error.code == .chunkCorrupt else { throw error }
      return nil
    }
    try storeChunk(bytes, digest: chunk.digest)
    return bytes
  }

  /// A chunk as it is stored; nil where it is not here, or was damaged.
  private func storedChunk(_ chunk: ChunkIndex.Chunk) throws(GtachError) -> [UInt8]? {
    let path = layout.chunk(chunk.digest)
    do throws(GtachError) {
      // One that is longer than any chunk is damaged, too, and the byte too much lets it fail to decode.
      let frame = try files.read(
        path, offset: 0, count: ChunkIndexCodec.maximumObjectBytes(chunkSize: Chunker.maximumBytes) + 1)
      let bytes = try Zstd.decompress(frame, size: chunk.size)
      if SHA256().digest(of: bytes) == chunk.digest { return bytes }
    } catch {
      if error.code == .notFound { return nil }
      guard error.code == .objectCorrupt else { throw error }
    }
    state.withLock { _ = $0.sound.remove(chunk.digest) }
    try quarantine(path)
    return nil
  }

  /// Stores a chunk on its own, where it is not here already.
  ///
  /// - Parameter digest: The SHA-256 of the bytes: whoever calls has hashed them.
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func storeChunk(_ bytes: [UInt8], digest: Digest) throws(GtachError) {
    // A power cut may have torn what lies there, so only what is read and right counts.
    let isKnown = state.withLock { $0.sound.contains(digest) }
    if isKnown, try files.exists(layout.chunk(digest)) { return }
    if try storedChunk(ChunkIndex.Chunk(digest: digest, size: bytes.count)) == nil {
      try store(Zstd.compress(bytes, level: Self.chunkLevel), at: layout.chunk(digest))
    }
    state.withLock { _ = $0.sound.insert(digest) }
  }

  /// Stores an object as it travels.
  ///
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func storeObject(_ bytes: [UInt8], id: Digest, units: UnitList) throws(GtachError) {
    try store(ObjectFile.encode(bytes, units: units), at: layout.object(id))
  }

  /// An object's bytes, hashed as they are read; nil where it is not here, or was damaged.
  func storedObject(_ id: Digest) throws(GtachError) -> [UInt8]? {
    do throws(GtachError) {
      return try withObject(id) { file throws(GtachError) in try file.object() }
    } catch {
      guard error.code == .chunkMissing else { throw error }
      return nil
    }
  }

  /// Reads from a stored object; one that is damaged is quarantined.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here, or was damaged; `ErrorCode.inputOutput`.
  func withObject<Result>(
    _ id: Digest, _ body: (ObjectFile) throws(GtachError) -> Result
  ) throws(GtachError) -> Result {
    let path = layout.object(id)
    do throws(GtachError) {
      return try body(try ObjectFile(path: path, id: id))
    } catch {
      switch error.code {
      case .notFound: throw GtachError(.chunkMissing, "the object \(id) is not here")
      case .objectCorrupt:
        try quarantine(path)
        throw GtachError(.chunkMissing, "the object \(id) is not here any more", reason: "it was damaged")
      default: throw error
      }
    }
  }

  /// The chunk that an object yields.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where it cannot be decoded, `ErrorCode.chunkCorrupt` where it yields other
  ///   bytes than the chunk's.
  static func decode(
    _ bytes: [UInt8], of object: ChunkIndex.Object, chunk: ChunkIndex.Chunk
  ) throws(GtachError) -> [UInt8] {
    let decoded: [UInt8]
    switch object.encoding {
    case .zstd: decoded = try Zstd.decompress(bytes, size: chunk.size)
    }
    guard SHA256().digest(of: decoded) == chunk.digest else {
      throw GtachError(
        .chunkCorrupt, "the object \(object.id) yields other bytes than those of its chunk",
        reason: "the chunk is \(chunk.digest)")
    }
    return decoded
  }

  private func store(_ bytes: [UInt8], at path: String) throws(GtachError) {
    let plan = try plan()
    let name = Workspace.newName()
    try perform(plan.store(bytes, at: path, temporaryName: name), plan: plan, temporaryName: name)
  }
}
