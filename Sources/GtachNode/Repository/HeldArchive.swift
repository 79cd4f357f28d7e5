import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// An archive of which all chunks should be here: any stretch of it can be read.
struct HeldArchive {
  /// The SHA-256 of the archive.
  let digest: Digest
  fileprivate let map: ArchiveMap
  private let repository: PackageRepository

  init(_ digest: Digest, _ map: ArchiveMap, in repository: PackageRepository) {
    self.digest = digest
    self.map = map
    self.repository = repository
  }

  /// Its chunks in their order.
  var chunks: [ChunkIndex.Chunk] { map.chunks }

  /// As an index names it.
  var base: ChunkIndex.Base { ChunkIndex.Base(archive: digest, size: map.size) }

  /// The bytes of the chunk at a position, hashed as they are read.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here; `ErrorCode.inputOutput`.
  func bytes(at position: Int) throws(GtachError) -> [UInt8] { try repository.bytes(of: chunks[position]) }

  /// Stretches of it, one after the other.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where a chunk is not here; `ErrorCode.inputOutput`.
  func bytes(_ ranges: [Range<Int>]) throws(GtachError) -> [UInt8] {
    var bytes: [UInt8] = []
    try read(ranges, from: repository, into: &bytes)
    return bytes
  }

  /// Stretches of it, one after the other, from chunks that another source gives.
  ///
  /// - Parameter bytes: Becomes what was read, in the memory that it has already.
  /// - Throws: What the source throws.
  func read(
    _ ranges: [Range<Int>], from source: some ChunkSource, into bytes: inout [UInt8]
  ) throws(GtachError) { try map.read(ranges, from: source, into: &bytes) }

  /// Where its sampled hashes are.
  ///
  /// - Throws: `ErrorCode.chunkMissing`, `ErrorCode.inputOutput`.
  func sampled() throws(GtachError) -> SampledArchive {
    var archive = SampledArchive(size: map.size)
    var offset = 0
    for chunk in chunks {
      archive.add(SampledHash.hashes(of: try repository.bytes(of: chunk)[...]), at: offset)
      offset += chunk.size
    }
    archive.finish()
    return archive
  }
}

extension PackageRepository: ChunkSource {
  /// The bytes of a stored chunk, hashed as they are read.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here, or was damaged; `ErrorCode.inputOutput`.
  public func bytes(of chunk: ChunkIndex.Chunk) throws(GtachError) -> [UInt8] {
    if let bytes = try storedChunk(chunk) { return bytes }
    throw GtachError(.chunkMissing, "the chunk \(chunk.digest) is not here")
  }

  /// An archive by its SHA-256; nil where no release is complete here that has it.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func archive(_ digest: Digest) throws(GtachError) -> HeldArchive? {
    if let known = state.withLock({ $0.archives[digest] }) { return HeldArchive(digest, known.map, in: self) }
    guard let entry = try claimant(of: digest) else { return nil }
    guard let archive = try archive(of: entry) else { return nil }
    state.withLock { state in
      // The chunks are hashed as they are read: one that was removed meanwhile does no harm.
      if state.archives.count >= ChunkIndexCodec.maximumBases { state.archives.removeAll() }
      state.archives[digest] = (archive.map, entry.digest)
    }
    return archive
  }

  /// A variant whose manifest names an archive, and was not found out to be wrong.
  private func claimant(of digest: Digest) throws(GtachError) -> Catalogue.Entry? {
    let claims = state.withLock { $0.archiveClaims }
    if let entry = try entry(holding: .archive, digest), claims[entry.digest] != false { return entry }
    guard claims.values.contains(false) else { return nil }
    return try entries().values.first { $0.archive.digest == digest && claims[$0.digest] != false }
  }

  /// Hashes an archive that a patch could not be decoded with. The manifest of another package may name any archive,
  /// and must not make the patches of this one useless. It is not done as a rule, because it takes as long as reading
  /// all of it.
  ///
  /// - Returns: Whether it was another one; then the manifest that named it is not believed any more.
  /// - Throws: `ErrorCode.inputOutput`.
  func disprove(archive digest: Digest) throws(GtachError) -> Bool {
    guard let (map, manifest) = state.withLock({ $0.archives[digest] }),
      state.withLock({ $0.archiveClaims[manifest] }) == nil
    else { return false }
    let hash = SHA256Stream()
    do throws(GtachError) {
      for chunk in map.chunks { hash.update(try bytes(of: chunk)) }
    } catch {
      guard error.code == .chunkMissing else { throw error }
      return false
    }
    let isRight = hash.finish() == digest
    state.withLock { state in
      state.archiveClaims[manifest] = isRight
      if !isRight { state.archives[digest] = nil }
    }
    return !isRight
  }

  /// The archive of a release; nil where its index is damaged.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func archive(of entry: Catalogue.Entry) throws(GtachError) -> HeldArchive? {
    do throws(GtachError) {
      let map = ArchiveMap(try ChunkIndexCodec.decode(try indexBytes(of: entry)).chunks)
      return HeldArchive(entry.archive.digest, map, in: self)
    } catch {
      guard error.code == .notFound || error.code == .indexCorrupt else { throw error }
      return nil
    }
  }

  /// Which objects of an index can be decoded with the archives that are here.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func choice(of index: ChunkIndex) throws(GtachError) -> ObjectChoice {
    guard !index.bases.isEmpty else { return ObjectChoice(bases: []) }
    var here: Set<Int> = []
    for (number, base) in index.bases.enumerated() {
      // Without a look at all directories, for each release that comes: what is missed costs some bytes.
      let entry = try state.withLock { state throws(GtachError) in
        try state.catalogue.entry(knownBy: .archive, ShortDigest(base.archive))
      }
      guard let entry, entry.archive.digest == base.archive else { continue }
      let isWrong = state.withLock { $0.archiveClaims[entry.digest] } == false
      if isWrong, try claimant(of: base.archive) == nil { continue }
      here.insert(number)
    }
    return ObjectChoice(bases: here)
  }
}
