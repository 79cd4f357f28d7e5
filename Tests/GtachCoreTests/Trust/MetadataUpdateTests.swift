import GtachCore
import GtachModel
import Testing

@Suite("Updates of signed metadata")
struct MetadataUpdateTests {
  @Test("a node that has joined fetches everything, and believes what was published")
  func first() throws {
    let fleet = try TestFleet(publishing: ["app/1.0.0/any", "lib/2.1.0-rc.1/linux-arm64"])
    let outcome = try fleet.joined().updated(from: fleet.files)
    #expect(
      outcome.asked == [
        "2.root.json", "timestamp.json", "3.snapshot.json", "3.targets.json", "1.package-app.json",
        "1.package-lib.json",
      ])
    #expect(Set(outcome.newFiles.keys) == Set(outcome.asked.dropFirst()))
    #expect(outcome.trusted.isComplete)
    #expect(outcome.trusted.fleetName == "rally")
    #expect(outcome.trusted.rootVersion == 1)
    #expect(outcome.trusted.timestampVersion == 3)
    #expect(outcome.trusted.newestSignedTime == TestFleet.start)
    #expect(outcome.trusted.problems.isEmpty)
    let app = try TestFleet.listing("app/1.0.0/any")
    let lib = try TestFleet.listing("lib/2.1.0-rc.1/linux-arm64")
    #expect(outcome.trusted.targets == [app.variant: app, lib.variant: lib])
  }

  @Test("what is unchanged is not fetched again")
  func incremental() throws {
    var fleet = try TestFleet(publishing: ["app/1.0.0/any", "lib/1.0.0/any"])
    let before = try fleet.trusted()
    try fleet.publish("lib/1.1.0/any")
    let outcome = try before.updated(from: fleet.files)
    #expect(outcome.asked == ["2.root.json", "timestamp.json", "4.snapshot.json", "2.package-lib.json"])
    #expect(outcome.trusted.targets.count == 3)
    #expect(outcome.trusted.timestampVersion == before.timestampVersion + 1)
    #expect(try outcome.trusted.targets == fleet.trusted().targets)
  }

  @Test("a peer that has the same has nothing new")
  func same() throws {
    let fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let trusted = try fleet.trusted()
    // Even long after everything has expired: that is not this peer's fault.
    for time in [TestFleet.start, TestFleet.start.advanced(byDays: 400)] {
      let outcome = try trusted.updated(from: fleet.files, now: time)
      #expect(outcome.asked == ["2.root.json", "timestamp.json"])
      #expect(outcome.newFiles.isEmpty)
      #expect(outcome.trusted.targets == trusted.targets)
      #expect(outcome.trusted.isComplete)
    }
  }

  @Test("what the update hands over is what a node loads from its disk later")
  func persisted() throws {
    let fleet = try TestFleet(publishing: ["app/1.0.0/any", "lib/1.0.0/any", "app/1.1.0/any"])
    let outcome = try fleet.joined().updated(from: fleet.files)
    let loaded = try TestFleet.load(outcome.newFiles, pinnedRoot: fleet.pinnedRoot)
    #expect(loaded.isComplete)
    #expect(loaded.targets == outcome.trusted.targets)
    #expect(loaded.fileNames == outcome.trusted.fileNames)
    #expect(loaded.fileNames.map(\.description).contains("2.package-app.json"))
  }

  @Test("the platforms and dependencies that the publisher wrote arrive")
  func custom() throws {
    var listing = try TestFleet.listing("app/1.0.0/any")
    listing = ListedVariant(
      variant: listing.variant, manifest: listing.manifest,
      platforms: [.init(os: "linux", arch: "arm64", model: "Raspberry Pi Zero 2*"), .init(os: "macos")],
      dependencies: Dependencies(
        [try PackageName("hyperpixel"): try VersionRange("^1.2")],
        perPlatform: [try Platform("linux-arm64"): [try PackageName("extra"): try VersionRange("^2")]]))
    var fleet = try TestFleet()
    try fleet.publish(listing)
    #expect(try fleet.joined().updated(from: fleet.files).trusted.targets[listing.variant] == listing)
  }

  @Test("an update that has ended takes nothing more")
  func ended() throws {
    let fleet = try TestFleet()
    var update = MetadataUpdate(
      trusted: try fleet.joined(), now: TestFleet.start, checking: TestFleet.checking, hashing: TestFleet.hashing)
    #expect(failureCode { try update.receive([1]) } == .metadataMalformed)
    #expect(update.nextFile == nil)
    #expect(update.finished == nil)
    #expect(failureCode { try update.receive([1]) } == .bug)
  }

  @Test(
    "only the next root may be missing",
    arguments: ["timestamp.json", "2.snapshot.json", "2.targets.json", "1.package-app.json"])
  func missing(name: String) throws {
    var fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    let joined = try fleet.joined()
    #expect(fleet.files.removeValue(forKey: name) != nil)
    let files = fleet.files
    #expect(failureCode { try joined.updated(from: files) } == .metadataMissing)
  }

  @Test("endless data is not taken, with or without a signed length")
  func endless() throws {
    let fleet = try TestFleet(publishing: ["app/1.0.0/any"])
    for victim in ["2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json", "1.package-app.json"] {
      var update = MetadataUpdate(
        trusted: try fleet.joined(), now: TestFleet.start, checking: TestFleet.checking, hashing: TestFleet.hashing)
      var failure: ErrorCode?
      while failure == nil, let file = update.nextFile {
        if file.name == victim {
          #expect(file.maximumBytes <= 512_000)
          if let genuine = fleet.files[victim], victim != "timestamp.json" {
            #expect(file.maximumBytes == genuine.count)
          }
          let endless = [UInt8](repeating: 0x20, count: file.maximumBytes + 1)
          failure = failureCode { try update.receive(endless) }
        } else {
          try update.receive(fleet.files[file.name])
        }
      }
      #expect(failure == .metadataMismatch)
      #expect(update.finished == nil)
    }
  }

  @Test("file names of metadata are read exactly")
  func fileNames() {
    for name in ["timestamp.json", "1.root.json", "12.snapshot.json", "3.targets.json", "7.package-a.b-c.json"] {
      #expect(MetadataFileName(name)?.description == name)
    }
    for name in [
      "", "root.json", "0.root.json", "01.root.json", "+1.root.json", "-1.root.json", "1.timestamp.json",
      "1.other.json", "1.package-.json", "1.package-A.json", "1.package-../x.json", "../1.root.json", "1.root.json/",
      "1.root.jsonx", "1.package-a/b.json", "99999999999999999999.root.json", "1.package-a..b.json", ".json",
      "timestamp",
    ] {
      #expect(MetadataFileName(name) == nil)
    }
  }
}
