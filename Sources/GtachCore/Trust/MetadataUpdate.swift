import GtachModel

/// One update of signed metadata from a peer: the client workflow of the TUF specification 1.0 (section 5) as a value.
///
/// Ask for `nextFile` at the peer, hand its bytes to `receive`, and repeat until `finished` has a value. Nothing of a
/// failed update is to be used or kept, `acceptedRoots` excepted.
public struct MetadataUpdate: Sendable {
  /// How many new roots one update follows at most (the specification's Y).
  public static let maximumRootRotations = 256

  /// What to ask the peer for; nil once the update has finished or failed.
  public private(set) var nextFile: (name: String, maximumBytes: Int)?
  /// The new state and the files that led to it, by name; nil until then. No files: the peer has nothing newer. They
  /// are to be stored so that `timestamp.json` comes last.
  public private(set) var finished: (trusted: TrustedMetadata, newFiles: [String: [UInt8]])?

  private enum Step: Equatable { case root, timestamp, snapshot, targets, package(Int), end }
  private var step = Step.root
  /// What was trusted before: what is unchanged is taken from it, and nothing may be older than in it.
  private var previous: TrustedMetadata
  /// What is trusted so far.
  private(set) var current: TrustedMetadata
  private var newFiles: [String: [UInt8]] = [:]
  private var rootRotations = 0
  private var isTimestampNew = false
  /// The packages whose roles are to be had, once the targets role is known.
  private var packages: [PackageName] = []
  /// Of these only this one, where there is one.
  private let onlyPackage: PackageName?
  /// When the update began; nil to ignore that things expire.
  private let start: Timestamp?
  private let checking: any SignatureChecking
  private let hashing: any Hashing

  /// An update of what is trusted.
  ///
  /// - Parameter now: the time at which the update begins, by this machine's clock. Where that is earlier than the
  ///   newest signed time, that one counts.
  public init(
    trusted: TrustedMetadata, now: Timestamp, checking: some SignatureChecking, hashing: some Hashing
  ) {
    self.init(trusted: trusted, start: now, checking: checking, hashing: hashing)
  }

  init(
    trusted: TrustedMetadata, start: Timestamp?, package: PackageName? = nil, checking: any SignatureChecking,
    hashing: any Hashing
  ) {
    previous = trusted
    onlyPackage = package
    current = trusted
    current.timestamp = nil
    current.snapshot = nil
    current.targetsRole = nil
    current.packages = [:]
    current.targets = [:]
    current.isComplete = false
    current.problems = []
    self.start = start
    self.checking = checking
    self.hashing = hashing
    ask(.root, version: trusted.root.version + 1)
  }

  /// New roots that were verified, by file name. They are to be stored even if the update fails later on: the
  /// specification (5.3.8) wants a change of keys to last.
  public var acceptedRoots: [String: [UInt8]] {
    newFiles.filter { MetadataFileName($0.key)?.role == .root }
  }

  /// Takes the peer's answer to `nextFile`; nil says that the peer has no such file, which only the newest root may.
  ///
  /// - Throws: `ErrorCode.metadataMalformed`, `.metadataUnsigned`, `.metadataRollback` (the peer's is older than ours),
  ///   `.metadataMismatch` (not what the role above it describes), `.metadataExpired` or `.metadataMissing`; the update
  ///   has then failed.
  public mutating func receive(_ bytes: [UInt8]?) throws(GtachError) {
    guard let file = nextFile else { throw GtachError(.bug, "a metadata update was fed after its end") }
    nextFile = nil
    guard let bytes else {
      guard step == .root else {
        throw GtachError.metadata(.metadataMissing, file.name, "it is not there")
      }
      try finishRoot()
      try proceed()
      return
    }
    guard bytes.count <= file.maximumBytes else {
      throw GtachError.metadata(
        .metadataMismatch, file.name, "it has more than the \(file.maximumBytes) bytes that it may have")
    }
    switch step {
    case .root: try receiveRoot(bytes, file: file.name)
    case .timestamp: try receiveTimestamp(bytes, file: file.name)
    case .snapshot: try receiveSnapshot(bytes, file: file.name)
    case .targets: try receiveTargets(bytes, file: file.name)
    case .package(let number): try receivePackage(bytes, file: file.name, number: number)
    case .end: break
    }
    try proceed()
  }
}

// The roles, in the order of the specification.
extension MetadataUpdate {
  private mutating func receiveRoot(_ bytes: [UInt8], file: String) throws(GtachError) {
    let signed = try SignedMetadata(bytes, file: file, role: .root)
    let root = try RootRole(signed.signed, hashing: hashing)
    try signed.requireSignatures(of: current.root.root, named: "the root before it", checking: checking)
    try signed.requireSignatures(of: root.root, named: "the role root", checking: checking)
    guard root.version == current.root.version + 1 else {
      throw GtachError.metadata(
        .metadataRollback, file, "its version is \(root.version), not \(current.root.version + 1)")
    }
    current.root = root
    newFiles[file] = bytes
    rootRotations += 1
    guard rootRotations < Self.maximumRootRotations else { return try finishRoot() }
    ask(.root, version: root.version + 1)
  }

  private mutating func finishRoot() throws(GtachError) {
    let areKeysNew =
      previous.root.timestamp != current.root.timestamp || previous.root.snapshot != current.root.snapshot
    if areKeysNew {
      // Recovery from a fast-forward attack: whoever had the old keys may have signed any version and any time.
      previous.timestamp = nil
      previous.snapshot = nil
    }
    try requireFresh(MetadataFileName(.root, version: current.root.version), expires: current.root.expires)
    step = .timestamp
    ask(.timestamp, version: 0)
  }

  private mutating func receiveTimestamp(_ bytes: [UInt8], file: String) throws(GtachError) {
    let signed = try verified(bytes, file: file, role: .timestamp)
    let timestamp = try TimestampRole(signed.signed)
    if let old = previous.timestamp {
      guard timestamp.version >= old.version else {
        throw GtachError.metadata(
          .metadataRollback, file, "its version is \(timestamp.version), and \(old.version) was seen already")
      }
      guard timestamp.version > old.version else {
        // Nothing is newer; what is missing here or was signed with other keys is fetched all the same.
        current.timestamp = old
        if previous.snapshot == nil, timestamp == old { newFiles[file] = bytes }
        step = .snapshot
        return
      }
      guard timestamp.snapshot.version >= old.snapshot.version else {
        throw GtachError.metadata(
          .metadataRollback, file,
          "it names snapshot \(timestamp.snapshot.version), and \(old.snapshot.version) was seen already")
      }
    }
    current.timestamp = timestamp
    isTimestampNew = true
    try requireFresh(MetadataFileName(.timestamp, version: 0), expires: timestamp.expires)
    newFiles[file] = bytes
    step = .snapshot
  }

  private mutating func receiveSnapshot(_ bytes: [UInt8], file: String) throws(GtachError) {
    guard let meta = current.timestamp?.snapshot else { return }
    let signed = try verified(bytes, file: file, role: .snapshot, meta: meta)
    let snapshot = try SnapshotRole(signed.signed)
    try requireVersion(snapshot.version, of: file, listed: meta)
    for (name, old) in previous.snapshot?.meta ?? [:] {
      guard let new = snapshot.meta[name] else {
        throw GtachError.metadata(.metadataRollback, file, "it no longer names \(name)")
      }
      guard new.version >= old.version else {
        throw GtachError.metadata(
          .metadataRollback, file, "it names version \(new.version) of \(name), and \(old.version) was seen already")
      }
    }
    try requireFresh(MetadataFileName(.snapshot, version: snapshot.version), expires: snapshot.expires)
    current.snapshot = snapshot
    newFiles[file] = bytes
    step = .targets
  }

  private mutating func receiveTargets(_ bytes: [UInt8], file: String) throws(GtachError) {
    take(try targetsRole(bytes, file: file, role: .targets))
    newFiles[file] = bytes
  }

  private mutating func take(_ targets: TargetsRole) {
    current.targetsRole = targets
    packages = current.publishedPackages.filter { onlyPackage == nil || $0 == onlyPackage }
    step = .package(0)
  }

  private mutating func receivePackage(_ bytes: [UInt8], file: String, number: Int) throws(GtachError) {
    let package = packages[number]
    current.packages[package] = try targetsRole(bytes, file: file, role: .package(package))
    newFiles[file] = bytes
    step = .package(number + 1)
  }

  private func targetsRole(
    _ bytes: [UInt8], file: String, role: MetadataRole
  ) throws(GtachError) -> TargetsRole {
    let meta = current.snapshot?.file(of: role)
    let signed = try verified(bytes, file: file, role: role, meta: meta)
    let targets = try TargetsRole(signed.signed, hashing: hashing)
    if let meta { try requireVersion(targets.version, of: file, listed: meta) }
    try requireFresh(MetadataFileName(role, version: targets.version), expires: targets.expires)
    return targets
  }
}

// What comes next.
extension MetadataUpdate {
  /// Takes what is unchanged from what was trusted before, up to the next role that must be fetched or the end.
  private mutating func proceed() throws(GtachError) {
    while nextFile == nil {
      switch step {
      case .root, .timestamp, .end: return
      case .snapshot:
        guard let meta = current.timestamp?.snapshot else { return }
        if let old = previous.snapshot, previous.timestamp?.snapshot == meta, keysAreUnchanged(of: .snapshot) {
          try reuse(.snapshot, version: old.version, expires: old.expires)
          current.snapshot = old
          step = .targets
        } else {
          ask(.snapshot, meta: meta)
        }
      case .targets:
        guard let meta = current.snapshot?.file(of: .targets) else { return }
        if let old = previous.targetsRole, isUnchanged(.targets, version: old.version) {
          try reuse(.targets, version: old.version, expires: old.expires)
          take(old)
        } else {
          ask(.targets, meta: meta)
        }
      case .package(let number):
        guard number < packages.count else { return finish() }
        let package = packages[number]
        guard let meta = current.snapshot?.file(of: .package(package)) else { return }
        if let old = previous.packages[package], isUnchanged(.package(package), version: old.version) {
          try reuse(.package(package), version: old.version, expires: old.expires)
          current.packages[package] = old
          step = .package(number + 1)
        } else {
          ask(.package(package), meta: meta)
        }
      }
    }
  }

  private mutating func finish() {
    step = .end
    current.isComplete = true
    current.collectTargets()
    finished = (current, newFiles)
  }

  private mutating func ask(_ role: MetadataRole, version: Int) {
    nextFile = (MetadataFileName(role, version: version).description, role.maximumBytes)
  }

  private mutating func ask(_ role: MetadataRole, meta: MetaFile) {
    let most = min(meta.length ?? role.maximumBytes, role.maximumBytes)
    nextFile = (MetadataFileName(role, version: meta.version).description, most)
  }

  private func keysAreUnchanged(of role: MetadataRole) -> Bool {
    guard let keys = current.keys(of: role) else { return false }
    return keys == previous.keys(of: role)
  }

  private func isUnchanged(_ role: MetadataRole, version: Int) -> Bool {
    guard let new = current.snapshot?.file(of: role), new.version == version else { return false }
    return new == previous.snapshot?.file(of: role) && keysAreUnchanged(of: role)
  }

  /// Under a timestamp that is not new either, that things expire is no news and not this peer's fault.
  private func reuse(_ role: MetadataRole, version: Int, expires: Timestamp) throws(GtachError) {
    guard isTimestampNew else { return }
    try requireFresh(MetadataFileName(role, version: version), expires: expires)
  }

  private func requireFresh(_ file: MetadataFileName, expires: Timestamp) throws(GtachError) {
    guard let start else { return }
    let now = max(start, previous.newestSignedTime, current.newestSignedTime)
    try TrustedMetadata.requireFresh(file, expires: expires, now: now)
  }

  private func requireVersion(_ version: Int, of file: String, listed: MetaFile) throws(GtachError) {
    guard version == listed.version else {
      throw GtachError.metadata(.metadataMismatch, file, "its version is \(version), and \(listed.version) is listed")
    }
  }

  private func verified(
    _ bytes: [UInt8], file: String, role: MetadataRole, meta: MetaFile? = nil
  ) throws(GtachError) -> SignedMetadata {
    try meta?.requireMatch(bytes, file: file, hashing: hashing)
    let signed = try SignedMetadata(bytes, file: file, role: role)
    guard let keys = current.keys(of: role) else {
      throw GtachError.metadata(.metadataUnsigned, file, "nobody may sign for the role \(role)")
    }
    try signed.requireSignatures(of: keys, named: "the role \(role)", checking: checking)
    return signed
  }
}
