import GtachCore
import GtachModel
import GtachSystem

/// Makes a release of a source tree: a deterministic archive, cut into chunks, encoded into objects, and a manifest.
public struct PackageCreator: Sendable {
  /// The zstd level of objects where nobody says another: higher gains nothing, and 9 costs 10 to 20 % more bytes.
  public static let defaultLevel = 19
  /// The zstd level, where nobody says another, of full objects of which all have a patch who have an earlier release:
  /// the time that `defaultLevel` takes would be that of a first release, each time, to spare newcomers 11 to 17 %.
  /// Level 9 would take three times as long, for 1.5 % of that.
  public static let newcomerLevel = 6
  /// The zstd level where time counts and bytes do not.
  public static let fastLevel = 1
  /// From how many earlier releases patches are made where nobody says: most machines are a few releases behind at
  /// most.
  public static let defaultBases = 3

  /// How many chunks of an archive are stored at once: each takes at most 1 MiB until then.
  private static let chunksAtOnce = 16

  let repository: PackageRepository

  /// A creator that stores into a repository.
  public init(repository: PackageRepository) { self.repository = repository }

  /// Packs a directory or an archive. Nothing is visible before `PackageRepository.complete` is called with the result;
  /// packing the same again gives what is there already. Where it fails, nothing that it stored is left.
  ///
  /// - Parameters:
  ///   - source: The source tree: a directory, a tar, a zip or a wheel, as `PackageSource` has it.
  ///   - name: The package's name, whatever the description says.
  ///   - version: The release's version, whatever the description says.
  ///   - descriptionFile: The description; where it is nil, `gtach.json` in the tree, or what a wheel says of itself.
  ///   - bump: Which part of the description's own version to raise, `version` being nil. The file on the disk says so
  ///     only when `ReleasePublisher.publish` is done; the one in the archive does from the start.
  ///   - level: The zstd level of objects, 1 to 22; nil for `defaultLevel`, and `newcomerLevel` where that will do,
  ///     where objects of earlier releases are used again.
  ///   - isFast: Whether to spare the search for earlier chunks that a chunk may stand on; without a level,
  ///     `fastLevel`.
  ///   - bases: From how many earlier releases patches are made, 0 to `ChunkIndexCodec.maximumBases`; nil for
  ///     `defaultBases`, or none where time counts.
  ///   - platform: What this variant runs on.
  ///   - mock: A description of simulated GPIO lines that the self-tests must pass on; nil for lines that are as the
  ///     self-tests want them.
  ///   - created: When it was packed.
  ///   - modified: The time of every file in the archive, in seconds since 1970: SOURCE_DATE_EPOCH, or 0.
  ///   - progress: Told how far it is, on the calling thread; may throw to end it.
  /// - Throws: `ErrorCode.descriptionInvalid` and the like for what the description says;
  ///   `ErrorCode.archiveMemberUnsupported` where a home of gtach with its keys is in the tree;
  ///   `ErrorCode.notPermitted` where it is to be raised and may not be written; what `ForeignArchive`,
  ///   `SourceTree.members` and `ArchiveWriter.write` say of the tree; `ErrorCode.releaseExists` where the same name,
  ///   version and platform has other content; `ErrorCode.usage` for a level that does not exist; `ErrorCode.diskFull`,
  ///   `ErrorCode.inputOutput`.
  public func createPackage(
    source path: String, name: PackageName? = nil, version: SemanticVersion? = nil, descriptionFile: String? = nil,
    bump: SemanticVersion.Part? = nil, level: Int? = nil, isFast: Bool = false, bases: Int? = nil,
    platform: Platform = .any, mock: String? = nil, created: Timestamp, modified: Int64 = 0,
    progress: (PackingProgress) throws(GtachError) -> Void = { _ in }
  ) throws(GtachError) -> PackedRelease {
    if let bases, !(0...ChunkIndexCodec.maximumBases).contains(bases) {
      throw GtachError(
        .usage, "patches cannot be made from \(bases) earlier releases",
        advice: "0 to \(ChunkIndexCodec.maximumBases) are possible")
    }
    if let level, !Zstd.levels.contains(level) {
      throw GtachError(
        .usage, "there is no compression level \(level)",
        advice: "use \(Zstd.levels.lowerBound) (fast) to \(Zstd.levels.upperBound) (small)")
    }
    let source = try PackageSource(path, in: repository, progress: progress)
    let directory = source.directory
    try source.check(platform)
    let (written, update) = try source.description(file: descriptionFile, name: name, version: version, bump: bump)
    try written.checkConsistency(with: platform)
    var description = written
    let patterns = try IgnorePatterns(description.exclude ?? [])
    description.exclude = nil
    let members = try scan(directory, patterns)
    try HomeProtection(home: repository.home, directory: directory).check(members)
    let report = try PackageValidation(description, members: members, directory: directory)
      .report(mock: mock, wheel: source.wheelMetadata())

    try repository.claimUnnamed()
    do throws(GtachError) {
      let archive = try storeArchive(
        of: members, in: directory, replacements: try update?.replacements(in: directory) ?? [:], modified: modified,
        progress: progress)
      guard try scan(directory, patterns) == members else {
        throw GtachError(
          .busy, "\(path) changed while it was packed", advice: "pack again when nobody changes the tree")
      }
      let variant = VariantID(
        release: ReleaseID(name: description.name, version: description.version), platform: platform)
      if let existing = try existing(variant, archive: archive.content, description: description, update, report) {
        return existing
      }
      let encoder = ObjectEncoder(
        repository: repository, level: level ?? (isFast ? Self.fastLevel : Self.defaultLevel),
        newcomerLevel: level ?? (isFast ? Self.fastLevel : Self.newcomerLevel), usesPrefixes: !isFast)
      let index = try encoder.encode(
        HeldArchive(archive.content.digest, ArchiveMap(archive.chunks), in: repository),
        patchesFrom: try earlierArchives(of: variant, count: bases ?? (isFast ? 0 : Self.defaultBases)),
        reusing: level == nil ? try earlierObjects(of: variant) : EarlierObjects()
      ) { (done, total) throws(GtachError) in try progress(.encoding(doneBytes: done, totalBytes: total)) }
      let indexBytes = ChunkIndexCodec.encode(index)
      let manifest = Manifest(
        description: description, platform: platform, created: created, archive: archive.content,
        index: Manifest.Content(digest: SHA256().digest(of: indexBytes), size: indexBytes.count))
      let manifestBytes = try manifest.json()
      guard manifestBytes.count <= Manifest.maximumBytes else {
        throw GtachError(.descriptionInvalid, "the description of \(variant) is too long")
      }
      return PackedRelease(
        manifest: manifest, manifestBytes: manifestBytes, indexBytes: indexBytes, descriptionUpdate: update,
        report: report)
    } catch {
      // The first error is the one that counts; what is left is for gc.
      try? repository.abandonUnnamed()
      throw error
    }
  }

  // MARK: The tree

  private func scan(_ directory: String, _ patterns: IgnorePatterns) throws(GtachError) -> [ArchiveMember] {
    let always = try IgnorePatterns([".git", DescriptionUpdate.temporaryPattern])
    return try SourceTree.members(of: directory) { path, isDirectory in
      always.excludes(path, isDirectory: isDirectory) || patterns.excludes(path, isDirectory: isDirectory)
    }
  }

  // MARK: The archive

  private struct StoredArchive {
    let content: Manifest.Content
    let chunks: [ChunkIndex.Chunk]
  }

  /// Writes the archive into chunks.
  private func storeArchive(
    of members: [ArchiveMember], in directory: String, replacements: [String: [UInt8]], modified: Int64,
    progress: (PackingProgress) throws(GtachError) -> Void
  ) throws(GtachError) -> StoredArchive {
    let total = members.reduce(0) { $0 + ($1.status.kind == .file ? $1.status.size : 0) }
    let hash = SHA256Stream()
    var chunker = Chunker()
    var chunks: [ChunkIndex.Chunk] = []
    var size = 0
    // A few at once, on all processors: they are hashed, compressed lightly and written.
    var waiting: [[UInt8]] = []
    func storeWaiting() throws(GtachError) {
      let (batch, repository) = (waiting, repository)
      waiting = []
      chunks += try ParallelWork.map(count: batch.count, threads: ObjectEncoder.maximumThreads) {
        number throws(GtachError) in
        let digest = SHA256().digest(of: batch[number])
        try repository.storeChunk(batch[number], digest: digest)
        return ChunkIndex.Chunk(digest: digest, size: batch[number].count)
      } done: { _ in
      }
    }
    func store(_ bytes: [UInt8]) throws(GtachError) {
      guard size <= ChunkIndexCodec.maximumArchiveBytes else {
        throw GtachError(.archiveInvalid, "\(directory) is too large", reason: "its archive has more than 32 GiB")
      }
      guard chunks.count + waiting.count < ChunkIndexCodec.maximumChunks else {
        throw GtachError(
          .archiveInvalid, "\(directory) is too large", reason: "more than \(ChunkIndexCodec.maximumChunks) chunks")
      }
      waiting.append(bytes)
      if waiting.count == Self.chunksAtOnce { try storeWaiting() }
    }
    try ArchiveWriter.write(
      tree: directory, members: members, replacements: replacements, modified: modified
    ) { (bytes) throws(GtachError) in
      hash.update(bytes)
      size += bytes.count
      for chunk in chunker.append(bytes) { try store(chunk) }
      try progress(.reading(doneBytes: min(size, total), totalBytes: total))
    }
    if let last = chunker.finish() { try store(last) }
    try storeWaiting()
    return StoredArchive(content: Manifest.Content(digest: hash.finish(), size: size), chunks: chunks)
  }

  // MARK: What is there already

  /// The release as it is in the repository, where it is the same.
  private func existing(
    _ variant: VariantID, archive: Manifest.Content, description: PackageDescription, _ update: DescriptionUpdate?,
    _ report: PackingReport
  ) throws(GtachError) -> PackedRelease? {
    guard try repository.contains(variant) else { return nil }
    let manifest = try repository.manifest(of: variant)
    guard manifest.archive == archive, manifest.description == description else {
      throw PackageRepository.exists(variant, among: try repository.entries(of: variant.release.name).keys)
    }
    let entry = try repository.entry(of: variant)
    return PackedRelease(
      manifest: manifest, manifestBytes: try repository.manifestBytes(of: entry),
      indexBytes: try repository.indexBytes(of: entry), descriptionUpdate: update, report: report)
  }

  /// The archives that patches are made from: those of the nearest releases that what runs this one would run.
  private func earlierArchives(of variant: VariantID, count: Int) throws(GtachError) -> [HeldArchive] {
    var archives: [HeldArchive] = []
    for entry in try repository.entries(nearest: variant) {
      guard archives.count < count else { break }
      let digest = entry.archive.digest
      guard !archives.contains(where: { $0.digest == digest }), let archive = try repository.archive(of: entry) else {
        continue
      }
      archives.append(archive)
    }
    return archives
  }

  /// The objects of the nearest releases, whatever they are for.
  private func earlierObjects(of variant: VariantID) throws(GtachError) -> EarlierObjects {
    var objects = EarlierObjects()
    // The nearest last: what it says counts. One that is damaged says nothing.
    let nearest = variant.nearest(among: try repository.entries(of: variant.release.name).keys)
    for neighbour in nearest.prefix(Self.reusedReleases).reversed() {
      do throws(GtachError) {
        objects.add(try repository.index(of: neighbour))
      } catch {
        guard error.code == .notFound || error.code == .indexCorrupt else { throw error }
      }
    }
    return objects
  }

  /// How many releases are looked through for objects to use again.
  private static let reusedReleases = 4
}
