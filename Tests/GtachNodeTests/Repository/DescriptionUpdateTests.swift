import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Packing the next version")
struct DescriptionUpdateTests {
  private let now = Timestamp(secondsSinceEpoch: 1_700_000_000)
  private let files = FileSystem()

  /// A publisher's home and a tree with a description.
  private struct Workshop {
    let fixture: RepositoryFixture
    let publisher: ReleasePublisher
    let repository: PackageRepository
    var file: String { "\(fixture.tree)/gtach.json" }
  }

  private static let text = "{\r\n\t\"name\" : \"app\",\n  \"version\": \"1.0.0\" }"

  private func withWorkshop(_ body: (Workshop) throws -> Void) throws {
    try RepositoryFixture.with { fixture in
      let home = Home(fixture.home)
      let membership = try FleetFounder.found(home: home, fleetName: "test", nodeName: NodeName("dev"), now: now)
      let repository = try fixture.repository()
      try files.perform([
        .makeDirectory("\(fixture.tree)/bin"), .write(path: "\(fixture.tree)/data", bytes: [1, 2], permissions: 0o644),
        .write(path: "\(fixture.tree)/gtach.json", bytes: Array(Self.text.utf8), permissions: 0o640),
      ])
      try body(
        Workshop(
          fixture: fixture,
          publisher: ReleasePublisher(home: home, membership: membership, repository: repository),
          repository: repository))
    }
  }

  private func pack(
    _ workshop: Workshop, bump: SemanticVersion.Part? = .patch, file: String? = nil
  ) throws(GtachError) -> PackedRelease {
    try PackageCreator(repository: workshop.repository).createPackage(
      source: workshop.fixture.tree, descriptionFile: file, bump: bump, level: 1, created: now)
  }

  private func content(_ path: String) throws -> String {
    String(decoding: try files.read(path, maximumBytes: 1 << 20), as: UTF8.self)
  }

  private func versions(_ workshop: Workshop) throws -> [String] {
    try workshop.repository.variants().keys.sorted().map { "\($0.release.version)" }
  }

  @Test("the version is raised when the release is out, and the release has the raised file")
  func raised() throws {
    try withWorkshop { workshop in
      let packed = try pack(workshop)
      #expect(packed.descriptionUpdate?.raised.previousVersion.description == "1.0.0")
      #expect(try content(workshop.file) == Self.text, "not before it is out")
      try workshop.publisher.publish(packed, now: now)
      let raised = Self.text.replacing("1.0.0", with: "1.0.1")
      #expect(try content(workshop.file) == raised)
      #expect(try files.status(of: workshop.file)?.permissions == 0o640)
      #expect(try files.list(workshop.fixture.tree) == ["bin", "data", "gtach.json"])
      let out = "\(workshop.fixture.directory)/out"
      try files.perform(.makeDirectory(out))
      try workshop.repository.extract(packed.manifest.variant, into: out)
      #expect(try content("\(out)/gtach.json") == raised)
      // The file on the disk makes the same release.
      let again = try pack(workshop, bump: nil)
      #expect(again.manifestBytes == packed.manifestBytes)
      try workshop.publisher.publish(pack(workshop, bump: .major), now: now)
      #expect(try content(workshop.file) == Self.text.replacing("1.0.0", with: "2.0.0"))
      #expect(try versions(workshop) == ["1.0.1", "2.0.0"])
    }
  }

  @Test("whatever ends the packing leaves the file as it was")
  func failures() throws {
    try withWorkshop { workshop in
      let status = try files.status(of: workshop.file)
      func expectUntouched(_ comment: Comment) throws {
        #expect(try files.status(of: workshop.file) == status, comment)
        #expect(try files.list(workshop.fixture.tree) == ["bin", "data", "gtach.json"], comment)
      }
      try files.perform(.makeSymbolicLink(at: "\(workshop.fixture.tree)/out", to: "../../secret"))
      #expect(errorCode { try pack(workshop) } == .archivePathUnsafe)
      try files.perform(.remove("\(workshop.fixture.tree)/out"))
      try expectUntouched("a tree that cannot be packed")

      let stop = try Cancellation()
      stop.cancel()
      let packed = try pack(workshop)
      #expect(errorCode { try workshop.publisher.publish(packed, now: now, cancellation: stop) } == .cancelled)
      try expectUntouched("Ctrl-C")

      try files.perform(
        .rename(from: "\(workshop.fixture.home)/fleet", to: "\(workshop.fixture.home)/elsewhere"))
      #expect(errorCode { try workshop.publisher.publish(packed, now: now) } == .notPermitted)
      try files.perform(
        .rename(from: "\(workshop.fixture.home)/elsewhere", to: "\(workshop.fixture.home)/fleet"))
      try expectUntouched("no keys")
      #expect(try versions(workshop).isEmpty)

      // Another tree was released under that version, by this home and by another machine's.
      try workshop.publisher.publish(packed, now: now)
      try files.perform(.write(path: workshop.file, bytes: Array(Self.text.utf8), permissions: 0o640))
      try files.perform(.write(path: "\(workshop.fixture.tree)/data", bytes: [3], permissions: 0o644))
      let restored = try files.status(of: workshop.file)
      let error = thrownError { try pack(workshop) }
      #expect(error?.code == .releaseExists)
      #expect(error?.advice?.contains("the newest here is 1.0.1") == true)
      let other = try PackageRepository(home: "\(workshop.fixture.directory)/other")
      let foreign = try PackageCreator(repository: other).createPackage(
        source: workshop.fixture.tree, bump: .patch, level: 1, created: now)
      #expect(errorCode { try workshop.publisher.publish(foreign, now: now) } == .releaseExists)
      #expect(try files.status(of: workshop.file) == restored)
      #expect(try files.list(workshop.fixture.tree) == ["bin", "data", "gtach.json"])
    }
  }

  @Test("after a power cut between the release and the file, the same command finishes")
  func powerCut() throws {
    try withWorkshop { workshop in
      let packed = try pack(workshop)
      try workshop.repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
      // What was written and not renamed is in no archive.
      try files.perform(
        .write(path: "\(workshop.fixture.tree)/.gtach-pack-0123456789abcdef", bytes: [1], permissions: 0o640))
      #expect(try content(workshop.file) == Self.text)
      let again = try pack(workshop)
      #expect(again == packed)
      try workshop.publisher.publish(again, now: now)
      #expect(try content(workshop.file) == Self.text.replacing("1.0.0", with: "1.0.1"))
      #expect(try versions(workshop) == ["1.0.1"])
    }
  }

  @Test("somebody who writes the file meanwhile does not lose it, and nothing is published")
  func edited() throws {
    try withWorkshop { workshop in
      let packed = try pack(workshop)
      let edited = Self.text.replacing("app", with: "apt")
      try files.perform(.write(path: workshop.file, bytes: Array(edited.utf8), permissions: 0o640))
      #expect(errorCode { try workshop.publisher.publish(packed, now: now) } == .busy)
      #expect(try content(workshop.file) == edited)
      #expect(try versions(workshop).isEmpty)
    }
  }

  @Test("a link stays one: what it leads to is raised, in the archive too")
  func links() throws {
    try withWorkshop { workshop in
      let target = "\(workshop.fixture.tree)/bin/app.json"
      try files.perform([
        .rename(from: workshop.file, to: target), .makeSymbolicLink(at: workshop.file, to: "bin/app.json"),
      ])
      let packed = try pack(workshop, bump: .minor)
      try workshop.publisher.publish(packed, now: now)
      #expect(try files.readLink(workshop.file) == "bin/app.json")
      #expect(try content(target) == Self.text.replacing("1.0.0", with: "1.1.0"))
      #expect(try files.list("\(workshop.fixture.tree)/bin") == ["app.json"])
      #expect(try pack(workshop, bump: nil).manifestBytes == packed.manifestBytes)
    }
  }

  @Test("a description that lies elsewhere is raised there")
  func elsewhere() throws {
    try withWorkshop { workshop in
      let file = "\(workshop.fixture.directory)/pi.json"
      try files.perform(.write(path: file, bytes: Array(Self.text.utf8), permissions: 0o600))
      let packed = try pack(workshop, file: file)
      try workshop.publisher.publish(packed, now: now)
      #expect(try content(file) == Self.text.replacing("1.0.0", with: "1.0.1"))
      #expect(try content(workshop.file) == Self.text)
      #expect(try pack(workshop, bump: nil, file: file).manifestBytes == packed.manifestBytes)
      // Or in the tree under another name.
      let inside = "\(workshop.fixture.tree)/bin/pi.json"
      try files.perform(.write(path: inside, bytes: Array(Self.text.utf8), permissions: 0o600))
      let next = try pack(workshop, bump: .major, file: inside)
      try workshop.publisher.publish(next, now: now)
      #expect(try pack(workshop, bump: nil, file: inside).manifestBytes == next.manifestBytes)
    }
  }

  @Test("where nothing can be raised, it is said before anything is packed")
  func impossible() throws {
    try withWorkshop { workshop in
      try files.perform(.write(path: workshop.file, bytes: Array("{ \"name\": \"app\" }".utf8), permissions: 0o640))
      #expect(errorCode { try pack(workshop) } == .descriptionInvalid)
      try files.perform(.remove(workshop.file))
      let error = thrownError { try pack(workshop) }
      #expect(error?.code == .notFound)
      #expect(error?.advice?.contains("instead of --bump") == true)
      #expect(errorCode { try pack(workshop, file: "\(workshop.fixture.directory)/none.json") } == .notFound)
    }
  }

  @Test("a file or directory that may not be written is named", .enabled(if: geteuid() != 0, "root may write anywhere"))
  func readOnly() throws {
    try withWorkshop { workshop in
      for (path, permissions) in [(workshop.file, 0o640), (workshop.fixture.tree, 0o755)] as [(String, mode_t)] {
        #expect(chmod(path, permissions & 0o555) == 0)
        let error = thrownError { try pack(workshop) }
        #expect(chmod(path, permissions) == 0)
        #expect(error?.code == .notPermitted)
        #expect(error?.advice?.contains("without --bump") == true)
      }
      let text = try content(workshop.file)
      #expect(text == Self.text)
    }
  }

  @Test(
    "a disk without room for the new file stops the release, and leaves no half of it",
    .enabled(if: SmallDisk.isPossible, "needs root on Linux and the right to mount"))
  func fullDisk() throws {
    try withWorkshop { workshop in
      let directory = "\(workshop.fixture.directory)/small"
      try files.perform(.makeDirectory(directory))
      let disk = try SmallDisk(at: directory, kibibytes: 64)
      defer { disk.unmount() }
      let file = "\(directory)/gtach.json"
      try files.perform(.write(path: file, bytes: Array(Self.text.utf8), permissions: 0o600))
      let packed = try pack(workshop, file: file)
      let room = try files.freeBytes(of: directory)
      try files.perform(
        .write(path: "\(directory)/ballast", bytes: [UInt8](repeating: 1, count: room), permissions: 0o600))
      #expect(errorCode { try workshop.publisher.publish(packed, now: now) } == .diskFull)
      #expect(try content(file) == Self.text)
      #expect(try files.list(directory) == ["ballast", "gtach.json"])
      #expect(try versions(workshop).isEmpty)
    }
  }

  @Test("root leaves a file to its owner", .enabled(if: geteuid() == 0, "needs root"))
  func owner() throws {
    try withWorkshop { workshop in
      #expect(chown(workshop.file, 1234, 5678) == 0)
      try workshop.publisher.publish(pack(workshop), now: now)
      var status = stat()
      #expect(stat(workshop.file, &status) == 0)
      #expect(status.st_uid == 1234 && status.st_gid == 5678)
      #expect(try content(workshop.file) == Self.text.replacing("1.0.0", with: "1.0.1"))
    }
  }
}
