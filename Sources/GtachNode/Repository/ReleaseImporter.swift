import GtachCore
import GtachModel
import GtachSystem

/// `gtach import`: brings a release into the repository that did not come from a peer. It is verified as if it had.
public struct ReleaseImporter {
  private let repository: PackageRepository
  private let metadata: MetadataReceiver
  private let files = FileSystem()

  /// An importer into a home.
  ///
  /// - Throws: `ErrorCode.fleetMissing` where the machine belongs to no fleet.
  public init(_ context: NodeContext) throws(GtachError) {
    repository = try context.repository()
    let membership = try context.membership()
    metadata = MetadataReceiver(
      repository: repository, pinnedRoot: membership.pinnedRoot, isPublisher: membership.isPublisher)
  }

  /// Brings in what a release file carries. A release that is here already is repaired where it is damaged.
  ///
  /// - Parameter progress: Told how many bytes of chunks are done, and how many there are; what it throws ends it.
  /// - Throws: `ErrorCode.archiveInvalid` where the file is none, or is cut off; what `MetadataUpdate` says of its
  ///   metadata; `ErrorCode.manifestUnlisted`, `ErrorCode.indexCorrupt`, `ErrorCode.chunkCorrupt` and
  ///   `ErrorCode.chunkMissing` where it does not hold what was signed; `ErrorCode.releaseExists`;
  ///   `ErrorCode.notFound`, `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public func importFile(
    _ path: String, progress: (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> ImportReport {
    try repository.claimUnnamed()
    let reader = ReleaseFileReader(path: path, repository: repository, metadata: metadata)
    let variants = try reader.read(progress: progress)
    for variant in variants { try complete(variant, from: path) }
    return try report(variants)
  }

  /// Brings in the archives that a directory of casync restores: of the releases that the release files beside the
  /// indexes or this repository describe, those whose archive it is. Where casync cut an archive does not matter.
  ///
  /// - Parameters:
  ///   - release: The one to bring in; nil for all that are there.
  ///   - progress: As for `importFile`.
  /// - Throws: As `importFile`; `ErrorCode.notFound` where there is no index of casync, or nothing that describes the
  ///   release; `ErrorCode.manifestUnlisted` where no index is of an archive that is listed.
  public func importStore(
    _ directory: String, release: ReleaseID?, progress: (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> ImportReport {
    try repository.claimUnnamed()
    let names = try files.list(directory)
    var indexes: [(name: String, size: Int)] = []
    var ignored: [String] = []
    var problem: GtachError?
    for name in names where name.hasSuffix(CasyncLayout.indexSuffix) {
      do throws(GtachError) {
        indexes.append((name, try index("\(directory)/\(name)").blobSize))
      } catch {
        guard error.code == .indexCorrupt else { throw error }
        problem = problem ?? error
        ignored.append(name)
      }
    }
    guard !indexes.isEmpty else {
      throw problem
        ?? GtachError(
          .notFound, "\(directory) holds no index of casync",
          reason: "no name in it ends with \(CasyncLayout.indexSuffix)")
    }
    let described = try describedVariants(
      in: directory, names: names, release: release, archiveSizes: Set(indexes.map(\.size)))
    var imported: [VerifiedVariant] = []
    for (name, size) in indexes {
      let candidates = described.filter { candidate in
        candidate.manifest.archive.size == size
          && !imported.contains { $0.manifest.variant == candidate.manifest.variant }
      }
      let restored = try restore(name, in: directory, as: candidates, progress: progress)
      if restored.isEmpty { ignored.append(name) }
      for variant in restored { try complete(variant, from: directory) }
      imported += restored
    }
    guard !imported.isEmpty else {
      throw problem
        ?? GtachError(
          .manifestUnlisted, "nothing in \(directory) is the archive of \(release?.description ?? "a listed release")",
          reason: "\(ignored.joined(separator: ", ")) restores something else")
    }
    return try report(imported, ignored: ignored.sorted())
  }

  /// Restores what an index of casync names, as what it may be. Several releases may have the same archive: it is the
  /// one that the index has its name of, else all that release files describe, else all that are here already.
  ///
  /// - Returns: What it is.
  private func restore(
    _ name: String, in directory: String, as candidates: [DescribedVariant],
    progress: (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> [VerifiedVariant] {
    let (path, layout) = ("\(directory)/\(name)", CasyncLayout(directory: directory))
    let named = candidates.filter { layout.index(of: $0.manifest.variant) == path }
    let others = candidates.filter { layout.index(of: $0.manifest.variant) != path }
    for group in [named, others.filter(\.isFromFile), others.filter { !$0.isFromFile }] where !group.isEmpty {
      let index = try index(path)
      var restored: [VerifiedVariant] = []
      for candidate in group {
        if try restore(index, from: layout.store, as: candidate.verified, progress: progress) {
          restored.append(candidate.verified)
        }
      }
      if !restored.isEmpty { return restored }
    }
    return []
  }

  private func index(_ path: String) throws(GtachError) -> CasyncIndex {
    let bytes = try files.read(path, maximumBytes: CasyncIndex.maximumBytes)
    do throws(GtachError) {
      return try CasyncIndex(bytes)
    } catch {
      throw GtachError(error.code, "\(path): \(error.message)", reason: error.reason, advice: error.advice)
    }
  }

  /// A variant that an index of casync may be the archive of.
  private struct DescribedVariant {
    let verified: VerifiedVariant
    /// Whether a release file describes it, and not only this repository.
    let isFromFile: Bool
    var manifest: Manifest { verified.manifest }
  }

  /// What may be restored: manifests and indexes are in release files, or here already.
  private func describedVariants(
    in directory: String, names: [String], release: ReleaseID?, archiveSizes: Set<Int>
  ) throws(GtachError) -> [DescribedVariant] {
    var described: [VariantID: DescribedVariant] = [:]
    let prefix = release.map { "\($0.name)-\($0.version.major).\($0.version.minor).\($0.version.patch)" } ?? ""
    for name in names where name.hasSuffix(CasyncLayout.releaseFileSuffix) && name.hasPrefix(prefix) {
      let reader = ReleaseFileReader(path: "\(directory)/\(name)", repository: repository, metadata: metadata)
      for variant in try reader.read(progress: { _, _ in }) {
        described[variant.manifest.variant] = DescribedVariant(verified: variant, isFromFile: true)
      }
    }
    let trusted = try metadata.receive([:], from: directory)
    for (id, entry) in try repository.entries() where described[id] == nil {
      guard trusted.targets[id]?.manifest.digest == entry.digest, archiveSizes.contains(entry.archive.size)
      else { continue }
      let indexBytes = try repository.indexBytes(of: entry)
      let manifestBytes = try repository.manifestBytes(of: entry)
      let verified = VerifiedVariant(
        manifest: try Manifest(json: manifestBytes), manifestBytes: manifestBytes,
        index: try ChunkIndexCodec.decode(indexBytes), indexBytes: indexBytes)
      described[id] = DescribedVariant(verified: verified, isFromFile: false)
    }
    let wanted = described.values.filter { release == nil || $0.manifest.variant.release == release }
    if let release, wanted.isEmpty {
      throw GtachError(
        .notFound, "nothing says what \(release) consists of",
        reason: "neither a \(CasyncLayout.releaseFileSuffix) in \(directory) nor this repository describes it",
        advice: "export it there with gtach export \(release) --casync")
    }
    return wanted.sorted { $0.manifest.variant < $1.manifest.variant }
  }

  /// Restores a blob from casync's store and stores it in the chunks of a variant.
  ///
  /// - Returns: Whether it is the variant's archive.
  private func restore(
    _ index: CasyncIndex, from path: String, as variant: VerifiedVariant,
    progress: (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> Bool {
    let store = CasyncStore(path: path)
    let hash = SHA256Stream()
    var cutter = ChunkCutter(variant.index)
    var done = 0
    for chunk in index.chunks {
      let bytes = try store.read(chunk)
      hash.update(bytes)
      for (chunk, piece) in cutter.append(bytes) {
        guard SHA256().digest(of: piece) == chunk.digest else { return false }
        try repository.storeChunk(piece, digest: chunk.digest)
      }
      done += chunk.size
      try progress(done, variant.manifest.archive.size)
    }
    return cutter.isFinished && hash.finish() == variant.manifest.archive.digest
  }

  private func complete(_ variant: VerifiedVariant, from source: String) throws(GtachError) {
    do throws(GtachError) {
      // Whoever carries a release here wants it here; said first, so that no gc comes between.
      try repository.changeChoices { $0.keep(variant.manifest.variant.release) }
      try repository.complete(manifest: variant.manifestBytes, index: variant.indexBytes)
    } catch {
      guard error.code == .chunkMissing else { throw error }
      throw GtachError(
        .chunkMissing, "\(source) does not hold all of \(variant.manifest.variant)", reason: error.reason,
        advice: "copy it or export it again")
    }
  }

  private func report(_ variants: [VerifiedVariant], ignored: [String] = []) throws(GtachError) -> ImportReport {
    ImportReport(
      imported: variants.map { variant in
        let manifest = variant.manifest
        return ImportReport.Variant(
          release: manifest.variant.release.description, platform: manifest.platform, bytes: manifest.archive.size)
      }, ignored: ignored, metadataVersion: try metadata.receive([:], from: "").timestampVersion)
  }
}
