import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

@Suite("Objects that need earlier chunks")
struct PrefixedObjectTests {
  /// A tree with the same noise twice, a megabyte apart and shifted: its second half is worth next to nothing where the
  /// first is before it.
  private func publish(
    _ fixture: RepositoryFixture, level: Int = 1
  ) throws -> (PackageRepository, PackedRelease, ChunkIndex) {
    let noise = RepositoryFixture.noise(1_500_000, seed: 5)
    var changed = Array(noise[100...])
    for position in stride(from: 5_000, to: changed.count, by: 50_000) { changed[position] ^= 0xFF }
    try fixture.writeTree(extra: ["one": noise, "two": changed])
    let repository = try fixture.repository()
    let packed = try fixture.publish(into: repository, level: level)
    return (repository, packed, try ChunkIndexCodec.decode(packed.indexBytes))
  }

  private func prefix(_ number: Int, _ index: ChunkIndex, _ repository: PackageRepository) throws -> ObjectHeader.Prefix
  {
    let object = index.objects[number]
    let stored = try #require(try repository.storedObject(object.id))
    var body = stored[...]
    return try ObjectHeader(takenFrom: &body, chunkSize: index.chunks[object.chunk].size, archiveSize: 0).prefix
  }

  @Test("what is like an earlier chunk costs little")
  func small() throws {
    try RepositoryFixture.with { fixture in
      // The fastest levels look at the end of a long prefix only.
      let (repository, _, index) = try publish(fixture, level: 19)
      let prefixed = try index.objects.indices.filter { try prefix($0, index, repository) != .none }
      #expect(!prefixed.isEmpty)
      let bytes = index.objects.reduce(0) { $0 + $1.size }
      // The noise once, what differs, and what else is in the tree; the same without prefixes is 5.4 MB.
      #expect(bytes < 4_200_000, "\(bytes)")
    }
  }

  @Test("in whichever order they come, the release is complete, also after a restart, and nothing is asked for twice")
  func order() throws {
    try RepositoryFixture.with { fixture in
      let (source, packed, index) = try publish(fixture)
      let path = "\(fixture.directory)/target"
      let backwards = Array(index.objects.indices.reversed())
      try RepositoryFixture.transfer(
        index, numbers: Array(backwards.dropLast(2)), from: source, to: PackageRepository(home: path))
      // Another process: what it finds are objects of which the chunks cannot be made yet.
      let target = try PackageRepository(home: path)
      #expect(try Set(target.lackingChunks(index: index).flatMap(\.objects)) == [0, 1])
      try RepositoryFixture.transfer(index, numbers: [1, 0], from: source, to: target)
      #expect(try target.lackingChunks(index: index).isEmpty)
      try target.complete(manifest: packed.manifestBytes, index: packed.indexBytes)
      let directory = "\(fixture.directory)/extracted"
      try fixture.files.perform(.makeDirectory(directory))
      try target.extract(packed.manifest.variant, into: directory)
      for name in ["one", "two", "data"] {
        #expect(
          try fixture.files.read("\(directory)/\(name)", maximumBytes: 1 << 24)
            == fixture.files.read("\(fixture.tree)/\(name)", maximumBytes: 1 << 24))
      }
    }
  }

  @Test("a chunk that is damaged is made anew from its object and the chunks before it")
  func damaged() throws {
    try RepositoryFixture.with { fixture in
      let (repository, packed, index) = try publish(fixture)
      let number = try #require(try index.objects.indices.last { try prefix($0, index, repository) != .none })
      let chunk = index.chunks[index.objects[number].chunk]
      try fixture.files.perform(
        .write(path: fixture.layout.chunk(chunk.digest), bytes: [1, 2, 3], permissions: 0o644))
      let directory = "\(fixture.directory)/extracted"
      try fixture.files.perform(.makeDirectory(directory))
      try PackageRepository(home: fixture.home).extract(packed.manifest.variant, into: directory)
    }
  }

  @Test("an object of an earlier release is used again only where what it needs stands before it there too")
  func reuse() throws {
    try RepositoryFixture.with { fixture in
      let (repository, packed, _) = try publish(fixture)
      // Without "one", nothing of "two" can be made from it any more.
      try fixture.files.perform(.remove("\(fixture.tree)/one"))
      try fixture.files.perform(
        .write(
          path: "\(fixture.tree)/gtach.json", bytes: Array(#"{ "name": "app", "version": "2.0.0" }"#.utf8),
          permissions: 0o644))
      let next = try fixture.pack(into: repository, level: nil)
      try repository.complete(manifest: next.manifestBytes, index: next.indexBytes)
      let index = try ChunkIndexCodec.decode(next.indexBytes)
      let target = try PackageRepository(home: "\(fixture.directory)/target")
      try RepositoryFixture.transfer(index, numbers: Array(index.objects.indices), from: repository, to: target)
      try target.complete(manifest: next.manifestBytes, index: next.indexBytes)
      #expect(packed.manifest.archive != next.manifest.archive)
    }
  }

  @Test("where time counts, none is made")
  func fast() throws {
    try RepositoryFixture.with { fixture in
      let (_, slow, _) = try publish(fixture)
      let other = try PackageRepository(home: "\(fixture.directory)/other")
      let packed = try PackageCreator(repository: other).createPackage(
        source: fixture.tree, isFast: true, created: Timestamp(secondsSinceEpoch: 0))
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      #expect(try index.objects.indices.allSatisfy { try prefix($0, index, other) == .none })
      #expect(packed.manifest.archive == slow.manifest.archive)
    }
  }

  @Test("the same tree gives the same objects, however many threads make them")
  func deterministic() throws {
    try RepositoryFixture.with { fixture in
      let (_, one, _) = try publish(fixture)
      let two = try fixture.pack(into: PackageRepository(home: "\(fixture.directory)/other"))
      #expect(one.indexBytes == two.indexBytes)
    }
  }
}
