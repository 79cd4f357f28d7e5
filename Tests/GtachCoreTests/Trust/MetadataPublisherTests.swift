import GtachModel
import Testing

@testable import GtachCore

@Suite("Publishing signed metadata")
struct MetadataPublisherTests {
  @Test("a new fleet has four files and lists nothing")
  func newFleet() throws {
    let fleet = try TestFleet()
    #expect(fleet.files.keys.sorted() == ["1.root.json", "1.snapshot.json", "1.targets.json", "timestamp.json"])
    let trusted = try fleet.trusted()
    #expect(trusted.isComplete)
    #expect(trusted.targets.isEmpty)
    #expect(trusted.fleetName == "rally")
  }

  @Test("a release of a known package re-signs three small files")
  func smallFiles() throws {
    var fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let before = fleet.files
    try fleet.publish("app/1.1.0/any")
    let new = fleet.files.filter { before[$0.key] != $0.value }
    #expect(new.keys.sorted() == ["2.package-app.json", "3.snapshot.json", "timestamp.json"])
    #expect(new.values.reduce(0) { $0 + $1.count } < 3_000)
  }

  @Test("the same again changes nothing, other content is refused")
  func immutable() throws {
    var fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let files = fleet.files
    try fleet.publish("app/1.0.0/any")
    #expect(fleet.files == files)
    let others = [
      try TestFleet.listing("app/1.0.0/any", content: "other"), try TestFleet.listing("app/1.0.0+build/any"),
    ]
    for other in others {
      #expect(failureCode { try fleet.publish(other) } == .releaseExists)
    }
    #expect(fleet.files == files)
    try fleet.publish("app/1.0.0/linux-arm64")
    #expect(try fleet.trusted().targets.count == 2)
  }

  @Test(
    "without the keys that it takes nothing is signed",
    arguments: ["targets", "snapshot", "timestamp", "package-lib", "package-app"])
  func missingKeys(role: String) throws {
    for keys in [[], [TestSigner("stranger")]] {
      var fleet = try TestFleet(publishing: ["app/1.0.0/any"])
      let files = fleet.files
      fleet.keys[try #require(MetadataRole(role))] = keys
      // A new package may have any key, but it must have one.
      if role == "package-lib", !keys.isEmpty { continue }
      let path = role == "package-app" ? "app/1.1.0/any" : "lib/1.0.0/any"
      #expect(failureCode { try fleet.publish(path) } == .notPermitted)
      #expect(fleet.files == files)
    }
  }

  @Test("fields that this version does not know survive what it publishes")
  func unknownFields() throws {
    var fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let roles: [MetadataRole] = [.targets, .package(try PackageName("app")), .snapshot]
    for role in roles {
      try fleet.replace(role) { fields in
        fields["x-future"] = .string(role.text)
        fields.raiseVersion()
      }
    }
    try fleet.publish("app/1.1.0/any")
    try fleet.publish("lib/1.0.0/any")
    for role in roles { #expect(try fleet.fields(role)["x-future"] == .string(role.text)) }
    #expect(try fleet.trusted().targets.count == 3)
  }

  @Test("a publisher whose clock went back does not turn back the fleet's")
  func clock() throws {
    var fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    fleet.now = Timestamp(secondsSinceEpoch: 0)
    try fleet.publish("app/1.1.0/any")
    let trusted = try fleet.trusted()
    #expect(trusted.newestSignedTime == TestFleet.start)
    #expect(failureCode { try trusted.requireFresh(at: TestFleet.start) } == nil)
  }

  @Test("renewing signs two files and lists the same")
  func renew() throws {
    let fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let later = TestFleet.start.advanced(byDays: 400)
    let before = try fleet.trusted()
    #expect(failureCode { try before.requireFresh(at: later) } == .metadataExpired)
    let new = try MetadataPublisher.renew(
      before, files: { name in fleet.files[name] }, signers: { role in fleet.signers(role) }, now: later,
      hashing: TestFleet.hashing)
    #expect(new.keys.sorted() == ["3.snapshot.json", "timestamp.json"])
    let trusted = try before.updated(from: fleet.files.merging(new) { $1 }, now: later).trusted
    #expect(trusted.targets == before.targets)
    #expect(failureCode { try trusted.requireFresh(at: later) } == nil)
  }

  @Test("nothing is published on top of metadata that is incomplete or changed on the disk")
  func damagedSource() throws {
    let fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let listing = try TestFleet.listing("app/1.1.0/any")
    func publish(to trusted: TrustedMetadata, _ files: [String: [UInt8]]) -> ErrorCode? {
      failureCode {
        try MetadataPublisher.publish(
          listing, to: trusted, files: { name in files[name] }, signers: { role in fleet.signers(role) },
          now: TestFleet.start, hashing: TestFleet.hashing)
      }
    }
    let trusted = try fleet.trusted()
    #expect(publish(to: trusted, fleet.files) == nil)
    #expect(try publish(to: fleet.joined(), fleet.files) == .metadataMissing)
    for name in ["1.package-app.json", "2.snapshot.json", "timestamp.json"] {
      var files = fleet.files
      files[name] = nil
      #expect(publish(to: trusted, files) == .metadataMissing)
      files[name] = fleet.files["1.root.json"]
      #expect(publish(to: trusted, files) != nil)
    }
  }

  @Test("many packages, and a node that knows them fetches only what is new")
  func manyPackages() throws {
    var fleet = try TestFleet(publishing: (1...30).map { "package-\($0)/1.0.0/any" })
    let trusted = try fleet.trusted()
    #expect(trusted.targets.count == 30)
    try fleet.publish("package-15/1.0.1/any")
    #expect(try trusted.updated(from: fleet.files).asked.count == 4)
  }
}
