import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// Unpacks a variant's archive. What was unpacked before an error stays: the directory is the caller's to remove.
  ///
  /// - Parameters:
  ///   - directory: Where, an empty directory. The caller brings it onto the disk.
  ///   - progress: Told how many bytes of the archive were read, and how many it has; what it throws ends the work.
  /// - Throws: `ErrorCode.notFound` where the variant is not complete here; `ErrorCode.chunkMissing` where it is so no
  ///   longer, as a chunk is damaged; `ErrorCode.archiveInvalid` where the archive is not the one of the manifest, and
  ///   whatever else `ArchiveReader.extract` says of an archive; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public func extract(
    _ variant: VariantID, into directory: String,
    progress: @escaping (Int, Int) throws(GtachError) -> Void = { _, _ in }
  ) throws(GtachError) {
    let entry = try entry(of: variant)
    let index = try ChunkIndexCodec.decode(try indexBytes(of: entry))
    let read = chunkReader(of: entry, index: index)
    let extract = { (source: @escaping () throws(GtachError) -> [UInt8]?) throws(GtachError) in
      try ArchiveReader.extract(source: source, into: directory)
    }
    do throws(GtachError) {
      // The archive is hashed as a whole: that says of every chunk whether it is right.
      try self.read(index, of: entry, extract, progress: progress) { chunk throws(GtachError) in
        let stored = try self.storedChunk(chunk.digest, isHashed: false)
        if let stored, stored.bytes.count == chunk.size { return stored.bytes }
        return try read(chunk)
      }
    } catch {
      guard Self.mayComeOfDamage.contains(error.code) else { throw error }
      // Either the archive is not what it should be, or a chunk, which is now found and made anew if that can be.
      for name in try files.list(directory) { try files.perform(.remove("\(directory)/\(name)")) }
      try self.read(index, of: entry, extract, progress: progress, chunk: read)
    }
  }

  /// What a variant's archive has, by path. Nothing is written.
  ///
  /// - Parameter progress: Told how many bytes of the archive were read, and how many it has; what it throws ends the
  ///   work.
  /// - Throws: As `extract`.
  func listing(
    of variant: VariantID, progress: @escaping (Int, Int) throws(GtachError) -> Void = { _, _ in }
  ) throws(GtachError) -> [String: TreeEntry] {
    let entry = try entry(of: variant)
    let index = try ChunkIndexCodec.decode(try indexBytes(of: entry))
    var entries: [String: TreeEntry] = [:]
    try read(
      index, of: entry,
      { source throws(GtachError) in entries = try ArchiveReader.entries(source: source, hashing: SHA256Stream()) },
      progress: progress, chunk: chunkReader(of: entry, index: index))
    return entries
  }

  /// What is said of an archive that holds other bytes than it should.
  private static let mayComeOfDamage: Set<ErrorCode> = [
    .archiveInvalid, .archivePathUnsafe, .archiveMemberUnsupported,
  ]

  private func read(
    _ index: ChunkIndex, of entry: Catalogue.Entry,
    _ body: (@escaping () throws(GtachError) -> [UInt8]?) throws(GtachError) -> Void,
    progress: @escaping (Int, Int) throws(GtachError) -> Void,
    chunk: @escaping (ChunkIndex.Chunk) throws(GtachError) -> [UInt8]
  ) throws(GtachError) {
    let hash = SHA256Stream()
    var position = 0
    var done = 0
    try body { () throws(GtachError) in
      guard position < index.chunks.count else { return nil }
      let bytes = try chunk(index.chunks[position])
      position += 1
      done += bytes.count
      hash.update(bytes)
      try progress(done, entry.archive.size)
      return bytes
    }
    guard hash.finish() == entry.archive.digest else {
      throw GtachError(
        .archiveInvalid, "the archive of \(entry.variant) is not the one that its manifest names",
        reason: "its chunks are what the index says, but together they hash to something else")
    }
  }

  /// Gives the bytes of a variant's chunks, hashed as they are read. Where one is damaged or gone, the variant is out
  /// of sight from then on: so it is wanted again, and only what is missing is fetched.
  ///
  /// - Returns: What throws `ErrorCode.chunkMissing`, `ErrorCode.inputOutput`.
  func chunkReader(
    of entry: Catalogue.Entry, index: ChunkIndex
  ) -> (ChunkIndex.Chunk) throws(GtachError) -> [UInt8] {
    var objects: [Digest: Range<Int>] = [:]
    for numbers in index.objectsByChunk {
      objects[index.chunks[index.objects[numbers.lowerBound].chunk].digest] = numbers
    }
    return { chunk throws(GtachError) in
      if let numbers = objects[chunk.digest], let bytes = try self.chunk(of: numbers, in: index) { return bytes }
      try self.withdraw(entry.variant, from: entry.directory)
      throw GtachError(
        .chunkMissing, "\(entry.variant) is not complete any more",
        reason: "the chunk \(chunk.digest) is damaged or gone", advice: "fetch it again with gtach sync")
    }
  }
}
