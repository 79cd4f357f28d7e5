import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// The manifest of that SHA-256.
  ///
  /// - Throws: `ErrorCode.notFound` where it is not here; `ErrorCode.inputOutput`.
  public func manifestBytes(digest: Digest) throws(GtachError) -> [UInt8] {
    guard let entry = try entry(holding: digest), entry.digest == digest else {
      throw GtachError(.notFound, "no manifest \(digest) is here")
    }
    return try manifestBytes(of: entry)
  }

  /// The index of that SHA-256.
  ///
  /// - Throws: `ErrorCode.notFound` where it is not here; `ErrorCode.inputOutput`.
  public func indexBytes(digest: Digest) throws(GtachError) -> [UInt8] {
    guard let entry = try entry(holding: digest), entry.index.digest == digest else {
      throw GtachError(.notFound, "no index \(digest) is here")
    }
    return try indexBytes(of: entry)
  }

  /// A chunk as it is stored, one zstd frame, which was decoded and hashed as it was read.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here, was damaged, or cannot be read.
  public func chunkFrame(_ digest: Digest) throws(GtachError) -> [UInt8] {
    try served { () throws(GtachError) in
      let path = layout.chunk(digest)
      do throws(GtachError) {
        // One that is longer than any chunk is damaged, too, and the byte too much lets it fail to decode.
        let frame = try files.read(
          path, offset: 0, count: ChunkIndexCodec.maximumObjectBytes(chunkSize: Chunker.maximumBytes) + 1)
        let bytes = try Zstd.decompress(frame, maximumBytes: Chunker.maximumBytes)
        if SHA256().digest(of: bytes) == digest { return frame }
      } catch {
        if error.code == .notFound { throw GtachError(.chunkMissing, "the chunk \(digest) is not here") }
        guard error.code == .objectCorrupt else { throw error }
      }
      state.withLock { _ = $0.sound.remove(digest) }
      try quarantine(path)
      throw GtachError(.chunkMissing, "the chunk \(digest) is not here any more", reason: "it was damaged")
    }
  }

  /// A variant whose manifest, index or archive has that SHA-256.
  func entry(holding digest: Digest) throws(GtachError) -> Catalogue.Entry? {
    try state.withLock { state throws(GtachError) in try state.catalogue.entry(holding: digest) }
  }

  /// The length of an object in bytes, and the SHA-256 of each of its units.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here, was damaged, or cannot be read.
  public func unitList(object id: ObjectID) throws(GtachError) -> (size: Int, digests: [Digest]) {
    let units = try served { () throws(GtachError) in try withObject(id) { file throws(GtachError) in file.units } }
    return (units.size, units.digests)
  }

  /// Some units of an object with their numbers, hashed as they are read.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where the object is not here, was damaged, or cannot be read;
  ///   `ErrorCode.notFound` where it has no such units.
  public func units(object id: ObjectID, range: Range<Int>) throws(GtachError) -> [(Int, [UInt8])] {
    let units: [(Int, [UInt8])]? = try served { () throws(GtachError) in
      try withObject(id) { file throws(GtachError) in
        guard range.lowerBound >= 0, range.upperBound <= file.units.digests.count else { return nil }
        var units: [(Int, [UInt8])] = []
        for number in range { units.append((number, try file.unit(number))) }
        return units
      }
    }
    guard let units else { throw GtachError(.notFound, "the object \(id) has no units \(range)") }
    return units
  }

  /// To a peer, what the disk does not give is not here: it asks for the chunk in another form, or somebody else, where an
  /// error would end the connection, and so the next one. `gtach verify` tells this machine's owner of it.
  private func served<Result>(_ read: () throws(GtachError) -> Result) throws(GtachError) -> Result {
    do throws(GtachError) {
      return try read()
    } catch {
      guard error.code == .inputOutput else { throw error }
      throw GtachError(.chunkMissing, "it cannot be read here", reason: error.message)
    }
  }
}
