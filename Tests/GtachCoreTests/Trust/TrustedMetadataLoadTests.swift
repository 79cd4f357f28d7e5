import GtachModel
import Testing

@testable import GtachCore

@Suite("Signed metadata on a node's disk")
struct TrustedMetadataLoadTests {
  private let fleet: TestFleet

  init() throws { fleet = try TestFleet(publishing: ["app/1.0.0/any", "lib/1.0.0/any"]) }

  @Test("with nothing but the pinned root, nothing is listed and nothing concluded")
  func empty() throws {
    let trusted = try TestFleet.load([:], pinnedRoot: fleet.pinnedRoot)
    #expect(!trusted.isComplete)
    #expect(trusted.targets.isEmpty)
    #expect(trusted.timestampVersion == 0)
    #expect(trusted.problems.isEmpty)
  }

  @Test("what has expired still loads")
  func expired() throws {
    var old = fleet
    try old.replace(.targets) { fields in
      fields.raiseVersion()
      fields["expires"] = .string("2000-01-01T00:00:00Z")
    }
    #expect(try old.trusted().isComplete)
  }

  @Test(
    "a damaged or lost file below the timestamp is fetched again, and no version is forgotten over it",
    arguments: ["3.snapshot.json", "3.targets.json", "1.package-app.json", "1.package-lib.json"])
  func damaged(name: String) throws {
    for damage in ["", "{}", nil] {
      var files = fleet.files
      #expect(files[name] != nil)
      files[name] = damage.map { Array($0.utf8) }
      let trusted = try TestFleet.load(files, pinnedRoot: fleet.pinnedRoot)
      #expect(!trusted.isComplete)
      #expect(trusted.problems.count == 1)
      #expect(trusted.timestampVersion == 3)
      let outcome = try trusted.updated(from: fleet.files)
      #expect(outcome.trusted.isComplete)
      #expect(outcome.newFiles.keys.contains(name))
      #expect(try outcome.trusted.targets == fleet.trusted().targets)
      let older = try TestFleet(publishing: ["app/1.0.0/any"])
      #expect(failureCode { try trusted.updated(from: older.files) } == .metadataRollback)
    }
  }

  @Test("a damaged timestamp or root is an error: the versions that were seen would be forgotten")
  func damagedTimestamp() throws {
    var rotated = fleet
    try rotated.rotate(.root, to: [TestSigner("new root")])
    for name in ["timestamp.json", "2.root.json"] {
      var files = rotated.files
      files[name] = Array("{}".utf8)
      let damaged = files
      #expect(
        failureCode { try TestFleet.load(damaged, pinnedRoot: rotated.pinnedRoot) }
          == .metadataMalformed)
    }
    var forged = fleet
    try forged.forge(.timestamp, by: [TestSigner("stranger")]) { _ in }
    #expect(failureCode { try forged.trusted() } == .metadataUnsigned)
  }

  @Test("metadata of keys that were replaced since is ignored", arguments: [MetadataRole.timestamp, .snapshot])
  func replacedKeys(role: MetadataRole) throws {
    var rotated = fleet
    try rotated.rotate(role, to: [TestSigner("new \(role)")])
    // The new root was stored, and then the power failed.
    let trusted = try rotated.trusted()
    #expect(trusted.rootVersion == 2)
    #expect(trusted.timestampVersion == 0)
    #expect(trusted.targets.isEmpty)
    #expect(!trusted.isComplete)
  }

  @Test("what one package's publisher loads is that package's, and is enough to publish in it")
  func onePackage() throws {
    var read: [String] = []
    let trusted = try TrustedMetadata.load(
      files: { name in
        read.append(name)
        return fleet.files[name]
      }, pinnedRoot: fleet.pinnedRoot, package: PackageName("app"), checking: TestFleet.checking,
      hashing: TestFleet.hashing)
    #expect(trusted.isComplete)
    #expect(Set(trusted.targets.keys.map(\.release.name.text)) == ["app"])
    #expect(read.contains("1.package-app.json") && !read.contains("1.package-lib.json"))
    let (files, signers) = (fleet.files, fleet.signers)
    let new = try MetadataPublisher.publish(
      TestFleet.listing("app/1.1.0/any"), to: trusted, files: { name in files[name] },
      signers: { role in signers(role) },
      now: TestFleet.start, hashing: TestFleet.hashing)
    var published = fleet
    published.files.merge(new) { $1 }
    #expect(try published.trusted().targets.count == 3)
  }

  @Test("of what was loaded before only what is new is read again")
  func reloaded() throws {
    let known = try fleet.trusted()
    var newer = fleet
    try newer.publish("app/1.1.0/any")
    func reload(_ files: [String: [UInt8]]) throws -> (trusted: TrustedMetadata, read: Set<String>) {
      var read: Set<String> = []
      let trusted = try known.reloaded(
        files: { name in
          read.insert(name)
          return files[name]
        }, pinnedRoot: fleet.pinnedRoot, checking: TestFleet.checking, hashing: TestFleet.hashing)
      return (trusted, read)
    }
    let (trusted, read) = try reload(newer.files)
    #expect(try trusted.targets == newer.trusted().targets)
    #expect(trusted.isComplete)
    #expect(read == ["2.root.json", "timestamp.json", "4.snapshot.json", "2.package-app.json"])
    // Nothing is new: what is missing is seen.
    var damaged = fleet.files
    damaged["1.package-lib.json"] = nil
    #expect(try !reload(damaged).trusted.isComplete)
    damaged = newer.files
    damaged["2.package-app.json"] = nil
    #expect(try !reload(damaged).trusted.isComplete)
    damaged["timestamp.json"] = nil
    #expect(try reload(damaged).trusted.timestampVersion == 0)
  }

  @Test("once the disk has lost all, all is fetched and stored again, and no older version is accepted")
  func withoutFiles() throws {
    let lost = try fleet.trusted().withoutFiles()
    #expect(!lost.isComplete)
    #expect(lost.timestampVersion == 3)
    let outcome = try lost.updated(from: fleet.files)
    #expect(outcome.trusted.isComplete)
    #expect(try outcome.trusted.targets == fleet.trusted().targets)
    #expect(
      try TestFleet.load(
        outcome.newFiles.merging(["1.root.json": fleet.pinnedRoot]) { $1 }, pinnedRoot: fleet.pinnedRoot
      ).isComplete)
    let older = try TestFleet(publishing: ["app/1.0.0/any"])
    #expect(failureCode { try lost.updated(from: older.files) } == .metadataRollback)
    // Another timestamp of the same version is not the one that was seen.
    var other = fleet
    try other.forge(.timestamp) { fields in fields["expires"] = .string("2099-01-01T00:00:00Z") }
    #expect(try lost.updated(from: other.files).newFiles["timestamp.json"] == nil)
  }

  @Test("an error of the disk is passed on")
  func diskError() throws {
    let pinned = fleet.pinnedRoot
    let code = failureCode {
      try TrustedMetadata.load(
        files: { (_: String) throws(GtachError) -> [UInt8]? in throw GtachError(.inputOutput, "the disk is gone") },
        pinnedRoot: pinned, checking: TestFleet.checking, hashing: TestFleet.hashing)
    }
    #expect(code == .inputOutput)
  }

  @Test("a pinned root that its own keys did not sign is refused")
  func pinned() throws {
    for bytes in [[], Array("{}".utf8), fleet.files["timestamp.json"] ?? []] {
      #expect(failureCode { try TestFleet.load([:], pinnedRoot: bytes) } == .metadataMalformed)
    }
    let unsigned = TestFleet.sign(try fleet.fields(.root), by: [TestSigner("stranger")])
    #expect(failureCode { try TestFleet.load([:], pinnedRoot: unsigned) } == .metadataUnsigned)
  }
}
