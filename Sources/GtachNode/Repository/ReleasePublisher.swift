import GtachCore
import GtachModel
import GtachSystem

/// `gtach pack`, second half: enters a packed release in the repository and lists it in signed metadata.
public struct ReleasePublisher: Sendable {
  let home: Home
  let membership: Membership
  let repository: PackageRepository

  /// How long a publisher waits for another one in the same home, in milliseconds.
  static let lockMilliseconds: Int64 = 60_000

  /// A publisher over a home's repository.
  public init(home: Home, membership: Membership, repository: PackageRepository) {
    self.home = home
    self.membership = membership
    self.repository = repository
  }

  /// Enters a packed release and signs that it is one.
  ///
  /// The release is visible before the metadata names it: whoever hears of it finds it. Where its version was raised
  /// for it, `gtach.json` says so when it is out, and is as it was where it never comes to that.
  ///
  /// What is here and listed already stays as it is; what is listed and was lost here is restored, where the same was
  /// packed.
  ///
  /// - Parameter cancellation: Ends it before anything is published, not later.
  /// - Returns: Whether anything was published.
  /// - Throws: `ErrorCode.notPermitted` where the fleet's keys are not here, `ErrorCode.releaseExists` where the same
  ///   release is listed with other content, or cannot be restored, `ErrorCode.busy` where `gtach.json` was changed
  ///   while it was packed, `ErrorCode.cancelled`.
  @discardableResult
  public func publish(
    _ packed: PackedRelease, now: Timestamp, cancellation: Cancellation? = nil
  ) throws(GtachError) -> Bool {
    let store = MembershipStore(home: home)
    _ = try store.key("timestamp")
    // Two at once would sign the same version twice.
    let lock = try FileLock(
      path: "\(home.path)/publish.lock", wait: MonotonicClock.now().advanced(byMilliseconds: Self.lockMilliseconds),
      cancellation: cancellation)
    defer { withExtendedLifetime(lock) {} }
    try cancellation?.check()
    guard let update = packed.descriptionUpdate else { return try enter(packed, store, now: now) }
    var isNew = true
    try update.complete(by: home.path) { () throws(GtachError) in isNew = try enter(packed, store, now: now) }
    return isNew
  }

  /// - Returns: Whether it was not here, or not listed.
  private func enter(_ packed: PackedRelease, _ store: MembershipStore, now: Timestamp) throws(GtachError) -> Bool {
    let trusted = try TrustedMetadata.load(
      from: repository, membership: membership, package: packed.manifest.description.name)
    let wasHere = try repository.contains(packed.manifest.variant)
    let packed = wasHere ? packed : try restored(packed, trusted)
    let manifest = packed.manifest
    let listing = ListedVariant(
      variant: manifest.variant,
      manifest: Manifest.Content(digest: SHA256().digest(of: packed.manifestBytes), size: packed.manifestBytes.count),
      platforms: manifest.description.platforms, dependencies: manifest.description.dependencies ?? [:])
    let files = try MetadataPublisher.publish(
      listing, to: trusted, files: { name throws(GtachError) in try repository.metadataIfPresent(name) },
      signers: { role throws(GtachError) in
        switch role {
        case .package(let name): [try store.keyOrNew("package-\(name)")]
        default: [try store.key(role.text)]
        }
      }, now: now, hashing: SHA256())
    // One that was removed here is wanted again.
    try repository.changeChoices { $0.restore(manifest.variant.release) }
    try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
    if !files.isEmpty { try repository.writeMetadata(files, isPublisher: true) }
    return !wasHere || !files.isEmpty
  }

  /// What was packed, or the release as it was published, where it is listed and not here.
  private func restored(_ packed: PackedRelease, _ trusted: TrustedMetadata) throws(GtachError) -> PackedRelease {
    guard let listed = trusted.targets[packed.manifest.variant] else { return packed }
    guard listed.manifest.digest != SHA256().digest(of: packed.manifestBytes) else { return packed }
    return try LostRelease(listed: listed, repository: repository).restored(from: packed)
  }
}
