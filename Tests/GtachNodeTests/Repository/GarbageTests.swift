import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

/// A publisher's home with a release, and what gc says there.
@Suite("Garbage")
struct GarbageTests {
  private func withPublisher(_ body: (RepositoryFixture, NodeContext, PackedRelease) throws -> Void) throws {
    try RepositoryFixture.with { fixture in
      let home = Home(fixture.home)
      let membership = try FleetFounder.found(
        home: home, fleetName: "test", nodeName: NodeName("dev"), now: SystemClock.now())
      try fixture.writeTree()
      try body(fixture, try NodeContext(home: home), try publish(fixture, home, membership))
    }
  }

  /// As a process of its own would: what it claims is free when this returns.
  private func publish(
    _ fixture: RepositoryFixture, _ home: Home, _ membership: Membership
  ) throws -> PackedRelease {
    let repository = try fixture.repository()
    let packed = try fixture.pack(into: repository)
    try ReleasePublisher(home: home, membership: membership, repository: repository).publish(
      packed, now: SystemClock.now())
    return packed
  }

  private func collect(_ context: NodeContext, dryRun: Bool = false, days: Int64 = 0) throws -> GarbageReport {
    try GarbageCollector(context).collect(
      dryRun: dryRun, now: SystemClock.now().advanced(byDays: days), cancellation: Cancellation())
  }

  private func counts(_ report: GarbageReport) -> [String: Int] {
    Dictionary(uniqueKeysWithValues: report.parts.map { ($0.kind, $0.count) })
  }

  @Test("while another process packs, no chunk goes; when it is gone, what it stored does")
  func packing() throws {
    try withPublisher { fixture, context, packed in
      try fixture.writeTree(version: "2.0.0", seed: 7, extra: ["more": RepositoryFixture.noise(900_000, seed: 5)])
      var other: PackageRepository? = try fixture.repository()
      let second = try other.map { try fixture.pack(into: $0) }
      #expect(try collect(context).postponed?.code == ErrorCode.busy.rawValue)
      try other?.complete(manifest: #require(second).manifestBytes, index: #require(second).indexBytes)
      #expect(try fixture.repository().variants().count == 2)
      other = nil
      #expect(try collect(context).parts.isEmpty)

      try fixture.writeTree(version: "3.0.0", seed: 8, extra: ["more": RepositoryFixture.noise(900_000, seed: 6)])
      _ = try fixture.pack(into: fixture.repository())
      let report = try collect(context)
      #expect(report.postponed == nil && report.releases.isEmpty)
      #expect(Set(counts(report).keys) == ["chunks", "objects"] && report.bytes > 900_000)
      for variant in try fixture.repository().variants().keys {
        let out = "\(fixture.directory)/out-\(variant.release.version)"
        try fixture.files.perform(.makeDirectory(out))
        try fixture.repository().extract(variant, into: out)
      }
      _ = packed
    }
  }

  @Test("what is half fetched stays, after a crash too, until it is complete or withdrawn")
  func halfFetched() throws {
    try withPublisher { fixture, context, packed in
      let repository = try fixture.repository()
      let variant = packed.manifest.variant
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      try fixture.files.perform(.remove(fixture.layout.directory(of: variant.release)))
      let missing = try repository.beginFetching(variant, index: index)
      #expect(missing.isEmpty)
      #expect(try collect(context, days: 100).parts.isEmpty, "it is wanted")
      try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
      #expect(try !fixture.files.exists(fixture.layout.partialDirectory(of: variant)))

      // One that signed metadata does not list.
      let stranger = VariantID(release: try ReleaseID("app@9.0.0"), platform: .any)
      _ = try repository.beginFetching(stranger, index: index)
      #expect(try counts(collect(context)) == ["fetches": 1])
      #expect(try collect(context).parts.isEmpty)
      #expect(try repository.lackingChunks(index: index).isEmpty)
    }
  }

  @Test("an object that is a stored chunk as well takes no room of the cache, until the chunk is gone")
  func shared() throws {
    try RepositoryFixture.with { source in
      try source.writeTree()
      let publisher = try source.repository()
      let packed = try source.publish(into: publisher)
      try RepositoryFixture.with { target in
        let repository = try target.repository()
        let index = try ChunkIndexCodec.decode(packed.indexBytes)
        let numbers = Array(index.objects.indices)
        _ = try repository.beginFetching(packed.manifest.variant, index: index)
        try RepositoryFixture.transfer(index, numbers: numbers, from: publisher, to: repository)
        try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
        let policy = RetentionPolicy(
          listed: [], held: [], machine: .any, model: nil, isPublisher: false, keepReleases: 1, planned: [], needed: [],
          choices: ReleaseChoices(), objectCacheBytes: 0)
        func evicted() throws -> [String] {
          try Garbage(in: repository, policy: policy, now: SystemClock.now(), cancellation: Cancellation())
            .files.filter { $0.kind == "cache" }.map(\.path)
        }
        #expect(try evicted().isEmpty)
        let object = index.objects[0]
        try target.files.perform(.remove(target.layout.chunk(index.chunks[object.chunk].digest)))
        #expect(try evicted() == [target.layout.object(object.id)])
      }
    }
  }

  @Test("where an index is damaged, nobody knows what it needs, and no chunk goes")
  func damagedIndex() throws {
    try withPublisher { fixture, context, packed in
      try fixture.damage(fixture.layout.index(of: packed.manifest.variant))
      let report = try collect(context)
      #expect(report.postponed?.code == ErrorCode.indexCorrupt.rawValue && report.parts.isEmpty)
      #expect(try fixture.repository().variants().isEmpty, "it is wanted again")
      #expect(try collect(context, dryRun: true).postponed == nil)
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      #expect(try fixture.repository().lackingChunks(index: index).isEmpty)
    }
  }

  @Test("a manifest without its index is no release for anybody, and goes out of sight as a whole")
  func manifestAlone() throws {
    try withPublisher { fixture, context, packed in
      let (variant, layout) = (packed.manifest.variant, fixture.layout)
      let known = try fixture.repository()
      #expect(try known.summaries().map(\.variant) == [variant])
      try fixture.files.perform(.remove(layout.index(of: variant)))
      for repository in [known, try fixture.repository()] {
        #expect(try repository.summaries().isEmpty)
        #expect(try repository.reports().isEmpty)
        #expect(try !repository.contains(variant))
      }
      let report = try collect(context)
      #expect(report.postponed?.code == ErrorCode.indexCorrupt.rawValue && report.parts.isEmpty)
      #expect(try !fixture.files.exists(layout.directory(of: variant)))
      #expect(try fixture.files.exists(layout.lossMark(of: variant)))
      // Nor is one whose index is of another length.
      let repository = try fixture.repository()
      try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
      #expect(try repository.contains(variant))
      try fixture.files.perform(.write(path: layout.index(of: variant), bytes: [1], permissions: 0o644))
      #expect(try repository.summaries().isEmpty && fixture.repository().summaries().isEmpty)
      try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
      #expect(try repository.contains(variant))
    }
  }

  @Test(
    "what is quarantined goes after a week, what writers that are gone left goes at once, and a dry run takes nothing")
  func leftovers() throws {
    try withPublisher { fixture, context, packed in
      let layout = fixture.layout
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      try fixture.damage(layout.chunk(index.chunks[0].digest))
      #expect(try fixture.repository().lackingChunks(index: index).isEmpty)
      try fixture.files.perform([
        .makeDirectory("\(layout.incoming)/dead"),
        .write(path: "\(layout.incoming)/dead.lock", bytes: [], permissions: 0o644),
        .write(path: "\(layout.incoming)/dead/half", bytes: [1, 2, 3], permissions: 0o644),
        .makeDirectory("\(layout.incoming)/empty"),
        .write(path: "\(layout.incoming)/empty.lock", bytes: [], permissions: 0o644),
        .write(path: "\(layout.chunks)/.stranger", bytes: [1], permissions: 0o644),
        .makeDirectory("\(layout.chunks)/zz"),
        .write(path: "\(layout.chunks)/zz/stranger", bytes: [1], permissions: 0o644),
      ])
      #expect(try counts(collect(context, dryRun: true)) == ["unfinished": 1])
      let dry = try collect(context, dryRun: true, days: RetentionPolicy.quarantineDays + 1)
      #expect(counts(dry) == ["unfinished": 1, "quarantine": 1])
      #expect(try fixture.files.exists("\(layout.incoming)/dead/half"))
      #expect(try counts(collect(context, days: RetentionPolicy.quarantineDays + 1)) == counts(dry))
      #expect(try fixture.files.list(layout.quarantine).isEmpty)
      #expect(try !fixture.files.exists("\(layout.incoming)/dead"))
      #expect(try !fixture.files.exists("\(layout.incoming)/empty"))
      #expect(try fixture.files.exists("\(layout.chunks)/zz/stranger"))
    }
  }

  @Test(
    "a full disk is cleaned, and one that takes no writing is verified and says so to who would clean it",
    .enabled(if: SmallDisk.isPossible, "needs root on Linux and the right to mount"))
  func fullAndReadOnly() throws {
    try RepositoryFixture.with { fixture in
      try fixture.files.perform(.makeDirectory(fixture.home))
      let disk = try SmallDisk(at: fixture.home, kibibytes: 16_000)
      defer { disk.unmount() }
      let home = Home(fixture.home)
      let membership = try FleetFounder.found(
        home: home, fleetName: "test", nodeName: NodeName("dev"), now: SystemClock.now())
      try fixture.writeTree()
      _ = try publish(fixture, home, membership)
      try fixture.writeTree(version: "3.0.0", seed: 4)
      let third = try publish(fixture, home, membership).manifest.variant.release
      try fixture.writeTree(version: "2.0.0", seed: 3, extra: ["more": RepositoryFixture.noise(900_000, seed: 6)])
      _ = try fixture.pack(into: fixture.repository())
      let context = try NodeContext(home: home)
      // To the last block.
      var ballast = 0
      for size in [1 << 20, 1 << 12] {
        while errorCode({
          try fixture.files.perform(
            .write(
              path: "\(fixture.home)/ballast-\(ballast)", bytes: [UInt8](repeating: 1, count: size), permissions: 0o644)
          )
        }) == nil { ballast += 1 }
      }
      #expect(errorCode { try fixture.repository().changeChoices { $0.remove(third) } } == .diskFull)
      #expect(try fixture.repository().remove(third).count == 1, "removing is how room is made")
      #expect(try fixture.repository().choices().removed == [third])
      #expect(try !fixture.files.exists(fixture.layout.directory(of: third)))
      let report = try collect(context)
      #expect(Set(counts(report).keys).isSuperset(of: ["chunks", "objects"]) && report.bytes > 900_000)
      #expect(try fixture.repository().remove(ReleaseID("app@1.0.0")).count == 1)

      try disk.makeReadOnly()
      #expect(errorCode { try collect(context) } == .inputOutput)
      #expect(try collect(context, dryRun: true).parts.map(\.kind) == ["chunks", "objects"])
      var verifier = try RepositoryVerifier(context, cancellation: Cancellation())
      let verified = try verifier.verify(
        name: nil, version: nil, repairs: false, fetch: { _ in }, progress: { _, _ in })
      #expect(verified.isSound)
    }
  }

  @Test("an unreadable index or a lock that another holds takes nothing away")
  func unreadable() throws {
    try withPublisher { fixture, context, packed in
      let path = fixture.layout.index(of: packed.manifest.variant)
      let bytes = try fixture.files.read(path, maximumBytes: 1 << 20)
      try fixture.files.perform([.remove(path), .makeDirectory(path)])
      let report = try collect(context)
      #expect(report.parts.isEmpty && report.postponed?.code == ErrorCode.inputOutput.rawValue)
      try fixture.files.perform([.remove(path), .write(path: path, bytes: bytes, permissions: 0o644)])
      try fixture.files.perform(.write(path: fixture.layout.choices, bytes: [0x7B], permissions: 0o644))
      let damaged = thrownError { try collect(context) }
      #expect(damaged?.code == .configurationInvalid && damaged?.advice?.contains("delete it") == true)
      #expect(try fixture.repository().variants().count == 1)
    }
  }

  @Test("a directory among the releases that can be of none holds no gc up, is named once, and goes to quarantine")
  func stray() throws {
    try withPublisher { fixture, context, packed in
      let layout = fixture.layout
      let chunk = layout.chunk(SHA256().digest(of: [1]))
      try fixture.files.perform([
        .makeDirectory("\(layout.packages)/Bad/1/any"),
        .write(path: "\(layout.packages)/Bad/1/any/manifest.json", bytes: [0x7B], permissions: 0o644),
        .makeDirectory(String(chunk.prefix(chunk.count - 65))),
        .write(path: chunk, bytes: [1], permissions: 0o644),
      ])
      let garbage = try collect(context)
      #expect(garbage.postponed == nil && garbage.parts.map(\.kind) == ["chunks"])
      func verify() throws -> [VerificationReport.Finding] {
        var verifier = try RepositoryVerifier(context, cancellation: Cancellation())
        return try verifier.verify(
          name: nil, version: nil, repairs: false, fetch: { _ in }, progress: { _, _ in }
        ).findings
      }
      let finding = try #require(verify().first)
      #expect(finding.kind == "directory" && finding.id == "Bad/1/any" && finding.problem == "damaged")
      #expect(finding.isDamage)
      #expect(try fixture.files.list(layout.quarantine).count == 1)
      #expect(try verify().isEmpty && fixture.repository().contains(packed.manifest.variant))
    }
  }
}
