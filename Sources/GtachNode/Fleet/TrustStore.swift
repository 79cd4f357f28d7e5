import GtachCore
import GtachModel
import GtachSystem

extension TrustedMetadata {
  /// Verifies the metadata of a repository, from the root that the membership pins.
  ///
  /// - Parameters:
  ///   - package: The one package that is of interest; nil for all.
  ///   - omitted: The name of a file that is taken for missing.
  /// - Throws: `ErrorCode.metadataMalformed` or `metadataUnsigned` where a root or the timestamp is damaged.
  static func load(
    from repository: PackageRepository, membership: Membership, package: PackageName? = nil,
    without omitted: String? = nil
  ) throws(GtachError) -> TrustedMetadata {
    try load(from: repository, pinnedRoot: membership.pinnedRoot, package: package, without: omitted)
  }

  /// The same, from a pinned root.
  static func load(
    from repository: PackageRepository, pinnedRoot: [UInt8], package: PackageName? = nil, without omitted: String? = nil
  ) throws(GtachError) -> TrustedMetadata {
    try load(
      files: { name throws(GtachError) in name == omitted ? nil : try repository.metadataIfPresent(name) },
      pinnedRoot: pinnedRoot, package: package, checking: Ed25519(), hashing: SHA256())
  }

  /// Verifies what of a repository's metadata has changed since this was loaded.
  ///
  /// - Throws: As `load`.
  func reloaded(from repository: PackageRepository, membership: Membership) throws(GtachError) -> TrustedMetadata {
    try reloaded(
      files: { name throws(GtachError) in try repository.metadataIfPresent(name) }, pinnedRoot: membership.pinnedRoot,
      checking: Ed25519(), hashing: SHA256())
  }
}

extension PackageRepository {
  /// A file of the metadata; nil where there is none of that name.
  func metadataIfPresent(_ name: String) throws(GtachError) -> [UInt8]? {
    do throws(GtachError) {
      return try readMetadata(name)
    } catch {
      if error.code == .notFound { return nil }
      throw error
    }
  }
}
