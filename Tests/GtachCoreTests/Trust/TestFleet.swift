import GtachModel

@testable import GtachCore

/// A hash that is good enough to tell test data apart: the tests of decisions need no library.
struct TestHashing: Hashing {
  func digest(of bytes: ArraySlice<UInt8>) -> Digest {
    var words: [UInt64] = [1, 2, 3, 4]
    for byte in bytes {
      for position in words.indices {
        words[position] = (words[position] ^ UInt64(byte)) &* 0x100_0000_01B3 &+ words[(position + 1) & 3] >> 7
      }
    }
    var output: [UInt8] = []
    for word in words {
      for shift in 0..<8 { output.append(UInt8(truncatingIfNeeded: word >> UInt64(8 * shift))) }
    }
    return Digest(output) ?? Digest.zero
  }
}

extension Digest {
  fileprivate static let zero: Digest = {
    guard let digest = Digest([UInt8](repeating: 0, count: byteCount)) else { preconditionFailure("32 bytes") }
    return digest
  }()
}

/// A signature that is the hash of the key and the message: whoever knows the public key could forge it, and the tests
/// do not.
struct TestSigner: Signing, Hashable {
  let publicKey: [UInt8]
  /// Whether it signs something else than it is asked to.
  private let isImpostor: Bool
  init(_ name: String, isImpostor: Bool = false) {
    publicKey = TestHashing().digest(of: Array("key of \(name)".utf8)).bytes
    self.isImpostor = isImpostor
  }
  func sign(_ message: [UInt8]) -> [UInt8] {
    TestChecking.signature(of: publicKey, over: isImpostor ? message + [0] : message)
  }
}

struct TestChecking: SignatureChecking {
  static func signature(of publicKey: [UInt8], over message: [UInt8]) -> [UInt8] {
    let half = TestHashing().digest(of: publicKey + message).bytes
    return half + half
  }
  func isValid(signature: [UInt8], over message: [UInt8], publicKey: [UInt8]) -> Bool {
    signature == Self.signature(of: publicKey, over: message)
  }
}

/// A fleet whose keys the test has: its repository, and ways to damage it.
struct TestFleet {
  static let start = Timestamp(secondsSinceEpoch: 1_795_000_000)
  static let hashing = TestHashing()
  static let checking = TestChecking()

  /// What a peer serves.
  var files: [String: [UInt8]] = [:]
  /// Keys that differ from the usual ones.
  var keys: [MetadataRole: [TestSigner]] = [:]
  var now = Self.start

  init(publishing paths: [String] = [], rootKeys: [TestSigner]? = nil, rootThreshold: Int = 1) throws(GtachError) {
    keys[.root] = rootKeys
    let signers = self.signers
    files = try MetadataPublisher.makeFleet(
      name: "rally", signers: { role in signers(role) }, rootThreshold: rootThreshold, now: now, hashing: Self.hashing)
    for path in paths { try publish(path) }
  }

  func signers(_ role: MetadataRole) -> [TestSigner] { keys[role] ?? [TestSigner(role.text)] }

  static func listing(_ path: String, content: String = "manifest") throws(GtachError) -> ListedVariant {
    guard let variant = VariantID(targetPath: path + "/manifest.json") else {
      throw GtachError(.usage, "no variant: \(path)")
    }
    let digest = hashing.digest(of: Array((content + path).utf8))
    return ListedVariant(variant: variant, manifest: Manifest.Content(digest: digest, size: 100))
  }

  mutating func publish(_ path: String) throws(GtachError) { try publish(Self.listing(path)) }

  mutating func publish(_ listing: ListedVariant) throws(GtachError) {
    let (files, signers) = (files, self.signers)
    let new = try MetadataPublisher.publish(
      listing, to: trusted(), files: { name in files[name] }, signers: { role in signers(role) }, now: now,
      hashing: Self.hashing)
    self.files.merge(new) { $1 }
  }

  var pinnedRoot: [UInt8] { files["1.root.json"] ?? [] }

  /// What the publisher's own node believes.
  func trusted() throws(GtachError) -> TrustedMetadata {
    try Self.load(files, pinnedRoot: pinnedRoot)
  }

  /// What a node believes that has just joined.
  func joined() throws(GtachError) -> TrustedMetadata {
    try TrustedMetadata(pinnedRoot: pinnedRoot, checking: Self.checking, hashing: Self.hashing)
  }

  static func load(_ files: [String: [UInt8]], pinnedRoot: [UInt8]) throws(GtachError) -> TrustedMetadata {
    try TrustedMetadata.load(
      files: { name in files[name] }, pinnedRoot: pinnedRoot, checking: checking, hashing: hashing)
  }

  /// The name of a role's newest file.
  func newestName(_ role: MetadataRole) -> String {
    let names = files.keys.compactMap { MetadataFileName($0) }.filter { $0.role == role }
    return names.max { ($0.version ?? 0) < ($1.version ?? 0) }?.description ?? ""
  }

  /// The fields that the signatures of a role's newest file cover.
  func fields(_ role: MetadataRole) throws(GtachError) -> [String: JSONValue] {
    try SignedMetadata(files[newestName(role)] ?? [], file: newestName(role), role: role).signed.fields
  }

  static func sign(_ fields: [String: JSONValue], by signers: [TestSigner]) -> [UInt8] {
    let message = JSONValue.object(fields).canonicalBytes
    let signatures = signers.map { signer in
      JSONValue.object([
        "keyid": .string(RoleKeys.id(publicKey: signer.publicKey, hashing: hashing)),
        "sig": .string(Hexadecimal.encode(signer.sign(message))),
      ])
    }
    return JSONValue.object(["signatures": .array(signatures), "signed": .object(fields)]).fileBytes
  }

  /// Changes the fields of a role's newest file and signs them, by the role's keys or others.
  ///
  /// The file gets the name that its version asks for, but nothing that describes it is changed.
  mutating func forge(
    _ role: MetadataRole, by signers: [TestSigner]? = nil, _ change: (inout [String: JSONValue]) -> Void
  ) throws(GtachError) {
    var fields = try fields(role)
    change(&fields)
    var name = newestName(role)
    if role != .timestamp, case .integer(let version) = fields["version"] {
      name = MetadataFileName(role, version: Int(version)).description
    }
    files[name] = Self.sign(fields, by: signers ?? self.signers(role))
  }

  /// Does what `forge` does to a targets role or to the snapshot, and signs snapshot and timestamp to fit.
  mutating func replace(
    _ role: MetadataRole, by signers: [TestSigner]? = nil, _ change: (inout [String: JSONValue]) -> Void
  ) throws(GtachError) {
    var changed = try fields(role)
    change(&changed)
    try forge(role, by: signers, change)
    guard case .integer(let version) = changed["version"] else { return }
    let bytes = files[MetadataFileName(role, version: Int(version)).description] ?? []
    let meta = JSONValue.object([
      "version": .integer(version), "length": .integer(Int64(bytes.count)),
      "hashes": .object(["sha256": .string(Self.hashing.digest(of: bytes).hex)]),
    ])
    if role == .snapshot {
      try forge(.timestamp) { fields in
        fields["meta"]?["snapshot.json"] = meta
        fields.raiseVersion()
      }
    } else {
      try replace(.snapshot) { fields in
        fields["meta"]?[role.listedFileName] = meta
        fields.raiseVersion()
      }
    }
  }

  /// Makes the next root, signed by the old root keys and the new ones.
  mutating func rotate(_ role: MetadataRole, to signers: [TestSigner]) throws(GtachError) {
    let old = self.signers(.root)
    keys[role] = signers
    let new = self.signers(.root)
    try forge(.root, by: old + new.filter { !old.contains($0) }) { fields in
      var keyIDs: [JSONValue] = []
      for signer in signers {
        let id = RoleKeys.id(publicKey: signer.publicKey, hashing: Self.hashing)
        fields["keys"]?[id] = RoleKeys.describe(publicKey: signer.publicKey)
        keyIDs.append(.string(id))
      }
      fields["roles"]?[role.text]?["keyids"] = .array(keyIDs)
      fields.raiseVersion()
    }
  }
}

extension [String: JSONValue] {
  mutating func raiseVersion() {
    if case .integer(let version) = self["version"] { self["version"] = .integer(version + 1) }
  }
}

/// What an update did.
struct UpdateOutcome {
  var trusted: TrustedMetadata
  var newFiles: [String: [UInt8]]
  /// The files that were asked for, in order.
  var asked: [String]
}

extension TrustedMetadata {
  /// Runs a whole update against what a peer serves.
  func updated(
    from files: [String: [UInt8]], now: Timestamp = TestFleet.start
  ) throws(GtachError) -> UpdateOutcome {
    var update = MetadataUpdate(trusted: self, now: now, checking: TestFleet.checking, hashing: TestFleet.hashing)
    var asked: [String] = []
    while let file = update.nextFile {
      asked.append(file.name)
      try update.receive(files[file.name])
    }
    guard let finished = update.finished else { throw GtachError(.bug, "the update neither asks nor finishes") }
    return UpdateOutcome(trusted: finished.trusted, newFiles: finished.newFiles, asked: asked)
  }
}

/// The code of the error that something ends with; nil if it does not end with one of gtach's.
func failureCode<Value>(of body: () throws -> Value) -> ErrorCode? {
  do {
    _ = try body()
    return nil
  } catch {
    return (error as? GtachError)?.code
  }
}
