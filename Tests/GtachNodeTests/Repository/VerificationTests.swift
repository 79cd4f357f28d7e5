import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A publisher's home with a release of several chunks, damaged in all ways.
@Suite("Verification")
struct VerificationTests {
  private struct Shelf {
    let fixture: RepositoryFixture
    let context: NodeContext
    let variant: VariantID
    let manifest: [UInt8]
    let index: ChunkIndex
    let indexBytes: [UInt8]

    func verify(
      repairs: Bool = false, fetch: ([Requirement]) throws(GtachError) -> Void = { _ in }
    ) throws(GtachError) -> VerificationReport {
      var verifier = try RepositoryVerifier(context, cancellation: Cancellation())
      return try verifier.verify(name: nil, version: nil, repairs: repairs, fetch: fetch, progress: { _, _ in })
    }

    func isHere() throws -> Bool { try fixture.repository().contains(variant) }
    func chunk(_ number: Int) -> String { fixture.layout.chunk(index.chunks[index.objects[number].chunk].digest) }
    func object(_ number: Int) -> String { fixture.layout.object(index.objects[number].id) }
  }

  private func withShelf(_ body: (Shelf) throws -> Void) throws {
    try RepositoryFixture.with { fixture in
      let home = Home(fixture.home)
      let membership = try FleetFounder.found(
        home: home, fleetName: "test", nodeName: NodeName("dev"), now: SystemClock.now())
      try fixture.writeTree()
      let repository = try fixture.repository()
      let now = SystemClock.now()
      let packed = try fixture.pack(into: repository, created: now.secondsSinceEpoch, level: nil)
      try ReleasePublisher(home: home, membership: membership, repository: repository).publish(packed, now: now)
      try body(
        Shelf(
          fixture: fixture, context: try NodeContext(home: home), variant: packed.manifest.variant,
          manifest: packed.manifestBytes, index: try ChunkIndexCodec.decode(packed.indexBytes),
          indexBytes: packed.indexBytes))
    }
  }

  private func problems(_ report: VerificationReport) -> [String] {
    report.findings.map { "\($0.repaired ? "repaired" : $0.problem) \($0.kind)" }.sorted()
  }

  @Test("what is sound is said to be, nothing is written, and what is not here is not found")
  func sound() throws {
    try withShelf { shelf in
      let report = try shelf.verify()
      #expect(report.isSound && report.findings.isEmpty && report.variants == 1)
      #expect(report.bytes == shelf.index.archiveSize)
      #expect(try !shelf.fixture.files.exists(shelf.fixture.layout.quarantine))
      var verifier = try RepositoryVerifier(shelf.context, cancellation: Cancellation())
      let none = try PackageName("none")
      #expect(
        errorCode {
          try verifier.verify(name: none, version: nil, repairs: false, fetch: { _ in }, progress: { _, _ in })
        } == .notFound)
      let stopped = try Cancellation()
      stopped.cancel()
      var cancelled = try RepositoryVerifier(shelf.context, cancellation: stopped)
      #expect(
        errorCode {
          try cancelled.verify(name: nil, version: nil, repairs: false, fetch: { _ in }, progress: { _, _ in })
        } == .cancelled)
    }
  }

  @Test("chunks are made anew of objects, and objects of chunks, without anybody else")
  func madeAnew() throws {
    try withShelf { shelf in
      try shelf.fixture.damage(shelf.chunk(0))
      try shelf.fixture.files.perform(.remove(shelf.chunk(1)))
      try shelf.fixture.damage(shelf.object(2))
      try shelf.fixture.files.perform(.remove(shelf.object(3)))
      #expect(try problems(shelf.verify()) == ["damaged chunk", "damaged object", "missing chunk", "missing objects"])
      #expect(try shelf.fixture.files.list(shelf.fixture.layout.quarantine).count == 2)
      #expect(try shelf.isHere())
      // What was quarantined is missing from then on.
      let repaired = try shelf.verify(repairs: true) { _ throws(GtachError) in
        throw GtachError(.bug, "nothing needs to be fetched")
      }
      #expect(problems(repaired) == ["repaired chunk", "repaired chunk", "repaired objects"])
      #expect(repaired.isSound && repaired.findings.compactMap(\.count) == [2])
      #expect(try shelf.verify().findings.isEmpty)
    }
  }

  @Test("a release that came to its publisher as chunks only is sound, and lacks its objects in one line")
  func withoutObjects() throws {
    try withShelf { shelf in
      try shelf.fixture.files.perform(.remove(shelf.fixture.layout.objects))
      let report = try shelf.verify()
      #expect(report.isSound && problems(report) == ["missing objects"])
      #expect(report.findings.map(\.count) == [Set(shelf.index.objects.map(\.id)).count])
      // What no object and no chunk yields is lost all the same.
      let repaired = try shelf.verify(repairs: true)
      #expect(problems(repaired) == ["repaired objects"])
      #expect(try shelf.verify().findings.isEmpty)
      try shelf.fixture.files.perform([.remove(shelf.fixture.layout.objects), .remove(shelf.chunk(1))])
      let lost = try shelf.verify()
      #expect(!lost.isSound && problems(lost) == ["missing chunk"])
    }
  }

  @Test("what is lost here goes out of sight, gc leaves the rest of it alone, and it is fetched")
  func lost() throws {
    try withShelf { shelf in
      let source = try PackageRepository(home: "\(shelf.fixture.directory)/source")
      _ = try shelf.fixture.pack(into: source, level: nil)
      try shelf.fixture.damage(shelf.chunk(2))
      try shelf.fixture.damage(shelf.object(2))
      #expect(try problems(shelf.verify()) == ["damaged chunk", "damaged object"])
      #expect(try !shelf.isHere())
      let garbage = try GarbageCollector(shelf.context).collect(
        dryRun: false, now: SystemClock.now(), cancellation: Cancellation())
      #expect(garbage.parts.isEmpty)

      // Nothing is here to look at, and what is lost is said again, and asked for.
      #expect(try problems(shelf.verify()) == ["missing manifest"])
      #expect(try problems(shelf.verify(repairs: true)) == ["missing manifest"])
      let repository = try shelf.fixture.repository()
      #expect(try repository.lackingChunks(index: shelf.index).flatMap(\.objects) == [2])
      try RepositoryFixture.transfer(shelf.index, numbers: [2], from: source, to: repository)
      try repository.complete(manifest: shelf.manifest, index: shelf.indexBytes)

      try shelf.fixture.damage(shelf.fixture.layout.index(of: shelf.variant))
      var asked: [[Requirement]] = []
      let unrepaired = try shelf.verify(repairs: true) { requirements throws(GtachError) in asked.append(requirements) }
      #expect(problems(unrepaired) == ["damaged index"])
      #expect(asked.map(\.count) == [0, 1])
      try repository.complete(manifest: shelf.manifest, index: shelf.indexBytes)
      try shelf.fixture.damage(shelf.fixture.layout.manifest(of: shelf.variant))
      let repaired = try shelf.verify(repairs: true) { _ throws(GtachError) in
        try repository.complete(manifest: shelf.manifest, index: shelf.indexBytes)
      }
      #expect(problems(repaired) == ["repaired manifest"])
      #expect(try shelf.verify().findings.isEmpty)
    }
  }

  @Test(
    "whoever finds a release damaged leaves word of it, which gc heeds and which ends when it is back",
    arguments: ["verify", "read", "clean", "withdraw"])
  func word(finder: String) throws {
    try withShelf { shelf in
      try shelf.fixture.damage(shelf.fixture.layout.index(of: shelf.variant))
      let repository = try shelf.fixture.repository()
      func clean() throws {
        _ = try GarbageCollector(shelf.context).collect(
          dryRun: false, now: SystemClock.now(), cancellation: Cancellation())
      }
      switch finder {
      case "verify": #expect(try problems(shelf.verify()) == ["damaged index"])
      case "read": #expect(errorCode { try repository.index(of: shelf.variant) } == .notFound)
      case "clean": try clean()
      default: #expect(try repository.withdrawDamaged(suspects: []) == [shelf.variant])
      }
      let mark = shelf.fixture.layout.lossMark(of: shelf.variant)
      #expect(try !shelf.isHere())
      #expect(try shelf.fixture.files.exists(mark))
      let quarantined = try shelf.fixture.files.list(shelf.fixture.layout.quarantine)
      #expect(quarantined.count == 1 && quarantined[0].hasSuffix("-app-1.0.0-any"), "\(quarantined)")
      try clean()
      #expect(try shelf.fixture.files.exists(mark))
      #expect(try problems(shelf.verify()) == ["missing manifest"])
      let source = try PackageRepository(home: "\(shelf.fixture.directory)/source")
      _ = try shelf.fixture.pack(into: source, level: nil)
      let lacking = try repository.lackingChunks(index: shelf.index).flatMap(\.objects)
      try RepositoryFixture.transfer(shelf.index, numbers: lacking, from: source, to: repository)
      try repository.complete(manifest: shelf.manifest, index: shelf.indexBytes)
      #expect(try !shelf.fixture.files.exists(mark))
      #expect(try shelf.verify(repairs: true).isSound)
    }
  }

  @Test("a publisher misses what it published and did not remove, and its metadata")
  func published() throws {
    try withShelf { shelf in
      let release = shelf.variant.release
      try shelf.fixture.files.perform(.remove(shelf.fixture.layout.directory(of: release)))
      #expect(try problems(shelf.verify()) == ["missing manifest"])
      try shelf.fixture.repository().changeChoices { $0.remove(release) }
      #expect(try shelf.verify().findings.isEmpty)

      let (metadata, aside) = (shelf.fixture.layout.metadata, "\(shelf.fixture.directory)/aside")
      try shelf.fixture.files.perform(.rename(from: metadata, to: aside))
      let report = try shelf.verify()
      #expect(problems(report) == ["missing metadata"] && !report.isSound)
      var asked = 0
      let repaired = try shelf.verify(repairs: true) { _ throws(GtachError) in
        asked += 1
        try shelf.fixture.files.perform(.rename(from: aside, to: metadata))
      }
      #expect(problems(repaired) == ["repaired metadata"] && repaired.isSound && asked == 1)
      try shelf.fixture.damage("\(metadata)/2.snapshot.json")
      #expect(try problems(shelf.verify()) == ["damaged metadata"])
    }
  }

  @Test("a damaged timestamp is one finding among others, is told how to be mended, and is fetched anew")
  func damagedTimestamp() throws {
    try withShelf { shelf in
      let path = "\(shelf.fixture.layout.metadata)/timestamp.json"
      let bytes = try shelf.fixture.files.read(path, maximumBytes: 1 << 20)
      try shelf.fixture.files.perform([
        .write(path: path, bytes: Array(bytes.prefix(40)), permissions: 0o644), .remove(shelf.chunk(1)),
      ])
      let report = try shelf.verify()
      #expect(problems(report) == ["damaged metadata", "missing chunk"] && !report.isSound && report.variants == 1)
      let error = try #require(report.findings.compactMap(\.error).first)
      #expect(error.code == "metadata-malformed")
      #expect(error.advice?.contains("--repair") == true && error.advice?.contains("backup") == true)
      let unrepaired = try shelf.verify(repairs: true)
      #expect(problems(unrepaired) == ["damaged metadata", "repaired chunk"])
      // It is in quarantine now, and lacking.
      let repaired = try shelf.verify(repairs: true) { _ throws(GtachError) in
        try shelf.fixture.files.perform(.write(path: path, bytes: bytes, permissions: 0o644))
      }
      #expect(problems(repaired) == ["repaired metadata"] && repaired.isSound)

      // A damaged root stays where it is: nothing is fetched over it.
      let root = "\(shelf.fixture.layout.metadata)/2.root.json"
      try shelf.fixture.files.perform(.write(path: root, bytes: Array("{".utf8), permissions: 0o644))
      let rootless = try shelf.verify(repairs: true) { _ throws(GtachError) in
        throw GtachError(.bug, "nothing can be fetched")
      }
      #expect(problems(rootless) == ["damaged metadata"])
      #expect(try shelf.fixture.files.exists(root) && shelf.fixture.files.exists(path))
    }
  }

  @Test(
    "what was published and is lost here comes back with the same tree, whatever became of it",
    arguments: ["directory", "index", "chunk", "removed", "older", "manifest", "older manifest"])
  func packedAgain(loss: String) throws {
    try withShelf { shelf in
      let (fixture, layout) = (shelf.fixture, shelf.fixture.layout)
      let membership = try shelf.context.membership()
      func pack() throws -> Bool {
        let repository = try fixture.repository()
        let now = Timestamp(secondsSinceEpoch: SystemClock.now().secondsSinceEpoch + 5)
        let packed = try fixture.pack(into: repository, created: now.secondsSinceEpoch, level: nil)
        return try ReleasePublisher(home: shelf.context.home, membership: membership, repository: repository)
          .publish(packed, now: now)
      }
      #expect(try !pack(), "it is here already")
      if loss.hasPrefix("older") {
        try fixture.writeTree(version: "2.0.0", seed: 2)
        #expect(try pack())
        try fixture.writeTree()
      }
      switch loss {
      case "index":
        try fixture.files.perform(.remove(layout.index(of: shelf.variant)))
        #expect(try !shelf.verify().isSound)
      case "chunk":
        try fixture.files.perform([.remove(shelf.chunk(2)), .remove(shelf.object(2))])
        #expect(try !shelf.verify().isSound)
      case "removed": _ = try fixture.repository().remove(shelf.variant.release)
      case "manifest": try fixture.damage(layout.manifest(of: shelf.variant))
      case "older manifest":
        // Its chunks stay, and its index, without which it would come out otherwise: now there are patches from the
        // newer one, too.
        try fixture.damage(layout.manifest(of: shelf.variant))
        #expect(try !shelf.verify().isSound)
        for _ in 0..<2 {
          let report = try GarbageCollector(shelf.context).collect(
            dryRun: false, now: SystemClock.now(), cancellation: Cancellation())
          #expect(report.parts.isEmpty)
        }
      default: try fixture.files.perform(.remove(layout.directory(of: shelf.variant.release)))
      }
      #expect(try !shelf.isHere())
      if loss == "older" {
        // Now there are patches from the newer one, too.
        let error = thrownError { try pack() }
        #expect(error?.message == "\(shelf.variant) is published and no longer here")
      } else {
        #expect(try pack())
        #expect(try fixture.repository().variants()[shelf.variant] == SHA256().digest(of: shelf.manifest))
        #expect(try shelf.verify().findings.isEmpty)
        #expect(try !pack())
      }
    }
  }

  @Test("another tree is not what was published, and says so")
  func packedOtherwise() throws {
    try withShelf { shelf in
      let repository = try shelf.fixture.repository()
      _ = try repository.remove(shelf.variant.release)
      try shelf.fixture.writeTree(seed: 2)
      let packed = try shelf.fixture.pack(into: repository, level: nil)
      let publisher = ReleasePublisher(
        home: shelf.context.home, membership: try shelf.context.membership(), repository: repository)
      let error = thrownError { try publisher.publish(packed, now: SystemClock.now()) }
      #expect(error?.code == .releaseExists && error?.message == "\(shelf.variant) is published and no longer here")
    }
  }

  @Test("what is stored and not listed yet is shown, hashed like anything else, and no failure")
  func unlisted() throws {
    try withShelf { shelf in
      try shelf.fixture.writeTree(version: "2.0.0", seed: 2)
      let second = try shelf.fixture.publish(into: shelf.fixture.repository())
      let report = try shelf.verify()
      #expect(report.isSound && problems(report) == ["unlisted manifest"] && report.variants == 2)
      try shelf.fixture.damage(shelf.fixture.layout.index(of: second.manifest.variant))
      // Nobody can have it fetched.
      #expect(try problems(shelf.verify(repairs: true)) == ["damaged index", "unlisted manifest"])
      #expect(try shelf.isHere())
    }
  }

  @Test("a file that cannot be read is named, and stays")
  func unreadable() throws {
    try withShelf { shelf in
      let path = shelf.object(0)
      try shelf.fixture.files.perform([.remove(path), .makeDirectory(path)])
      let report = try shelf.verify()
      #expect(problems(report) == ["unreadable object"])
      #expect(report.findings.first?.error?.code == ErrorCode.inputOutput.rawValue)
      #expect(try shelf.fixture.files.exists(path))
      #expect(try shelf.isHere())
    }
  }

  @Test("what the disk does not give of one version is named, and stays, and so does what it may need")
  func unreadableVersion() throws {
    try withShelf { shelf in
      let (fixture, release) = (shelf.fixture, shelf.variant.release)
      try fixture.writeTree(version: "2.0.0", seed: 2, extra: ["more": RepositoryFixture.noise(900_000, seed: 5)])
      let second = try fixture.publish(into: fixture.repository()).manifest.variant
      // A name that is not UTF-8 keeps whoever it is from listing the directory, root too.
      let obstacle = Array("\(fixture.layout.directory(of: release))/".utf8CString.dropLast()) + [-1, 0]
      try #require(mkdir(obstacle, 0o755) == 0)
      let repository = try fixture.repository()
      #expect(try repository.summaries().map(\.variant) == [second])
      #expect(try repository.reports().count == 1)
      let error = try #require(repository.unreadable())
      #expect(error.code == .inputOutput && error.message.contains("app/1.0.0"))
      #expect(try repository.unreadable(of: PackageName("other")) == nil)

      for _ in 0..<2 {
        let report = try shelf.verify(repairs: true)
        #expect(problems(report) == ["unlisted manifest", "unreadable directory"] && !report.isSound)
        let finding = try #require(report.findings.first { $0.kind == "directory" })
        #expect(finding.id == "app/1.0.0" && finding.error?.code == ErrorCode.inputOutput.rawValue)
      }
      let garbage = try GarbageCollector(shelf.context).collect(
        dryRun: false, now: SystemClock.now(), cancellation: Cancellation())
      #expect(garbage.parts.isEmpty)
      #expect(garbage.postponed?.reason?.contains("app/1.0.0") == true)

      try #require(rmdir(obstacle) == 0)
      #expect(try repository.summaries().count == 2 && repository.unreadable() == nil)
      #expect(try problems(shelf.verify()) == ["unlisted manifest"])
    }
  }
}
