import GtachModel

/// The metadata of the root role: TUF specification 1.0, section 4.3.
struct RootRole: Sendable {
  let version: Int
  let expires: Timestamp
  /// The fleet's name: gtach's own field.
  let fleet: String
  let root: RoleKeys
  let timestamp: RoleKeys
  let snapshot: RoleKeys
  let targets: RoleKeys

  static let fleetKey = "x-gtach-fleet"

  init(_ signed: MetadataObject, hashing: any Hashing) throws(GtachError) {
    version = try signed.integer("version", atLeast: 1)
    expires = try signed.timestamp("expires")
    fleet = signed.has(Self.fleetKey) ? try signed.string(Self.fleetKey) : ""
    // The file names that peers are asked for exist only with consistent snapshots.
    guard try signed.boolean("consistent_snapshot") else { throw signed.failure("consistent_snapshot", "is not true") }
    let known = try RoleKeys.read(signed.object("keys"), hashing: hashing)
    let roles = try signed.object("roles")
    root = try RoleKeys(roles.object("root"), known: known)
    timestamp = try RoleKeys(roles.object("timestamp"), known: known)
    snapshot = try RoleKeys(roles.object("snapshot"), known: known)
    targets = try RoleKeys(roles.object("targets"), known: known)
  }
}

/// The metadata of the timestamp role: TUF specification 1.0, section 4.6.
struct TimestampRole: Hashable, Sendable {
  let version: Int
  let expires: Timestamp
  /// When it was signed, by the publisher's clock: gtach's own field, for machines without a clock.
  let signedAt: Timestamp
  let snapshot: MetaFile

  static let signedAtKey = "x-gtach-signed-at"

  init(_ signed: MetadataObject) throws(GtachError) {
    version = try signed.integer("version", atLeast: 1)
    expires = try signed.timestamp("expires")
    signedAt =
      signed.has(Self.signedAtKey) ? try signed.timestamp(Self.signedAtKey) : Timestamp(secondsSinceEpoch: 0)
    guard signedAt <= expires else { throw signed.failure(Self.signedAtKey, "is later than expires") }
    snapshot = try MetaFile(signed.object("meta").object("snapshot.json"))
  }
}

/// The metadata of the snapshot role: TUF specification 1.0, section 4.4.
struct SnapshotRole: Sendable {
  let version: Int
  let expires: Timestamp
  /// Every targets role's file, by `ROLE.json`; those that gtach has no use for included, as none may disappear.
  let meta: [String: MetaFile]

  init(_ signed: MetadataObject) throws(GtachError) {
    version = try signed.integer("version", atLeast: 1)
    expires = try signed.timestamp("expires")
    var meta: [String: MetaFile] = [:]
    for (name, object) in try signed.object("meta").objects() { meta[name] = try MetaFile(object) }
    guard meta[MetadataRole.targets.listedFileName] != nil else { throw signed.failure("meta", "lacks targets.json") }
    self.meta = meta
  }

  func file(of role: MetadataRole) -> MetaFile? { meta[role.listedFileName] }
}
