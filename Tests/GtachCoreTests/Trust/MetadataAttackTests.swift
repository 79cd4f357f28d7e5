import GtachModel
import Testing

@testable import GtachCore

/// What a hostile or broken peer may serve, after section 1.5.2 of the TUF specification.
@Suite("Attacks on signed metadata")
struct MetadataAttackTests {
  static let app = "app/1.0.0/any"
  static let roles: [MetadataRole] = {
    var roles: [MetadataRole] = [.timestamp, .snapshot, .targets]
    if let package = MetadataRole("package-app") { roles.append(package) }
    return roles
  }()

  /// How an update of a node that has just joined fails, or of one that knows an earlier state.
  private func outcome(_ fleet: TestFleet, after earlier: TestFleet? = nil, now: Timestamp = TestFleet.start) throws
    -> ErrorCode?
  {
    let trusted = try earlier?.trusted() ?? fleet.joined()
    return failureCode { try trusted.updated(from: fleet.files, now: now) }
  }

  /// Changes a role's file, with everything that describes it made to fit.
  private func tampered(
    _ fleet: TestFleet, _ role: MetadataRole, by signers: [TestSigner]? = nil,
    _ change: (inout [String: JSONValue]) -> Void
  ) throws -> TestFleet {
    var fleet = fleet
    if role == .timestamp {
      try fleet.forge(role, by: signers, change)
    } else {
      try fleet.replace(role, by: signers, change)
    }
    return fleet
  }

  @Test("metadata without signatures is refused", arguments: roles)
  func unsigned(role: MetadataRole) throws {
    let fleet = try TestFleet(publishing: [Self.app])
    #expect(try outcome(fleet) == nil)
    #expect(try outcome(tampered(fleet, role, by: []) { _ in }) == .metadataUnsigned)
  }

  @Test("metadata that another role's or a stranger's key signed is refused", arguments: roles)
  func wronglySigned(role: MetadataRole) throws {
    let fleet = try TestFleet(publishing: [Self.app])
    let strangers = [TestSigner("stranger")] + (Self.roles + [.root]).filter { $0 != role }.flatMap(fleet.signers)
    #expect(try outcome(tampered(fleet, role, by: strangers) { $0.raiseVersion() }) == .metadataUnsigned)
  }

  @Test("a signature over something else is refused, even if hash and length fit", arguments: roles)
  func signedSomethingElse(role: MetadataRole) throws {
    let fleet = try TestFleet(publishing: [Self.app])
    let impostor = TestSigner(role.text, isImpostor: true)
    #expect(try outcome(tampered(fleet, role, by: [impostor]) { _ in }) == .metadataUnsigned)
  }

  @Test("a changed field is noticed, even one that nobody reads", arguments: roles)
  func changedAfterSigning(role: MetadataRole) throws {
    var fleet = try TestFleet(publishing: [Self.app])
    let name = fleet.newestName(role)
    var file = try JSONParser.parse(fleet.files[name] ?? [])
    file["signed"]?["x-unknown"] = .string("later")
    fleet.files[name] = file.fileBytes
    #expect(try outcome(fleet) == (role == .timestamp ? .metadataUnsigned : .metadataMismatch))
  }

  @Test("unknown fields are kept and signed", arguments: roles)
  func unknownFields(role: MetadataRole) throws {
    let fleet = try TestFleet(publishing: [Self.app])
    let extended = try tampered(fleet, role) { fields in
      fields.raiseVersion()
      fields["x-future"] = .object(["é\u{1}\"": .array([.integer(-1), .null, .boolean(false)])])
    }
    #expect(try outcome(extended, after: fleet) == nil)
  }

  @Test("an older timestamp is refused")
  func olderTimestamp() throws {
    let earlier = try TestFleet(publishing: [Self.app])
    var later = earlier
    try later.publish("app/1.1.0/any")
    #expect(try outcome(earlier, after: later) == .metadataRollback)
  }

  @Test("a newer timestamp that names an older snapshot is refused")
  func olderSnapshot() throws {
    let earlier = try TestFleet(publishing: [Self.app])
    var later = earlier
    try later.publish("app/1.1.0/any")
    var forged = earlier
    try forged.forge(.timestamp) { $0["version"] = .integer(1_000) }
    #expect(try outcome(forged, after: later) == .metadataRollback)
  }

  @Test("a newer timestamp that names an older snapshot of the same targets is refused")
  func olderSnapshotOfSameTargets() throws {
    let earlier = try TestFleet(publishing: [Self.app])
    let later = try tampered(earlier, .snapshot) { $0.raiseVersion() }
    #expect(try outcome(later, after: earlier) == nil)
    var forged = earlier
    try forged.forge(.timestamp) { $0["version"] = .integer(1_000) }
    #expect(try outcome(forged, after: later) == .metadataRollback)
  }

  @Test("a newer snapshot that names older targets is refused", arguments: [MetadataRole.targets, roles[3]])
  func olderTargets(role: MetadataRole) throws {
    let earlier = try TestFleet(publishing: [Self.app])
    var later = earlier
    try later.replace(role) { $0.raiseVersion() }
    #expect(try outcome(later, after: earlier) == nil)
    var forged = later
    try forged.replace(.snapshot) { fields in
      fields["meta"]?[role.listedFileName]?["version"] = .integer(1)
      fields.raiseVersion()
    }
    #expect(try outcome(forged, after: later) == .metadataRollback)
  }

  @Test("a role may not disappear from the snapshot")
  func disappearingRole() throws {
    let fleet = try TestFleet(publishing: [Self.app])
    for name in ["package-app.json", "targets.json"] {
      let forged = try tampered(fleet, .snapshot) { fields in
        fields["meta"]?[name] = nil
        fields.raiseVersion()
      }
      #expect(
        try outcome(forged, after: fleet) == (name == "targets.json" ? .metadataMalformed : .metadataRollback))
    }
  }

  @Test("a snapshot that is not the timestamp's is refused: hash, length and version")
  func snapshotMismatch() throws {
    let fleet = try TestFleet(publishing: [Self.app])
    let changes: [(inout JSONValue?) -> Void] = [
      { $0?["hashes"] = .object(["sha256": .string(String(repeating: "0", count: 64))]) },
      { $0?["length"] = .integer(100_000) },
    ]
    for change in changes {
      let forged = try tampered(fleet, .timestamp) { fields in
        var meta = fields["meta"]?["snapshot.json"]
        change(&meta)
        fields["meta"]?["snapshot.json"] = meta
      }
      #expect(try outcome(forged) == .metadataMismatch)
    }
    // Version 9 under the name of version 9, but it says 2 inside; neither hash nor length are told.
    var forged = try tampered(fleet, .timestamp) { fields in
      fields["meta"]?["snapshot.json"] = .object(["version": .integer(9)])
    }
    forged.files["9.snapshot.json"] = fleet.files["2.snapshot.json"]
    #expect(try outcome(forged) == .metadataMismatch)
  }

  @Test(
    "files of different times are not mixed", arguments: ["3.snapshot.json", "3.targets.json", "1.package-lib.json"])
  func mixAndMatch(name: String) throws {
    var fleet = try TestFleet(publishing: [Self.app])
    let old = fleet
    try fleet.publish("lib/1.0.0/any")
    #expect(try outcome(fleet) == nil)
    let role = MetadataFileName(name)?.role ?? .root
    // A genuine file of the same role from another time, or of another role, in its place.
    fleet.files[name] = old.files[old.newestName(role)] ?? old.files["1.package-app.json"]
    #expect(try outcome(fleet) == .metadataMismatch)
  }

  @Test("a targets role whose version is not the snapshot's is refused", arguments: [MetadataRole.targets, roles[3]])
  func versionMismatch(role: MetadataRole) throws {
    let fleet = try TestFleet(publishing: [Self.app])
    var forged = try tampered(fleet, .snapshot) { fields in
      fields["meta"]?[role.listedFileName] = .object(["version": .integer(9)])
      fields.raiseVersion()
    }
    forged.files["9.\(role.listedFileName)"] = fleet.files[fleet.newestName(role)]
    #expect(try outcome(forged, after: fleet) == .metadataMismatch)
  }

  @Test("expired metadata is refused", arguments: roles)
  func expired(role: MetadataRole) throws {
    let fleet = try TestFleet(publishing: [Self.app])
    let soon = TestFleet.start.advanced(byDays: 2)
    let expiring = try tampered(fleet, role) { fields in
      fields.raiseVersion()
      fields["expires"] = .string(soon.description)
    }
    #expect(try outcome(expiring, after: fleet, now: TestFleet.start) == nil)
    #expect(try outcome(expiring, after: fleet, now: soon) == .metadataExpired)
    #expect(failureCode { try expiring.trusted().requireFresh(at: soon) } == .metadataExpired)
    #expect(failureCode { try fleet.trusted().requireFresh(at: soon) } == nil)
  }

  @Test("an unchanged role that has expired is refused under a new timestamp")
  func expiredUnchanged() throws {
    var fleet = try TestFleet(publishing: [Self.app])
    try fleet.replace(.targets) { fields in
      fields.raiseVersion()
      fields["expires"] = .string(TestFleet.start.advanced(byDays: 2).description)
    }
    let before = fleet
    try fleet.publish("app/1.1.0/any")
    #expect(try outcome(fleet, after: before, now: TestFleet.start.advanced(byDays: 3)) == .metadataExpired)
  }

  @Test("a machine without a clock takes its time from signed metadata")
  func noClock() throws {
    var fleet = try TestFleet(publishing: [Self.app])
    let old = fleet
    fleet.now = TestFleet.start.advanced(byDays: 100)
    try fleet.publish("app/1.1.0/any")
    let unset = Timestamp(secondsSinceEpoch: 0)
    #expect(try outcome(old, now: unset) == nil)
    let trusted = try fleet.trusted()
    #expect(trusted.newestSignedTime == fleet.now)
    // A root that expired before the newest signed time, served while the clock says 1970.
    var stale = fleet
    try stale.forge(.root) { fields in
      fields.raiseVersion()
      fields["expires"] = .string(TestFleet.start.advanced(byDays: 50).description)
    }
    #expect(try outcome(stale, after: fleet, now: unset) == .metadataExpired)
    // Its own time counts for a timestamp, too.
    var late = fleet
    try late.replace(.snapshot) { fields in
      fields.raiseVersion()
      fields["expires"] = .string(TestFleet.start.advanced(byDays: 110).description)
    }
    try late.forge(.timestamp) { fields in
      fields[TimestampRole.signedAtKey] = .string(TestFleet.start.advanced(byDays: 120).description)
    }
    #expect(try outcome(late, after: fleet, now: unset) == .metadataExpired)
  }

  @Test("a timestamp signed after its own expiry is refused: it would stop the clock of every node")
  func signedInTheFuture() throws {
    let fleet = try TestFleet(publishing: [Self.app])
    let forged = try tampered(fleet, .timestamp) { $0[TimestampRole.signedAtKey] = .string("9000-01-01T00:00:00Z") }
    #expect(try outcome(forged) == .metadataMalformed)
  }

  @Test("a role's file does not pass for another role's")
  func wrongType() throws {
    let fleet = try TestFleet(publishing: [Self.app])
    let same = [TestSigner("one key for all")]
    var shared = fleet
    for role in [MetadataRole.timestamp, .snapshot, .targets] { try shared.rotate(role, to: same) }
    shared.files["timestamp.json"] = TestFleet.sign(try shared.fields(.targets), by: same)
    #expect(try outcome(shared) == .metadataMalformed)
  }

  @Test(
    "fields that are missing or of another kind are refused",
    arguments: [
      "version", "expires", "spec_version", "_type", "meta", "targets",
    ])
  func malformedFields(key: String) throws {
    let fleet = try TestFleet(publishing: [Self.app])
    let wrong: [JSONValue?] = [
      nil, .null, .integer(-1), .integer(0), .integer(.max), .string("x"), .array([]), .boolean(true),
    ]
    for role in Self.roles where try fleet.fields(role)[key] != nil {
      for value in wrong {
        var forged = fleet
        let name = fleet.newestName(role)
        var fields = try fleet.fields(role)
        fields[key] = value
        forged.files[name] = TestFleet.sign(fields, by: fleet.signers(role))
        let bytes = forged.files[name] ?? []
        let code = failureCode {
          let signed = try SignedMetadata(bytes, file: name, role: role).signed
          switch role {
          case .timestamp: _ = try TimestampRole(signed)
          case .snapshot: _ = try SnapshotRole(signed)
          default: _ = try TargetsRole(signed, hashing: TestFleet.hashing)
          }
        }
        #expect(code == .metadataMalformed, "\(role).\(key) = \(String(describing: value))")
      }
    }
  }

  @Test("deep nesting and duplicate keys in a file are refused before its signature is looked at")
  func hostileJSON() throws {
    let fleet = try TestFleet(publishing: [Self.app])
    for text in [
      #"{"signatures":[],"signed":{"_type":"timestamp","_type":"timestamp"}}"#,
      String(repeating: "[", count: 16_000), #"{"signed":{}}"#, #"{"signatures":{},"signed":[]}"#, "[]", "null",
    ] {
      var forged = fleet
      forged.files["timestamp.json"] = Array(text.utf8)
      #expect(try outcome(forged) == .metadataMalformed)
    }
  }
}
