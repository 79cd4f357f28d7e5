import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// Unpacks a variant's archive. What was unpacked before an error stays: the directory is the caller's to remove.
  ///
  /// - Parameter directory: Where, an empty directory. The caller brings it onto the disk.
  /// - Throws: `ErrorCode.notFound` where the variant is not complete here; `ErrorCode.chunkMissing` where it is so no
  ///   longer, as a chunk is damaged; `ErrorCode.archiveInvalid` where the archive is not the one of the manifest, and
  ///   whatever else `ArchiveReader.extract` says of an archive; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public func extract(_ variant: VariantID, into directory: String) throws(GtachError) {
    let entry = try entry(of: variant)
    let index = try ChunkIndexCodec.decode(try indexBytes(of: entry))
    var objects: [Digest: ChunkIndex.Object] = [:]
    for object in index.objects { objects[index.chunks[object.chunk].digest] = object }
    let hash = SHA256Stream()
    var position = 0
    do throws(GtachError) {
      try ArchiveReader.extract(
        source: { () throws(GtachError) in
          guard position < index.chunks.count else { return nil }
          let chunk = index.chunks[position]
          position += 1
          guard let bytes = try self.chunk(chunk, object: objects[chunk.digest]) else {
            throw GtachError(
              .chunkMissing, "\(variant) is not complete any more",
              reason: "the chunk \(chunk.digest) is damaged or gone", advice: "fetch it again with gtach sync")
          }
          hash.update(bytes)
          return bytes
        }, into: directory)
    } catch {
      // Out of sight, the variant is wanted again, and only what is missing is fetched.
      if error.code == .chunkMissing { try quarantine(entry.directory) }
      throw error
    }
    guard hash.finish() == entry.manifest.archive.digest else {
      throw GtachError(
        .archiveInvalid, "the archive of \(variant) is not the one that its manifest names",
        reason: "its chunks are what the index says, but together they hash to something else")
    }
  }
}
