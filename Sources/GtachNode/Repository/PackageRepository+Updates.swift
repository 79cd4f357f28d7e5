import GtachCore
import GtachModel
import GtachSystem

extension PackageRepository {
  /// From how many releases a report says what it takes to come.
  private static let reportedUpdates = 8

  /// What people want to know of a variant, and what it takes to come from the nearest releases that are here.
  ///
  /// - Throws: As `index(of:)`.
  public func reportWithUpdates(of variant: VariantID) throws(GtachError) -> ReleaseReport {
    var report = try report(of: variant)
    let entry = try entry(of: variant)
    let (index, manifest) = (try indexBytes(of: entry), try manifestBytes(of: entry))
    let decoded = try ChunkIndexCodec.decode(index)
    var updates: [ReleaseReport.Update] = []
    for earlier in try entries(nearest: variant).prefix(Self.reportedUpdates) {
      do throws(GtachError) {
        let heldIndex = try indexBytes(of: earlier)
        let objects = ObjectChoice.bytes(
          from: try ChunkIndexCodec.decode(heldIndex), archive: earlier.archive.digest, to: decoded)
        let files = [
          try Self.frame(of: index, after: heldIndex),
          try Self.frame(of: manifest, after: manifestBytes(of: earlier)),
        ]
        updates.append(
          ReleaseReport.Update(
            from: earlier.variant.release.version, bytes: files.reduce(objects) { $0 + $1.count }))
      } catch {
        // The other one is damaged, and so it is here no longer.
        guard error.code == .notFound || error.code == .indexCorrupt else { throw error }
      }
    }
    report.updates = updates
    return report
  }

  /// The nearest of the package's other releases for the same platform that are complete here.
  func entries(nearest variant: VariantID) throws(GtachError) -> [Catalogue.Entry] {
    let entries = try entries(of: variant.release.name)
    return variant.nearest(among: entries.keys).filter { $0.platform == variant.platform }.compactMap { entries[$0] }
  }
}
