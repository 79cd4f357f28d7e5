import GtachCore
import GtachModel
import GtachSystem

/// The repository of a user who is not trusted, as the installer reads it: nothing is written there, no link is
/// followed, and nothing counts that does not hash to what signed metadata say.
struct ForeignRepository {
  /// The most files of metadata that are read, and the most bytes of all of them: a fleet has one for each package.
  static let maximumMetadataFiles = 4096
  static let maximumMetadataBytes = 64 << 20

  let home: GuardedDirectory
  private let layout = RepositoryLayout(home: "")

  /// The files of signed metadata, whatever is in them, by name.
  ///
  /// - Throws: `ErrorCode.metadataMissing` where there are none; `ErrorCode.metadataMalformed` for too many; as
  ///   `GuardedDirectory` does.
  func metadata() throws(GtachError) -> [String: [UInt8]] {
    let all = try home.list(names(layout.metadata)).filter { $0.hasSuffix(".json") }
    guard !all.isEmpty else { throw GtachError(.metadataMissing, "\(home.path) has no signed metadata") }
    guard all.count <= Self.maximumMetadataFiles else {
      throw GtachError(.metadataMalformed, "\(home.path) has more than \(Self.maximumMetadataFiles) metadata files")
    }
    var files: [String: [UInt8]] = [:]
    var room = Self.maximumMetadataBytes
    for name in all {
      let bytes = try home.read(names(try layout.metadata(name)), maximumBytes: room)
      room -= bytes.count
      files[name] = bytes
    }
    return files
  }

  /// The manifest of a listed variant.
  ///
  /// - Throws: `ErrorCode.manifestUnlisted` where it is another one, `ErrorCode.manifestCorrupt`; `ErrorCode.notFound`
  ///   where it is not there.
  func manifest(of listed: ListedVariant) throws(GtachError) -> Manifest {
    let bytes = try home.read(names(layout.manifest(of: listed.variant)), maximumBytes: Manifest.maximumBytes)
    return try listed.verifiedManifest(bytes, hashing: SHA256())
  }

  /// Unpacks the archive of a verified manifest.
  ///
  /// - Throws: `ErrorCode.indexCorrupt`, `ErrorCode.chunkMissing`, `ErrorCode.chunkCorrupt`, `ErrorCode.archiveInvalid`
  ///   where the repository has something else than was signed; what `ArchiveReader.extract` says.
  func extract(_ manifest: Manifest, into directory: String) throws(GtachError) {
    let bytes = try home.read(names(layout.index(of: manifest.variant)), maximumBytes: manifest.index.size)
    let index = try manifest.verifiedIndex(bytes, hashing: SHA256())
    let hash = SHA256Stream()
    var position = 0
    try ArchiveReader.extract(
      source: { () throws(GtachError) in
        guard position < index.chunks.count else { return nil }
        let chunk = try chunk(index.chunks[position])
        position += 1
        hash.update(chunk)
        return chunk
      }, into: directory)
    guard hash.finish() == manifest.archive.digest else {
      throw GtachError(.archiveInvalid, "the archive of \(manifest.variant) is not the one that its manifest names")
    }
  }

  private func chunk(_ chunk: ChunkIndex.Chunk) throws(GtachError) -> [UInt8] {
    let advice = "have it fetched again: gtach verify --repair, as the user whose repository it is"
    let file: [UInt8]
    do throws(GtachError) {
      file = try home.read(names(layout.chunk(chunk.digest)), maximumBytes: PackageRepository.maximumChunkFileBytes)
    } catch {
      guard error.code == .notFound else { throw error }
      throw GtachError(.chunkMissing, "the chunk \(chunk.digest) is not in \(home.path)", advice: advice)
    }
    let corrupt = GtachError(.chunkCorrupt, "the chunk \(chunk.digest) in \(home.path) is damaged", advice: advice)
    let bytes: [UInt8]
    do throws(GtachError) {
      bytes = try Zstd.decompress(Zstd.afterSkippable(file[...]), maximumBytes: Chunker.maximumBytes)
    } catch {
      guard error.code == .objectCorrupt else { throw error }
      throw corrupt
    }
    guard bytes.count == chunk.size, SHA256().digest(of: bytes) == chunk.digest else { throw corrupt }
    return bytes
  }

  private func names(_ path: String) -> [String] { path.split(separator: "/").map(String.init) }
}
