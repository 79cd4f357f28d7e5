import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// The variants that are complete here and fit a query: first those of the package that is called what was asked for,
  /// then by name, the newest first.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  public func search(_ query: ReleaseQuery) throws(GtachError) -> [FoundRelease] {
    let entries = if let name = query.name { try self.entries(of: name) } else { try self.entries() }
    return entries.values.compactMap { entry in
      query.match(entry.summary).map { FoundRelease(summary: entry.summary, match: $0) }
    }.sorted { left, right in
      left.match != right.match
        ? left.match == .name : ReleaseSummary.isListedBefore(left.summary, right.summary)
    }
  }

  /// The variants that are complete here, or those of one package; by name, then the newest first.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  public func summaries(name: PackageName? = nil) throws(GtachError) -> [ReleaseSummary] {
    var query = ReleaseQuery()
    query.name = name
    return try search(query).map(\.summary)
  }

  /// What people want to know of a variant.
  ///
  /// - Throws: As `index(of:)`.
  public func report(of variant: VariantID) throws(GtachError) -> ReleaseReport {
    let entry = try entry(of: variant)
    let manifest = try manifest(of: entry)
    let index = try ChunkIndexCodec.decode(try indexBytes(of: entry))
    return ReleaseReport(
      manifest: manifest, chunks: index.objectsByChunk.count,
      objectBytes: ObjectChoice.bytes(from: nil, archive: nil, to: index))
  }

  /// All there is to know of variants; of those that turn out not to be here any more, or not to be readable, nothing.
  public func reports(of variants: some Sequence<VariantID>) throws(GtachError) -> [VariantID: ReleaseReport] {
    var reports: [VariantID: ReleaseReport] = [:]
    for variant in variants {
      do throws(GtachError) {
        reports[variant] = try report(of: variant)
      } catch {
        guard error.code != .notFound else { continue }
        let path = String(variant.targetPath.dropLast(RepositoryLayout.manifestName.count + 1))
        try state.withLock { state throws(GtachError) in try state.catalogue.noteUnreadable(path, error) }
      }
    }
    return reports
  }

  /// All there is to know of all variants, or of those of one package; by name, then the newest first.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  public func reports(name: PackageName? = nil) throws(GtachError) -> [ReleaseReport] {
    let variants = try summaries(name: name).map(\.variant)
    let reports = try reports(of: variants)
    return variants.compactMap { reports[$0] }
  }

  /// Reads every manifest and makes the package index anew.
  ///
  /// - Throws: `ErrorCode.busy` where other processes keep it for a minute; `ErrorCode.diskFull`,
  ///   `ErrorCode.inputOutput`.
  public func reindex() throws(GtachError) -> ReindexReport {
    let entries = try state.withLock { state throws(GtachError) in try state.catalogue.readAnew() }
    return ReindexReport(
      variants: entries.count, packages: Set(entries.keys.map(\.release.name)).count, path: layout.packageIndex,
      bytes: try files.status(of: layout.packageIndex)?.size ?? 0)
  }
}
