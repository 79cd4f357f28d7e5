import GtachModel

/// Makes signed metadata: what the owner of a fleet's keys does. Every result is a set of new files by name, of which
/// `timestamp.json` is to be stored last; an earlier version's files stay as they are.
public enum MetadataPublisher {
  /// The keys at hand for a role: as many as its threshold, or more. Empty where this machine has none.
  public typealias Signers = (MetadataRole) throws(GtachError) -> [any Signing]

  /// The version of the TUF specification that the metadata follows.
  public static let specificationVersion = "1.0.31"
  /// How long root and targets roles stay valid, in days: their keys may be in a safe.
  public static let longValidityDays: Int64 = 3_650
  /// How long snapshot and timestamp stay valid, in days: how long a peer may keep a node from seeing newer metadata
  /// before the node notices.
  public static let shortValidityDays: Int64 = 365

  /// The first metadata of a fleet, which lists nothing: `1.root.json`, `1.targets.json`, `1.snapshot.json` and
  /// `timestamp.json`.
  ///
  /// - Parameters:
  ///   - name: the fleet's name.
  ///   - signers: the keys of each top-level role; all that are given are entered.
  ///   - rootThreshold: how many of the root's keys must sign a new root.
  ///   - now: the time.
  /// - Throws: `ErrorCode.notPermitted` if there are too few keys, and whatever `signers` throws.
  public static func makeFleet(
    name: String, signers: Signers, rootThreshold: Int = 1, now: Timestamp, hashing: some Hashing
  ) throws(GtachError) -> [String: [UInt8]] {
    var batch = MetadataBatch(now: now, hashing: hashing)
    var keys: [String: JSONValue] = [:]
    var roles: [String: JSONValue] = [:]
    for role in [MetadataRole.root, .targets, .snapshot, .timestamp] {
      let threshold = role == .root ? rootThreshold : 1
      let publicKeys = try signers(role).map(\.publicKey)
      guard threshold > 0, Set(publicKeys).count >= threshold else { throw MetadataBatch.missingKeys(of: role) }
      for key in publicKeys { keys[batch.keyID(key)] = RoleKeys.describe(publicKey: key) }
      roles[role.text] = batch.roleKeys(publicKeys, threshold: threshold)
    }
    let root: [String: JSONValue] = [
      "consistent_snapshot": .boolean(true), "keys": .object(keys), "roles": .object(roles),
      RootRole.fleetKey: .string(name),
    ]
    try batch.add(.root, root, version: 1, signers: signers(.root))
    try batch.add(.targets, ["targets": .object([:])], version: 1, signers: signers(.targets))
    try batch.seal(snapshot: ["meta": .object([:])], version: 1, timestamp: [:], version: 1, signers: signers)
    return batch.files
  }

  /// Lists a variant of a release. A package that was not heard of before gets a role of its own, with the keys that
  /// `signers` gives for it.
  ///
  /// - Parameters:
  ///   - listing: what to say of the variant.
  ///   - trusted: the newest metadata, complete.
  ///   - files: its files, as for `TrustedMetadata.load`.
  ///   - signers: the keys of the package's role, `.snapshot` and `.timestamp`, and of `.targets` for a new package.
  ///   - now: the time.
  /// - Returns: the new files; none if the same is listed already.
  /// - Throws: `ErrorCode.releaseExists` if the variant is listed with another manifest, `.notPermitted` if keys are
  ///   missing, `.metadataMissing` if `trusted` is incomplete, and whatever `files` and `signers` throw.
  public static func publish(
    _ listing: ListedVariant, to trusted: TrustedMetadata, files: (String) throws(GtachError) -> [UInt8]?,
    signers: Signers, now: Timestamp, hashing: some Hashing
  ) throws(GtachError) -> [String: [UInt8]] {
    if let existing = trusted.targets[listing.variant] {
      guard existing != listing || existing.variant.targetPath != listing.variant.targetPath else { return [:] }
      throw GtachError(
        .releaseExists, "\(listing.variant) is published already, with other content",
        reason: "a release is the same on every machine for ever", advice: "raise the version")
    }
    let package = listing.variant.release.name
    let role = MetadataRole.package(package)
    var batch = MetadataBatch(now: max(now, trusted.newestSignedTime), hashing: hashing)
    let known = trusted.keys(of: role)
    let source = try MetadataSource(
      [known == nil ? .targets : role, .snapshot, .timestamp], of: trusted, files: files, hashing: hashing)

    var fields: [String: JSONValue]
    let keys = try signers(role)
    if let known {
      try MetadataBatch.require(keys, for: role, known)
      fields = source.fields(of: role) ?? ["targets": .object([:])]
    } else {
      fields = ["targets": .object([:])]
      guard !keys.isEmpty else { throw MetadataBatch.missingKeys(of: role) }
      var targets = source.fields(of: .targets) ?? [:]
      batch.delegate(package, to: keys.map(\.publicKey), in: &targets)
      try MetadataBatch.require(signers(.targets), for: .targets, trusted.root.targets)
      try batch.add(.targets, targets, version: source.nextVersion(of: .targets), signers: signers(.targets))
    }
    fields["targets", default: .object([:])][listing.variant.targetPath] = listing.target
    try batch.add(role, fields, version: source.nextVersion(of: role), signers: keys)
    try seal(&batch, trusted: trusted, source: source, signers: signers)
    return batch.files
  }

  /// When a version of a package's metadata was signed, as its end of validity tells; nil where it does not list the
  /// variant so, or cannot be read. Nobody checks its signatures here.
  public static func signingTime(of listing: ListedVariant, in bytes: [UInt8]) -> Timestamp? {
    let (variant, role) = (listing.variant, MetadataRole.package(listing.variant.release.name))
    guard let signed = try? SignedMetadata(bytes, file: role.listedFileName, role: role).signed,
      let target = try? signed.object("targets").object(variant.targetPath),
      (try? Manifest.Content(target: target)) == listing.manifest,
      let expires = try? signed.timestamp("expires")
    else { return nil }
    return expires.advanced(byDays: -longValidityDays)
  }

  /// Signs snapshot and timestamp anew, so that they do not expire while nothing is published.
  ///
  /// - Throws: as `publish` does.
  public static func renew(
    _ trusted: TrustedMetadata, files: (String) throws(GtachError) -> [UInt8]?, signers: Signers, now: Timestamp,
    hashing: some Hashing
  ) throws(GtachError) -> [String: [UInt8]] {
    var batch = MetadataBatch(now: max(now, trusted.newestSignedTime), hashing: hashing)
    let source = try MetadataSource([.snapshot, .timestamp], of: trusted, files: files, hashing: hashing)
    try seal(&batch, trusted: trusted, source: source, signers: signers)
    return batch.files
  }

  private static func seal(
    _ batch: inout MetadataBatch, trusted: TrustedMetadata, source: MetadataSource, signers: Signers
  ) throws(GtachError) {
    try MetadataBatch.require(signers(.snapshot), for: .snapshot, trusted.root.snapshot)
    try MetadataBatch.require(signers(.timestamp), for: .timestamp, trusted.root.timestamp)
    try batch.seal(
      snapshot: source.fields(of: .snapshot) ?? [:], version: source.snapshotVersion + 1,
      timestamp: source.fields(of: .timestamp) ?? [:], version: trusted.timestampVersion + 1, signers: signers)
  }
}
