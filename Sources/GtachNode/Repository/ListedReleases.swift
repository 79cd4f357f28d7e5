import GtachCore
import GtachModel
import GtachSystem

/// What a home holds of releases that its signed metadata lists: where exporting and extracting start from.
struct ListedReleases {
  let repository: PackageRepository
  let trusted: TrustedMetadata
  /// The files that the metadata was read from, by name, and every older root that is here.
  let metadata: [String: [UInt8]]

  /// - Throws: `ErrorCode.fleetMissing` where the machine belongs to no fleet; what keeps the metadata from being read.
  init(_ context: NodeContext) throws(GtachError) {
    let repository = try context.repository()
    let membership = try context.membership()
    // A daemon may write newer ones meanwhile: what is exported is what was verified.
    var metadata: [String: [UInt8]] = [:]
    trusted = try TrustedMetadata.load(
      files: { name throws(GtachError) in
        let bytes = try repository.metadataIfPresent(name)
        metadata[name] = bytes
        return bytes
      }, pinnedRoot: membership.pinnedRoot, checking: Ed25519(), hashing: SHA256())
    let pinned = try TrustedMetadata(pinnedRoot: membership.pinnedRoot, checking: Ed25519(), hashing: SHA256())
    metadata[MetadataFileName(.root, version: pinned.rootVersion).description] = membership.pinnedRoot
    for version in 1..<max(pinned.rootVersion, 1) {
      let name = MetadataFileName(.root, version: version).description
      metadata[name] = try repository.metadataIfPresent(name)
    }
    self.repository = repository
    self.metadata = metadata
  }

  /// The variants of a release that are complete here, by platform.
  ///
  /// - Throws: `ErrorCode.notFound` where there is none; `ErrorCode.manifestUnlisted` where one is not, or no longer,
  ///   the one that signed metadata lists.
  func variants(of release: ReleaseID) throws(GtachError) -> [Catalogue.Entry] {
    let entries = try repository.entries(of: release.name).filter { $0.key.release == release }.sorted {
      $0.key < $1.key
    }
    guard !entries.isEmpty else {
      throw GtachError(
        .notFound, "\(release) is not here", advice: "`gtach list` shows what is here, `gtach sync` fetches")
    }
    for (variant, entry) in entries where trusted.targets[variant]?.manifest.digest != entry.digest {
      throw GtachError(
        .manifestUnlisted, "\(variant) is here, and the signed metadata does not list it",
        advice: "fetch the newest metadata with gtach sync")
    }
    return entries.map(\.value)
  }

  /// The one variant of a release that is meant: that of a platform, else the only one, else the one for this machine.
  ///
  /// - Throws: As `variants(of:)`, also where there is none for the platform; `ErrorCode.usage` where several could be
  ///   meant.
  func variant(of release: ReleaseID, platform: Platform?) throws(GtachError) -> Catalogue.Entry {
    let variants = try variants(of: release)
    let platforms = variants.map(\.variant.platform.text).joined(separator: ", ")
    if let platform {
      if let variant = variants.first(where: { $0.variant.platform == platform }) { return variant }
      throw GtachError(.notFound, "\(release) is not here for \(platform)", advice: "it is here for \(platforms)")
    }
    if variants.count == 1 { return variants[0] }
    if let best = Machine.platform.mostSuitable(of: variants, \.variant.platform) { return best }
    throw GtachError(
      .usage, "\(release) is here for several platforms, none of them this machine's",
      advice: "name one with --platform: \(platforms)")
  }
}
