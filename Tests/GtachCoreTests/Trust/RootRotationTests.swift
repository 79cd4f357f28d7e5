import GtachModel
import Testing

@testable import GtachCore

@Suite("New roots")
struct RootRotationTests {
  static let app = "app/1.0.0/any"

  private func outcome(_ fleet: TestFleet, after earlier: TestFleet) throws -> ErrorCode? {
    let trusted = try earlier.trusted()
    return failureCode { try trusted.updated(from: fleet.files) }
  }

  @Test("a node follows any number of roots, and keeps what they did not change")
  func chain() throws {
    var fleet = try TestFleet(publishing: [Self.app])
    let before = try fleet.trusted()
    for number in 1...3 { try fleet.rotate(.root, to: [TestSigner("root \(number)")]) }
    let outcome = try before.updated(from: fleet.files)
    #expect(outcome.asked == ["2.root.json", "3.root.json", "4.root.json", "5.root.json", "timestamp.json"])
    #expect(outcome.trusted.rootVersion == 4)
    #expect(outcome.trusted.targets == before.targets)
    #expect(try fleet.trusted().rootVersion == 4)
  }

  @Test("a new root must be signed by the old keys and by its own")
  func bothSignatures() throws {
    let before = try TestFleet(publishing: [Self.app])
    let (old, new) = (before.signers(.root), [TestSigner("new root")])
    var rotated = before
    try rotated.rotate(.root, to: new)
    #expect(try outcome(rotated, after: before) == nil)
    for signers in [old, new, [], [TestSigner("stranger")]] {
      var forged = rotated
      try forged.forge(.root, by: signers) { _ in }
      #expect(try outcome(forged, after: before) == .metadataUnsigned)
    }
  }

  @Test("a root may not skip a version, nor repeat one")
  func versions() throws {
    let before = try TestFleet(publishing: [Self.app])
    for version: Int64 in [1, 3] {
      var forged = before
      var fields = try before.fields(.root)
      fields["version"] = .integer(version)
      forged.files["2.root.json"] = TestFleet.sign(fields, by: before.signers(.root))
      #expect(try outcome(forged, after: before) == .metadataRollback)
    }
  }

  @Test("an expired root is refused, and one that was expired on the way is not")
  func expired() throws {
    let before = try TestFleet(publishing: [Self.app])
    var fleet = before
    try fleet.forge(.root) { fields in
      fields.raiseVersion()
      fields["expires"] = .string("2020-01-01T00:00:00Z")
    }
    #expect(try outcome(fleet, after: before) == .metadataExpired)
    try fleet.forge(.root) { fields in
      fields.raiseVersion()
      fields["expires"] = .string("2040-01-01T00:00:00Z")
    }
    #expect(try outcome(fleet, after: before) == nil)
  }

  @Test("a peer cannot make a node follow roots without end")
  func endless() throws {
    var fleet = try TestFleet()
    for _ in 0..<MetadataUpdate.maximumRootRotations + 3 { try fleet.forge(.root) { $0.raiseVersion() } }
    let outcome = try fleet.joined().updated(from: fleet.files)
    #expect(outcome.trusted.rootVersion == MetadataUpdate.maximumRootRotations + 1)
    #expect(outcome.asked.filter { $0.hasSuffix(".root.json") }.count == MetadataUpdate.maximumRootRotations)
  }

  @Test("a fast-forward attack is recovered from by new keys", arguments: [MetadataRole.timestamp, .snapshot])
  func fastForward(role: MetadataRole) throws {
    let genuine = try TestFleet(publishing: [Self.app])
    // Whoever has stolen the keys of snapshot and timestamp signs the highest version, and a time far away.
    var attacked = genuine
    try attacked.replace(.snapshot) { fields in
      fields["version"] = .integer(1 << 53 - 1)
      fields["meta"]?["targets.json"]?["version"] = .integer(2)
    }
    try attacked.forge(.timestamp) { fields in
      fields["version"] = .integer(1 << 53 - 1)
      fields["expires"] = .string("9999-01-01T00:00:00Z")
      fields[TimestampRole.signedAtKey] = .string(TestFleet.start.advanced(byDays: 300).description)
    }
    let victim = try genuine.trusted().updated(from: attacked.files).trusted
    #expect(failureCode { try victim.updated(from: genuine.files) } == .metadataRollback)

    var recovered = genuine
    try recovered.rotate(role, to: [TestSigner("new \(role)")])
    // The publisher goes on from the versions that it knows.
    try recovered.replace(.snapshot) { $0.raiseVersion() }
    let outcome = try victim.updated(from: recovered.files)
    #expect(outcome.trusted.timestampVersion == 3)
    #expect(outcome.trusted.newestSignedTime == TestFleet.start)
    #expect(try outcome.trusted.targets == genuine.trusted().targets)
    // The old keys are worth nothing any more.
    var replayed = attacked
    replayed.files["2.root.json"] = recovered.files["2.root.json"]
    #expect(failureCode { try victim.updated(from: replayed.files) } == .metadataUnsigned)
  }

  @Test("targets signed with replaced keys are not kept, although nothing else has changed")
  func replacedTargetsKey() throws {
    let before = try TestFleet(publishing: [Self.app])
    var fleet = before
    try fleet.rotate(.targets, to: [TestSigner("new targets")])
    #expect(try outcome(fleet, after: before) == .metadataUnsigned)
    try fleet.replace(.targets) { $0.raiseVersion() }
    #expect(try outcome(fleet, after: before) == nil)
  }

  @Test("new roots are handed over even if the rest of the update fails")
  func acceptedRoots() throws {
    var fleet = try TestFleet(publishing: [Self.app])
    let before = try fleet.trusted()
    try fleet.rotate(.timestamp, to: [TestSigner("new timestamp")])
    var update = MetadataUpdate(
      trusted: before, now: TestFleet.start, checking: TestFleet.checking, hashing: TestFleet.hashing)
    var failure: ErrorCode?
    while failure == nil, let file = update.nextFile {
      let bytes = fleet.files[file.name]
      failure = failureCode { try update.receive(bytes) }
    }
    #expect(failure == .metadataUnsigned)
    #expect(update.acceptedRoots.keys.sorted() == ["2.root.json"])
  }
}
