import GtachCore
import GtachModel
import GtachSystem

/// `gtach export`: a release as files that another machine of the fleet imports, or casync restores.
public struct ReleaseExporter: Sendable {
  /// The level of exported chunks: casync's own.
  static let level = 3

  private let context: NodeContext

  /// An exporter of what a home holds.
  public init(_ context: NodeContext) { self.context = context }

  /// Writes a release file: all that another machine of the fleet needs of a release, every variant that is here. The
  /// file has its name when it is whole.
  ///
  /// - Parameter progress: Told how many bytes of archives are done, and how many there are; what it throws ends it.
  /// - Throws: `ErrorCode.usage` for `-`, which is no file; `ErrorCode.notFound` where the release is not here;
  ///   `ErrorCode.manifestUnlisted` where signed metadata
  ///   does not list it; `ErrorCode.metadataMissing` where that is not complete here; `ErrorCode.chunkMissing` where
  ///   the release is damaged; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public func exportFile(
    _ release: ReleaseID, to path: String, progress: (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> ExportReport {
    guard path != "-" else {
      throw GtachError(
        .usage, "a release is not written to the standard output", reason: "a file has its name only when it is whole",
        advice: "name a file, or ./- for one of that name")
    }
    let listed = try ListedReleases(context)
    let variants = try listed.variants(of: release)
    let file = try OutputFile(path)
    let archive = try FileArchiveWriter { bytes throws(GtachError) in try file.append(bytes) }
    let indexes = try writeDescriptions(of: variants, listed, to: archive)
    let count = try readChunks(of: variants, indexes, listed, progress: progress) { chunk, bytes throws(GtachError) in
      try archive.append(
        ReleaseFileMember.chunk(chunk.digest).path, Zstd.compress(bytes, level: Self.level))
    }
    try archive.finish()
    try file.commit()
    return report(variants, listed, path: path, chunks: count)
  }

  /// Writes a release for casync: an index `.caibx` for each variant's archive, which casync restores byte for byte
  /// from the store `default.castr`, and a release file without chunks, so that the fleet's machines know what it is.
  ///
  /// - Parameters:
  ///   - directory: Where; other releases may be in it already.
  ///   - progress: As for `exportFile`.
  /// - Throws: As `exportFile`.
  public func exportStore(
    _ release: ReleaseID, to directory: String, progress: (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> ExportReport {
    let listed = try ListedReleases(context)
    let variants = try listed.variants(of: release)
    try FileSystem().perform(.makeDirectory(directory))
    let layout = CasyncLayout(directory: directory)
    let file = try OutputFile(layout.releaseFile(of: variants[0].variant.release))
    let archive = try FileArchiveWriter { bytes throws(GtachError) in try file.append(bytes) }
    let indexes = try writeDescriptions(of: variants, listed, to: archive)
    try archive.finish()
    let store = CasyncStore(path: layout.store)
    let count = try readChunks(of: variants, indexes, listed, progress: progress) { chunk, bytes throws(GtachError) in
      try store.write(chunk, bytes, level: Self.level)
    }
    // What names chunks comes when they are on the disk.
    try FileSystem().perform(.syncFileSystem(of: directory))
    try file.commit()
    for (variant, index) in zip(variants, indexes) {
      let file = try OutputFile(layout.index(of: variant.variant))
      try file.append(CasyncIndex(chunks: index.chunks).bytes)
      try file.commit()
    }
    return report(variants, listed, path: directory, chunks: count)
  }

  /// Writes metadata, manifests and indexes into a release file.
  private func writeDescriptions(
    of variants: [Catalogue.Entry], _ listed: ListedReleases, to archive: FileArchiveWriter
  ) throws(GtachError) -> [ChunkIndex] {
    guard listed.trusted.isComplete else {
      throw GtachError(
        .metadataMissing, "this machine's metadata is not complete: others could not verify the release",
        advice: "fetch the rest with gtach sync")
    }
    let names = listed.metadata.keys.compactMap { MetadataFileName($0) }.sorted()
    for name in names {
      guard let bytes = listed.metadata[name.description] else { continue }
      try archive.append(ReleaseFileMember.metadata(name).path, bytes)
    }
    var indexes: [ChunkIndex] = []
    for entry in variants {
      let variant = entry.variant
      let indexBytes = try listed.repository.indexBytes(of: entry)
      try archive.append(
        ReleaseFileMember.manifest(variant).path, listed.repository.manifestBytes(of: entry))
      try archive.append(ReleaseFileMember.index(variant).path, indexBytes)
      indexes.append(try ChunkIndexCodec.decode(indexBytes))
    }
    return indexes
  }

  /// Reads each different chunk of the variants once.
  ///
  /// - Returns: How many there are.
  private func readChunks(
    of variants: [Catalogue.Entry], _ indexes: [ChunkIndex], _ listed: ListedReleases,
    progress: (Int, Int) throws(GtachError) -> Void,
    take: (ChunkIndex.Chunk, [UInt8]) throws(GtachError) -> Void
  ) throws(GtachError) -> Int {
    let total = indexes.reduce(0) { $0 + $1.archiveSize }
    var done = 0
    var seen: Set<Digest> = []
    for (entry, index) in zip(variants, indexes) {
      let read = listed.repository.chunkReader(of: entry, index: index)
      for chunk in index.chunks {
        if seen.insert(chunk.digest).inserted { try take(chunk, read(chunk)) }
        done += chunk.size
        try progress(done, total)
      }
    }
    return seen.count
  }

  private func report(
    _ variants: [Catalogue.Entry], _ listed: ListedReleases, path: String, chunks: Int
  ) -> ExportReport {
    ExportReport(
      release: variants[0].variant.release.description, platforms: variants.map(\.variant.platform),
      path: path,
      chunks: chunks, archiveBytes: variants.reduce(0) { $0 + $1.archive.size },
      metadataVersion: listed.trusted.timestampVersion)
  }
}
