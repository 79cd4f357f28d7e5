import GtachCore
import GtachModel
import GtachSystem

extension TrustedMetadata {
  /// Verifies the metadata of a repository, from the root that the membership pins.
  ///
  /// - Parameter omitted: The name of a file that is taken for missing.
  /// - Throws: `ErrorCode.metadataMalformed` or `metadataUnsigned` where a root or the timestamp is damaged.
  static func load(
    from repository: PackageRepository, membership: Membership, without omitted: String? = nil
  ) throws(GtachError) -> TrustedMetadata {
    try load(from: repository, pinnedRoot: membership.pinnedRoot, without: omitted)
  }

  /// The same, from a pinned root.
  static func load(
    from repository: PackageRepository, pinnedRoot: [UInt8], without omitted: String? = nil
  ) throws(GtachError) -> TrustedMetadata {
    try load(
      files: { name throws(GtachError) in name == omitted ? nil : try repository.metadataIfPresent(name) },
      pinnedRoot: pinnedRoot, checking: Ed25519(), hashing: SHA256())
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
