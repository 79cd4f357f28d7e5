import GtachModel

/// Signed metadata that was verified from the root down: what this node believes about the fleet's releases.
///
/// It may be incomplete: of a node that has just joined only the root is known, and after a failure of the disk or a
/// change of keys in the middle of an update some roles may be missing until the next `MetadataUpdate`.
public struct TrustedMetadata: Sendable {
  var root: RootRole
  var timestamp: TimestampRole?
  var snapshot: SnapshotRole?
  var targetsRole: TargetsRole?
  var packages: [PackageName: TargetsRole] = [:]

  /// The variants that are listed, and what is said of them.
  ///
  /// Unless `isComplete`, a variant that is absent may still be listed: nothing may be concluded from its absence.
  public internal(set) var targets: [VariantID: ListedVariant] = [:]
  /// Whether every role is here that was asked for.
  public internal(set) var isComplete = false
  /// What is wrong with files that `load` had to do without, and targets that are ignored and why.
  public internal(set) var problems: [GtachError] = []

  /// What is known of a fleet by its pinned root alone.
  ///
  /// - Throws: `ErrorCode.metadataMalformed`, or `ErrorCode.metadataUnsigned` if the root's own keys did not sign it.
  public init(
    pinnedRoot: [UInt8], checking: some SignatureChecking, hashing: some Hashing
  ) throws(GtachError) {
    let signed = try SignedMetadata(pinnedRoot, file: "root.json", role: .root)
    root = try RootRole(signed.signed, hashing: hashing)
    try signed.requireSignatures(of: root.root, named: "the role root", checking: checking)
  }

  /// The fleet's name; empty if its root has none.
  public var fleetName: String { root.fleet }
  /// The version of the newest root.
  public var rootVersion: Int { root.version }
  /// The version of the timestamp role's metadata, which rises with every change of anything; 0 if there is none yet.
  public var timestampVersion: Int { timestamp?.version ?? 0 }
  /// When the newest metadata was signed, by the publisher's clock: it is no earlier than that now. The start of 1970
  /// where nothing is known.
  public var newestSignedTime: Timestamp { timestamp?.signedAt ?? Timestamp(secondsSinceEpoch: 0) }

  /// The current file of every role that is known.
  public var fileNames: [MetadataFileName] {
    var names = [MetadataFileName(.root, version: root.version)]
    if let timestamp { names.append(MetadataFileName(.timestamp, version: timestamp.version)) }
    if let snapshot { names.append(MetadataFileName(.snapshot, version: snapshot.version)) }
    if let targetsRole { names.append(MetadataFileName(.targets, version: targetsRole.version)) }
    for (name, role) in packages.sorted(by: { $0.key < $1.key }) {
      names.append(MetadataFileName(.package(name), version: role.version))
    }
    return names
  }

  /// Requires that nothing has expired: then nobody keeps us from seeing newer metadata for longer than its publisher
  /// allowed.
  ///
  /// - Throws: `ErrorCode.metadataExpired`.
  public func requireFresh(at now: Timestamp) throws(GtachError) {
    let now = max(now, newestSignedTime)
    try Self.requireFresh(MetadataFileName(.root, version: root.version), expires: root.expires, now: now)
    if let timestamp {
      try Self.requireFresh(MetadataFileName(.timestamp, version: 0), expires: timestamp.expires, now: now)
    }
    if let snapshot {
      let name = MetadataFileName(.snapshot, version: snapshot.version)
      try Self.requireFresh(name, expires: snapshot.expires, now: now)
    }
    if let targetsRole {
      let name = MetadataFileName(.targets, version: targetsRole.version)
      try Self.requireFresh(name, expires: targetsRole.expires, now: now)
    }
    for (package, role) in packages {
      try Self.requireFresh(
        MetadataFileName(.package(package), version: role.version), expires: role.expires, now: now)
    }
  }

  /// TUF specification 1.0: the expiration timestamp MUST be higher than the time at which the update began.
  static func requireFresh(_ file: MetadataFileName, expires: Timestamp, now: Timestamp) throws(GtachError) {
    guard expires > now else {
      throw GtachError.metadata(
        .metadataExpired, file.description, "it expired at \(expires), and it is \(now) now",
        advice: "check this machine's clock, and have the fleet's owner publish metadata again")
    }
  }

  /// What is known once the disk has lost the files: the versions that were seen are not forgotten, and all below the
  /// timestamp is fetched again.
  func withoutFiles() -> TrustedMetadata {
    var lost = self
    (lost.snapshot, lost.targetsRole, lost.packages) = (nil, nil, [:])
    lost.isComplete = false
    return lost
  }

  /// The keys that a role's metadata must be signed with, as far as the roles above it are known.
  func keys(of role: MetadataRole) -> RoleKeys? {
    switch role {
    case .root: root.root
    case .timestamp: root.timestamp
    case .snapshot: root.snapshot
    case .targets: root.targets
    case .package(let name): targetsRole?.delegation(of: name)?.keys
    }
  }

  /// The packages that are delegated to a role of their own for which the snapshot names a file, most trusted first. A
  /// role that the snapshot does not name has not published anything yet.
  var publishedPackages: [PackageName] {
    (targetsRole?.delegations ?? []).compactMap(\.package).filter { snapshot?.file(of: .package($0)) != nil }
  }

  /// Fills `targets` from the roles: in the order of a search for each path (TUF specification 1.0, section 5.6.7), of
  /// which a terminating delegation is the end.
  mutating func collectTargets() {
    targets = [:]
    for variant in targetsRole?.variants ?? [] where targets[variant.variant] == nil {
      targets[variant.variant] = variant
    }
    problems += targetsRole?.ignored ?? []
    var terminating = PathPatterns()
    for delegation in targetsRole?.delegations ?? [] {
      if let package = delegation.package, let role = packages[package] {
        problems += role.ignored
        for variant in role.variants where targets[variant.variant] == nil {
          let path = variant.variant.targetPath
          guard variant.variant.release.name == package, delegation.covers(path),
            !terminating.match(path)
          else {
            problems.append(
              GtachError.metadata(
                .manifestUnlisted, "\(role.version).\(delegation.name).json", "it may not list \(path)"))
            continue
          }
          targets[variant.variant] = variant
        }
      }
      if delegation.isTerminating { terminating.insert(delegation.paths) }
    }
  }
}
