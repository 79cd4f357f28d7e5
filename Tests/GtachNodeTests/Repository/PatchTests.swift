import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

@Suite("Patches")
struct PatchTests {
  /// Some thousand bytes that look like a program, of which `step` changes a few everywhere and inserts some at the
  /// start.
  private static func program(_ step: UInt8) -> [UInt8] {
    var bytes = [UInt8](repeating: step, count: 100 * Int(step)) + RepositoryFixture.noise(700_000, seed: 7)
    for position in stride(from: 3_000, to: bytes.count, by: 9_000) { bytes[position] &+= step }
    return bytes
  }

  /// A repository with releases 1.0.0, 1.1.0, ... each a little other than the one before.
  private static func releases(
    _ count: UInt8, _ fixture: RepositoryFixture, bases: Int? = nil
  ) throws -> (PackageRepository, [(packed: PackedRelease, index: ChunkIndex)]) {
    let repository = try fixture.repository()
    var releases: [(PackedRelease, ChunkIndex)] = []
    for step in 0..<count {
      try fixture.files.perform([
        .makeDirectory(fixture.tree),
        .write(path: "\(fixture.tree)/program", bytes: program(step), permissions: 0o755),
        .write(
          path: "\(fixture.tree)/gtach.json", bytes: Array(#"{"name": "app", "version": "1.\#(step).0"}"#.utf8),
          permissions: 0o644),
      ])
      let packed = try PackageCreator(repository: repository).createPackage(
        source: fixture.tree, bases: bases, created: Timestamp(secondsSinceEpoch: 0))
      try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
      releases.append((packed, try ChunkIndexCodec.decode(packed.indexBytes)))
    }
    return (repository, releases)
  }

  private static func patches(_ numbers: [Int], _ index: ChunkIndex) -> Int {
    numbers.count { index.objects[$0].encoding != .full }
  }

  @Test("who has an earlier release fetches patches from it, and gets the archive")
  func update() throws {
    try RepositoryFixture.with { fixture in
      let (source, releases) = try Self.releases(3, fixture)
      let (last, index) = releases[2]
      #expect(index.bases.map(\.archive) == [1, 0].map { releases[$0].packed.manifest.archive.digest })
      for earlier in [0, 1] {
        let target = try PackageRepository(home: "\(fixture.directory)/\(earlier)")
        let (held, heldIndex) = releases[earlier]
        try RepositoryFixture.transfer(
          heldIndex, numbers: target.lackingChunks(index: heldIndex).compactMap(\.objects.first), from: source,
          to: target)
        try target.complete(manifest: held.manifestBytes, index: held.indexBytes)
        let missing = try target.lackingChunks(index: index).compactMap(\.objects.first)
        #expect(!missing.isEmpty && Self.patches(missing, index) == missing.count)
        let bytes = missing.reduce(0) { $0 + index.objects[$1].size }
        #expect(
          bytes == ObjectChoice.bytes(from: heldIndex, archive: held.manifest.archive.digest, to: index))
        // 78 bytes changed, and up to 200 came in.
        #expect(bytes < 3_000)
        try RepositoryFixture.transfer(index, numbers: missing, from: source, to: target)
        try target.complete(manifest: last.manifestBytes, index: last.indexBytes)
        let directory = "\(fixture.directory)/extracted-\(earlier)"
        try fixture.files.perform(.makeDirectory(directory))
        try target.extract(last.manifest.variant, into: directory)
        #expect(try fixture.files.read("\(directory)/program", maximumBytes: 1 << 24) == Self.program(2))
      }
      // Who has none fetches full objects only.
      let fresh = try PackageRepository(home: "\(fixture.directory)/fresh")
      let missing = try fresh.lackingChunks(index: index).compactMap(\.objects.first)
      #expect(missing.count == index.objectsByChunk.count && Self.patches(missing, index) == 0)
    }
  }

  @Test("a patch that came and lost its archive is fetched in another way")
  func baseIsGone() throws {
    try RepositoryFixture.with { fixture in
      let (source, releases) = try Self.releases(2, fixture)
      let (last, index) = releases[1]
      let (held, heldIndex) = releases[0]
      let target = try PackageRepository(home: "\(fixture.directory)/target")
      try Self.transferAll(heldIndex, from: source, to: target)
      // The first release is not complete there: nothing can be made of patches from it, but they are bytes like
      // others.
      let patch = try #require(index.objects.indices.first { index.objects[$0].encoding != .full })
      try RepositoryFixture.transfer(index, numbers: [patch], from: source, to: target)
      let missing = try target.lackingChunks(index: index).compactMap(\.objects.first)
      #expect(missing.contains { index.objects[$0].chunk == index.objects[patch].chunk })
      #expect(Self.patches(missing, index) == 0)
      #expect(
        errorCode { try target.complete(manifest: last.manifestBytes, index: last.indexBytes) } == .chunkMissing)
      // With the archive it is worth what it says.
      try target.complete(manifest: held.manifestBytes, index: held.indexBytes)
      let rest = try target.lackingChunks(index: index).compactMap(\.objects.first)
      #expect(!rest.contains { index.objects[$0].chunk == index.objects[patch].chunk })
      try RepositoryFixture.transfer(index, numbers: rest, from: source, to: target)
      try target.complete(manifest: last.manifestBytes, index: last.indexBytes)
    }
  }

  /// Has a repository hold everything of a release, by the cheapest objects, without making it visible.
  private static func transferAll(
    _ index: ChunkIndex, from source: PackageRepository, to target: PackageRepository
  ) throws {
    let numbers = try target.lackingChunks(index: index).compactMap(\.objects.first)
    try RepositoryFixture.transfer(index, numbers: numbers, from: source, to: target)
  }

  /// Makes a release of another package visible whose manifest names the archive of one of these, and whose index has
  /// its chunks in another order.
  private static func claimArchive(
    of release: (packed: PackedRelease, index: ChunkIndex), in repository: PackageRepository
  ) throws {
    let index = release.index
    // The last one may be shorter than others.
    let order = index.chunks.indices.dropLast().reversed() + [index.chunks.count - 1]
    let objects = try order.enumerated().map { position, chunk in
      let object = try #require(index.objects.first { $0.chunk == chunk && $0.encoding == .full })
      return ChunkIndex.Object(id: object.id, size: object.size, chunk: position, encoding: .full)
    }
    let bytes = ChunkIndexCodec.encode(
      ChunkIndex(unitSize: index.unitSize, chunks: order.map { index.chunks[$0] }, objects: objects))
    let manifest = Manifest(
      description: PackageDescription(name: try PackageName("other"), version: try SemanticVersion("1.0.0")),
      platform: .any, created: Timestamp(secondsSinceEpoch: 0), archive: release.packed.manifest.archive,
      index: Manifest.Content(digest: SHA256().digest(of: bytes), size: bytes.count))
    try repository.complete(manifest: try manifest.json(), index: bytes)
  }

  @Test("another package's manifest that names the same archive makes no patch useless", arguments: [true, false])
  func claimedBase(isHere: Bool) throws {
    try RepositoryFixture.with { fixture in
      let (source, releases) = try Self.releases(2, fixture)
      let (last, index) = releases[1]
      let (held, heldIndex) = releases[0]
      try #require(heldIndex.chunks.count > 2)
      let target = try PackageRepository(home: "\(fixture.directory)/target")
      try RepositoryFixture.transfer(
        heldIndex, numbers: target.lackingChunks(index: heldIndex).compactMap(\.objects.first), from: source,
        to: target)
      if isHere { try target.complete(manifest: held.manifestBytes, index: held.indexBytes) }
      try Self.claimArchive(of: releases[0], in: target)
      let patches = try target.lackingChunks(index: index).compactMap(\.objects.first)
      #expect(!patches.isEmpty && Self.patches(patches, index) == patches.count)
      try RepositoryFixture.transfer(index, numbers: patches, from: source, to: target)
      let rest = try target.lackingChunks(index: index).compactMap(\.objects.first)
      #expect(rest.isEmpty == isHere && Self.patches(rest, index) == 0)
      try RepositoryFixture.transfer(index, numbers: rest, from: source, to: target)
      try target.complete(manifest: last.manifestBytes, index: last.indexBytes)
    }
  }

  @Test("an older archive's chunk that holds other bytes is found by what is made from it", arguments: [0, 1])
  func otherBase(shorterBy bytes: Int) throws {
    try RepositoryFixture.with { fixture in
      let (source, releases) = try Self.releases(2, fixture)
      let (last, index) = releases[1]
      let (held, heldIndex) = releases[0]
      let target = try PackageRepository(home: "\(fixture.directory)/target")
      try Self.transferAll(heldIndex, from: source, to: target)
      try target.complete(manifest: held.manifestBytes, index: held.indexBytes)
      let patch = try #require(index.objects.indices.first { index.objects[$0].encoding != .full })
      for chunk in heldIndex.chunks {
        let other = [UInt8](repeating: 7, count: chunk.size - bytes)
        try fixture.files.perform(
          .write(
            path: RepositoryLayout(home: "\(fixture.directory)/target").chunk(chunk.digest),
            bytes: Zstd.compress(other, level: 1),
            permissions: 0o644))
      }
      try RepositoryFixture.transfer(index, numbers: [patch], from: source, to: target)
      #expect(try !fixture.files.list(RepositoryLayout(home: "\(fixture.directory)/target").quarantine).isEmpty)
      // The patch is of no use, and something else is asked for.
      let missing = try target.lackingChunks(index: index)
      #expect(missing.contains { $0.chunk == index.objects[patch].chunk })
      let full = index.objects.indices.filter { index.objects[$0].encoding == .full }
      try RepositoryFixture.transfer(index, numbers: full, from: source, to: target)
      try target.complete(manifest: last.manifestBytes, index: last.indexBytes)
    }
  }

  @Test("a chunk that is damaged is made anew from a patch where the full object is gone")
  func repair() throws {
    try RepositoryFixture.with { fixture in
      let (repository, releases) = try Self.releases(2, fixture)
      let (last, index) = releases[1]
      let numbers = try #require(index.objectsByChunk.first { $0.count > 1 })
      let object = index.objects[numbers.lowerBound]
      try fixture.damage(fixture.layout.chunk(index.chunks[object.chunk].digest))
      try fixture.files.perform(.remove(fixture.layout.object(object.id)))
      let directory = "\(fixture.directory)/extracted"
      try fixture.files.perform(.makeDirectory(directory))
      try repository.extract(last.manifest.variant, into: directory)
      #expect(try fixture.files.read("\(directory)/program", maximumBytes: 1 << 24) == Self.program(1))
    }
  }

  @Test("patches are used again, come from as many releases as was said, and not at all where time counts")
  func choice() throws {
    try RepositoryFixture.with { fixture in
      let (repository, releases) = try Self.releases(2, fixture)
      // Only the version differs: what is patched is what was, from the same archives.
      try fixture.files.perform(
        .write(
          path: "\(fixture.tree)/gtach.json", bytes: Array(#"{"name": "app", "version": "1.1.1"}"#.utf8),
          permissions: 0o644))
      func pack(_ bases: Int?, isFast: Bool = false) throws -> ChunkIndex {
        let packed = try PackageCreator(repository: repository).createPackage(
          source: fixture.tree, isFast: isFast, bases: bases, created: Timestamp(secondsSinceEpoch: 0))
        return try ChunkIndexCodec.decode(packed.indexBytes)
      }
      let next = try pack(nil)
      #expect(next.bases.map(\.archive) == [1, 0].map { releases[$0].packed.manifest.archive.digest })
      let old = Set(releases[1].index.objects.filter { $0.encoding != .full }.map(\.id))
      #expect(!old.isDisjoint(with: next.objects.filter { $0.encoding == .patch(base: 1) }.map(\.id)))
      #expect(try pack(1).bases.map(\.archive) == [releases[1].packed.manifest.archive.digest])
      #expect(try pack(0).bases.isEmpty)
      #expect(try pack(nil, isFast: true).bases.isEmpty)
      for number in [-1, 5] { #expect(errorCode { try pack(number) } == .usage) }
    }
  }

  /// Lines of words in no order: a higher level makes fewer bytes of them.
  private static func text(_ count: Int, seed: UInt64) -> [UInt8] {
    RepositoryFixture.noise(count, seed: seed).flatMap { Array("word \($0) of \($0 % 17)\n".utf8) }
  }

  /// Digits in no order: half as many bytes at any level, but not the same ones.
  private static func digits(_ count: Int, seed: UInt64) -> [UInt8] {
    RepositoryFixture.noise(count, seed: seed).flatMap { Array(String($0, radix: 16).utf8) }
  }

  @Test("time is spent on full objects that everybody wants, and not on those for newcomers; either can be made anew")
  func demand() throws {
    try RepositoryFixture.with { fixture in
      let repository = try fixture.repository()
      let creator = PackageCreator(repository: repository)
      func pack(_ files: [String: [UInt8]]) throws -> (PackedRelease, ChunkIndex) {
        try fixture.files.perform(.makeDirectory(fixture.tree))
        for (name, bytes) in files {
          try fixture.files.perform(.write(path: "\(fixture.tree)/\(name)", bytes: bytes, permissions: 0o644))
        }
        let packed = try creator.createPackage(source: fixture.tree, created: Timestamp(secondsSinceEpoch: 0))
        try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
        return (packed, try ChunkIndexCodec.decode(packed.indexBytes))
      }
      func description(_ version: String) -> [UInt8] { Array(#"{"name": "app", "version": "\#(version)"}"#.utf8) }
      var old = Self.text(20_000, seed: 1)
      _ = try pack(["gtach.json": description("1.0.0"), "old": old])
      for position in stride(from: 1_000, to: old.count, by: 40_000) { old[position] ^= 1 }
      let (packed, index) = try pack([
        "gtach.json": description("1.1.0"), "old": old, "new": Self.digits(150_000, seed: 2),
      ])

      let archive = HeldArchive(packed.manifest.archive.digest, ArchiveMap(index.chunks), in: repository)
      let maker = try FullObjectMaker(
        archive, level: PackageCreator.defaultLevel, newcomerLevel: PackageCreator.newcomerLevel, usesPrefixes: true)
      let full = index.objects.indices.filter { index.objects[$0].encoding == .full }
      func count(_ demand: FullObjectMaker.Demand) throws -> Int {
        try full.count { number in
          let object = index.objects[number]
          let bytes = try maker.object(at: object.chunk, for: demand)
          // What cannot be compressed is the same at every level.
          let other = try maker.object(at: object.chunk, for: demand == .newcomers ? .everybody : .newcomers)
          return try bytes != other && repository.storedObject(object.id) == bytes
        }
      }
      #expect(try count(.newcomers) > 0 && count(.everybody) > 0)
      for number in full { try fixture.files.perform(.remove(fixture.layout.object(index.objects[number].id))) }
      let encoder = ObjectEncoder(repository: repository)
      #expect(try encoder.remake(full, of: index, archive: packed.manifest.archive.digest) == Set(full))
    }
  }

  @Test("a publisher's lost patches are made anew, byte for byte")
  func remake() throws {
    try RepositoryFixture.with { fixture in
      let (repository, releases) = try Self.releases(2, fixture)
      let (last, index) = releases[1]
      let patches = index.objects.indices.filter { index.objects[$0].encoding != .full }
      for number in patches { try fixture.files.perform(.remove(fixture.layout.object(index.objects[number].id))) }
      let encoder = ObjectEncoder(repository: repository)
      #expect(try encoder.remake(patches, of: index, archive: last.manifest.archive.digest) == Set(patches))
      for number in patches { #expect(try repository.storedObject(index.objects[number].id) != nil) }
    }
  }

  @Test("an earlier release that is damaged keeps nobody from packing the next, nor from seeing it")
  func damagedBase() throws {
    try RepositoryFixture.with { fixture in
      let (repository, releases) = try Self.releases(2, fixture)
      try fixture.damage(fixture.layout.chunk(releases[0].index.chunks[0].digest))
      try fixture.damage(fixture.layout.index(of: releases[1].packed.manifest.variant))
      try fixture.writeTree(version: "2.0.0")
      let packed = try fixture.pack(into: PackageRepository(home: fixture.home), level: nil)
      try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
      #expect(try ChunkIndexCodec.decode(packed.indexBytes).bases.isEmpty)
      let updates = try repository.reportWithUpdates(of: packed.manifest.variant).updates
      #expect(updates?.map(\.from.description) == ["1.0.0"])
    }
  }

  @Test("two earlier releases that are the same where a patch comes from have one object")
  func samePatch() throws {
    try RepositoryFixture.with { fixture in
      let repository = try fixture.repository()
      var program = RepositoryFixture.noise(700_000, seed: 3)
      for (version, text) in [("1.0.0", "aaaa"), ("1.1.0", "bbbb"), ("1.2.0", "bbbb")] {
        if version == "1.2.0" { program[350_000] ^= 1 }
        try fixture.files.perform([
          .makeDirectory(fixture.tree), .write(path: "\(fixture.tree)/big", bytes: program, permissions: 0o644),
          .write(path: "\(fixture.tree)/z", bytes: Array(text.utf8), permissions: 0o644),
        ])
        let packed = try PackageCreator(repository: repository).createPackage(
          source: fixture.tree, name: PackageName("app"), version: SemanticVersion(version),
          created: Timestamp(secondsSinceEpoch: 0))
        try repository.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
        guard version == "1.2.0" else { continue }
        let objects = try ChunkIndexCodec.decode(packed.indexBytes).objects
        #expect(Set(objects.map(\.id)).count < objects.count)
      }
    }
  }

  @Test("an index that is wrong about a chunk's length does not take the chunk from others")
  func wrongLength() throws {
    try RepositoryFixture.with { fixture in
      let (repository, releases) = try Self.releases(1, fixture)
      let index = releases[0].index
      let hostile = ChunkIndex(
        unitSize: index.unitSize,
        chunks: index.chunks.map { ChunkIndex.Chunk(digest: $0.digest, size: $0.size - 1) }, objects: index.objects)
      #expect(try repository.lackingChunks(index: hostile).count == index.objectsByChunk.count)
      #expect(try repository.lackingChunks(index: index).isEmpty)
      #expect(try !fixture.files.exists(fixture.layout.quarantine))
    }
  }
}
