import GtachModel

/// New metadata files that belong together, signed one after the other.
struct MetadataBatch {
  private(set) var files: [String: [UInt8]] = [:]
  /// What the snapshot has to say of the targets roles among them.
  private var listed: [String: JSONValue] = [:]
  private let now: Timestamp
  private let hashing: any Hashing

  init(now: Timestamp, hashing: any Hashing) {
    self.now = now
    self.hashing = hashing
  }

  func keyID(_ publicKey: [UInt8]) -> String { RoleKeys.id(publicKey: publicKey, hashing: hashing) }

  /// `keyids` and `threshold` of a role.
  func roleKeys(_ publicKeys: [[UInt8]], threshold: Int) -> JSONValue {
    .object([
      "keyids": .array(Set(publicKeys.map(keyID)).sorted().map(JSONValue.string)),
      "threshold": .integer(Int64(threshold)),
    ])
  }

  /// Adds a delegation of a package's paths to the fields of the targets role.
  func delegate(_ package: PackageName, to publicKeys: [[UInt8]], in targets: inout [String: JSONValue]) {
    var delegations = targets["delegations"] ?? .object(["keys": .object([:]), "roles": .array([])])
    for key in publicKeys { delegations["keys"]?[keyID(key)] = RoleKeys.describe(publicKey: key) }
    var role = roleKeys(publicKeys, threshold: 1)
    role["name"] = .string(MetadataRole.package(package).text)
    role["paths"] = .array([.string("\(package)/*/*/manifest.json")])
    role["terminating"] = .boolean(true)
    if case .array(let roles) = delegations["roles"] { delegations["roles"] = .array(roles + [role]) }
    targets["delegations"] = delegations
  }

  /// Signs a role's metadata: the fields, and those that every role has.
  mutating func add(
    _ role: MetadataRole, _ fields: [String: JSONValue], version: Int, signers: [any Signing]
  ) throws(GtachError) {
    var signed = fields
    let days: Int64
    switch role {
    case .root, .targets, .package: days = MetadataPublisher.longValidityDays
    case .snapshot, .timestamp: days = MetadataPublisher.shortValidityDays
    }
    signed["_type"] = .string(role.type)
    signed["spec_version"] = .string(MetadataPublisher.specificationVersion)
    signed["version"] = .integer(Int64(version))
    signed["expires"] = .string(now.advanced(byDays: days).description)
    let message = JSONValue.object(signed).canonicalBytes
    var signatures: [String: JSONValue] = [:]
    for signer in signers {
      signatures[keyID(signer.publicKey)] = .string(Hexadecimal.encode(try signer.sign(message)))
    }
    let list = signatures.sorted { $0.key < $1.key }
      .map { JSONValue.object(["keyid": .string($0.key), "sig": $0.value]) }
    let bytes = JSONValue.object(["signatures": .array(list), "signed": .object(signed)]).fileBytes
    files[MetadataFileName(role, version: version).description] = bytes
    switch role {
    case .targets, .package: listed[role.listedFileName] = describe(bytes, version: version)
    case .root, .snapshot, .timestamp: break
    }
  }

  /// Signs the snapshot, with what was added entered into it, and the timestamp over it.
  mutating func seal(
    snapshot: [String: JSONValue], version snapshotVersion: Int, timestamp: [String: JSONValue],
    version timestampVersion: Int, signers: MetadataPublisher.Signers
  ) throws(GtachError) {
    var snapshot = snapshot
    for (name, meta) in listed { snapshot["meta", default: .object([:])][name] = meta }
    try add(.snapshot, snapshot, version: snapshotVersion, signers: signers(.snapshot))
    let name = MetadataFileName(.snapshot, version: snapshotVersion).description
    var timestamp = timestamp
    timestamp["meta"] = .object(["snapshot.json": describe(files[name] ?? [], version: snapshotVersion)])
    timestamp[TimestampRole.signedAtKey] = .string(now.description)
    try add(.timestamp, timestamp, version: timestampVersion, signers: signers(.timestamp))
  }

  private func describe(_ bytes: [UInt8], version: Int) -> JSONValue {
    .object([
      "version": .integer(Int64(version)), "length": .integer(Int64(bytes.count)),
      "hashes": .object(["sha256": .string(hashing.digest(of: bytes).hex)]),
    ])
  }

  static func missingKeys(of role: MetadataRole) -> GtachError {
    GtachError(
      .notPermitted, "this machine cannot sign for the role \(role)", reason: "it does not have the role's keys",
      advice: "publish on the machine where the fleet was made")
  }

  /// Requires that the signers are enough of the role's keys.
  static func require(_ signers: [any Signing], for role: MetadataRole, _ keys: RoleKeys) throws(GtachError) {
    let present = Set(signers.map(\.publicKey)).intersection(keys.keys.values)
    guard present.count >= keys.threshold else { throw missingKeys(of: role) }
  }
}

/// The files that a publisher's next metadata builds on, read again so that no field of theirs is lost.
struct MetadataSource {
  let snapshotVersion: Int
  private let snapshot: SnapshotRole
  private let contents: [MetadataRole: [String: JSONValue]]

  init(
    _ roles: [MetadataRole], of trusted: TrustedMetadata, files: (String) throws(GtachError) -> [UInt8]?,
    hashing: any Hashing
  ) throws(GtachError) {
    guard trusted.isComplete, let timestamp = trusted.timestamp, let snapshot = trusted.snapshot else {
      throw GtachError(
        .metadataMissing, "nothing can be published", reason: "the fleet's metadata is not complete on this machine",
        advice: "let this node fetch it from its neighbours first")
    }
    self.snapshot = snapshot
    snapshotVersion = snapshot.version
    var contents: [MetadataRole: [String: JSONValue]] = [:]
    for name in trusted.fileNames where roles.contains(name.role) {
      let file = name.description
      guard let bytes = try files(file) else { throw GtachError.metadata(.metadataMissing, file, "it is gone") }
      let meta = name.role == .snapshot ? timestamp.snapshot : snapshot.file(of: name.role)
      try meta?.requireMatch(bytes, file: file, hashing: hashing)
      contents[name.role] = try SignedMetadata(bytes, file: file, role: name.role).signed.fields
    }
    self.contents = contents
  }

  func fields(of role: MetadataRole) -> [String: JSONValue]? { contents[role] }

  func nextVersion(of role: MetadataRole) -> Int { (snapshot.file(of: role)?.version ?? 0) + 1 }
}

extension JSONValue {
  /// A field of an object; nil for any other value. Setting a field of something else has no effect.
  subscript(key: String) -> JSONValue? {
    get {
      guard case .object(let fields) = self else { return nil }
      return fields[key]
    }
    set {
      guard case .object(var fields) = self else { return }
      fields[key] = newValue
      self = .object(fields)
    }
  }
}
