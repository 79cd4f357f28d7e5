import GtachCore
import GtachModel
import GtachSystem
import GtachWire

extension PackageRepository {
  /// The manifest of that SHA-256, unless it came here without this process knowing.
  ///
  /// - Throws: `ErrorCode.notFound` where it is not here; `ErrorCode.inputOutput`.
  public func manifestBytes(digest: Digest) throws(GtachError) -> [UInt8] {
    guard let entry = try entry(knownBy: .manifest, digest) else {
      throw GtachError(.notFound, "no manifest \(digest) is here")
    }
    return try manifestBytes(of: entry)
  }

  /// The index of that SHA-256, unless it came here without this process knowing.
  ///
  /// - Throws: `ErrorCode.notFound` where it is not here; `ErrorCode.inputOutput`.
  public func indexBytes(digest: Digest) throws(GtachError) -> [UInt8] {
    guard let entry = try entry(knownBy: .index, digest) else {
      throw GtachError(.notFound, "no index \(digest) is here")
    }
    return try indexBytes(of: entry)
  }

  /// A chunk as it is stored, one zstd frame, which was decoded and hashed as it was read.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here, was damaged, or cannot be read.
  public func chunkFrame(_ digest: Digest) throws(GtachError) -> [UInt8] {
    try served { () throws(GtachError) in
      if let chunk = try storedChunk(digest) { return Array(chunk.frame) }
      throw GtachError(.chunkMissing, "the chunk \(digest) is not here, or no longer, as it was damaged")
    }
  }

  /// The variant that is known by the SHA-256 of its manifest or index. Not looked for in all directories: a peer may
  /// ask for anything, and for what this node does not have as often as it likes.
  private func entry(knownBy content: Catalogue.Content, _ digest: Digest) throws(GtachError) -> Catalogue.Entry? {
    let entry = try state.withLock { state throws(GtachError) in
      try state.catalogue.entry(knownBy: content, ShortDigest(digest))
    }
    return entry?.digest(of: content) == digest ? entry : nil
  }

  /// A variant whose manifest, index or archive has that SHA-256.
  func entry(holding content: Catalogue.Content, _ digest: Digest) throws(GtachError) -> Catalogue.Entry? {
    try state.withLock { state throws(GtachError) in try state.catalogue.entry(holding: content, digest) }
  }

  /// The length of an object in bytes, and the digest of each of its units.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where it is not here, was damaged, or cannot be read.
  public func unitList(object id: ObjectID) throws(GtachError) -> (size: Int, digests: [UnitDigest]) {
    let units = try served { () throws(GtachError) in
      if let arriving = arrivingObject(id) { return arriving.units }
      return try withObject(id) { file throws(GtachError) in file.units }
    }
    return (units.size, units.digests)
  }

  /// A unit of an object, hashed as it is read, whether the whole object is here or not.
  ///
  /// - Throws: `ErrorCode.chunkMissing` where the unit is not here, was damaged, or cannot be read;
  ///   `ErrorCode.notFound` where the object has no such unit.
  public func unit(object id: ObjectID, number: Int) throws(GtachError) -> [UInt8] {
    let unit: [UInt8]? = try served { () throws(GtachError) in
      if let arriving = arrivingObject(id), let unit = try arriving.unit(number) { return unit }
      return try withObject(id) { file throws(GtachError) in
        file.units.digests.indices.contains(number) ? try file.unit(number) : nil
      }
    }
    guard let unit else { throw GtachError(.notFound, "the object \(id) has no unit \(number)") }
    return unit
  }

  /// To a peer, what the disk does not give is not here: it asks for the chunk in another form, or somebody else, where
  /// an error would end the connection, and so the next one. `gtach verify` tells this machine's owner of it.
  private func served<Result>(_ read: () throws(GtachError) -> Result) throws(GtachError) -> Result {
    do throws(GtachError) {
      return try read()
    } catch {
      guard error.code == .inputOutput else { throw error }
      throw GtachError(.chunkMissing, "it cannot be read here", reason: error.message)
    }
  }
}
