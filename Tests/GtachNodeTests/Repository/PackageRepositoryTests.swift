import GtachCore
import GtachModel
import GtachNode
import GtachSystem
import Testing

@Suite("Repository")
struct PackageRepositoryTests {
  @Test("a release travels from one repository to another, object by object, and the next one only where it differs")
  func transfer() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let source = try fixture.repository()
      let target = try PackageRepository(home: "\(fixture.directory)/target")
      let one = try fixture.publish(into: source)
      let digest = SHA256().digest(of: one.manifestBytes)
      #expect(try source.manifestBytes(digest: digest) == one.manifestBytes)
      #expect(try source.indexBytes(digest: one.manifest.index.digest) == one.indexBytes)
      #expect(errorCode { try target.manifestBytes(digest: digest) } == .notFound)
      #expect(
        errorCode { try target.indexBytes(digest: one.manifest.index.digest) } == .notFound)

      let index = try ChunkIndexCodec.decode(one.indexBytes)
      #expect(try target.lackingChunks(index: index).flatMap(\.objects) == Array(index.objects.indices))
      func complete() -> ErrorCode? {
        errorCode {
          try target.complete(manifest: one.manifestBytes, index: one.indexBytes)
        }
      }
      try RepositoryFixture.transfer(
        index, numbers: Array(index.objects.indices.dropFirst()).reversed(), from: source, to: target)
      #expect(try target.lackingChunks(index: index).flatMap(\.objects) == [0])
      #expect(complete() == .chunkMissing)
      #expect(try target.variants().isEmpty)
      try RepositoryFixture.transfer(index, numbers: [0], from: source, to: target)
      #expect(complete() == nil)
      #expect(complete() == nil, "doing so again changes nothing")
      #expect(try target.variants() == source.variants())
      // It serves what it received.
      let third = try PackageRepository(home: "\(fixture.directory)/third")
      try RepositoryFixture.transfer(index, numbers: Array(index.objects.indices), from: target, to: third)

      try fixture.writeTree(version: "1.1.0", seed: 2)
      let two = try ChunkIndexCodec.decode(try fixture.publish(into: source).indexBytes)
      let missing = try target.lackingChunks(index: two).compactMap(\.objects.first)
      #expect(!missing.isEmpty && missing.count <= 2)
    }
  }

  @Test("what a peer sends is stored only if it hashes")
  func hostileObjects() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let source = try fixture.repository()
      let target = try PackageRepository(home: "\(fixture.directory)/target")
      let index = try ChunkIndexCodec.decode(try fixture.publish(into: source).indexBytes)
      let object = index.objects[0]
      let digests = try source.unitList(object: object.id).digests
      var bytes: [UInt8] = []
      for unit in digests.indices { bytes += try source.unit(object: object.id, number: unit) }
      func code(
        _ bytes: [UInt8], _ digests: [UnitDigest], number: Int = 0, index other: ChunkIndex? = nil
      ) -> ErrorCode? {
        let index = other ?? index
        let units = stride(from: 0, to: bytes.count, by: index.unitSize).map {
          Array(bytes[$0..<min($0 + index.unitSize, bytes.count)])
        }
        return errorCode { try RepositoryFixture.send(units, digests, ofObject: number, of: index, to: target) }
      }
      var changed = bytes
      changed[changed.count - 1] ^= 1
      #expect(code(changed, digests) == .objectCorrupt)
      #expect(code(bytes.dropLast(), digests) == .objectCorrupt)
      #expect(code(bytes + [0], digests) == .objectCorrupt)
      #expect(code(bytes, digests.dropLast()) == .objectCorrupt)
      #expect(code(bytes, []) == .objectCorrupt)
      #expect(code(bytes, digests, number: 1) == .objectCorrupt)
      #expect(code(bytes, digests, number: -1) == .objectCorrupt)
      #expect(code(bytes, digests, number: 9999) == .objectCorrupt)

      // An index that lies: an object that is what its id says, but no frame, another chunk, or a bomb.
      func lie(_ bytes: [UInt8], chunkSize: Int, chunk: Digest) -> ErrorCode? {
        let units = UnitList(object: bytes[...], unitSize: 4096, hashing: SHA256())
        let index = ChunkIndex(
          unitSize: 4096, chunks: [.init(digest: chunk, size: chunkSize)],
          objects: [
            .init(id: units.objectID(hashing: SHA256()), size: bytes.count, chunk: 0, encoding: .full)
          ])
        return code(bytes, units.digests, index: index)
      }
      let zeros = [UInt8](repeating: 0, count: 64 << 20)
      func encoded(_ bytes: [UInt8], after prefix: ObjectHeader.Prefix = .none) throws -> [UInt8] {
        try ObjectHeader(prefix: prefix, body: .frame).bytes + Zstd.compressBare(bytes[...], after: [], level: 3)
      }
      let bomb = try encoded(zeros)
      #expect(lie([1, 2, 3], chunkSize: 3, chunk: SHA256().digest(of: [1, 2, 3])) == .objectCorrupt)
      #expect(lie(bomb, chunkSize: 1 << 20, chunk: SHA256().digest(of: zeros[..<(1 << 20)])) == .objectCorrupt)
      let honest = try encoded([1, 2, 3])
      #expect(lie(honest, chunkSize: 3, chunk: SHA256().digest(of: [1, 2, 4])) == .chunkCorrupt)
      #expect(lie(honest, chunkSize: 2, chunk: SHA256().digest(of: [1, 2])) == .objectCorrupt)
      // One that needs a chunk which is not before its own, and one that needs an archive that nobody has.
      let digest = SHA256().digest(of: [1, 2, 3])
      let name = ChunkIndex.Chunk(digest: digest, size: 3).name
      #expect(lie(try encoded([1, 2, 3], after: .chunks([name])), chunkSize: 3, chunk: digest) == .objectCorrupt)
      #expect(lie(try encoded([1, 2, 3], after: .pieces([0..<256])), chunkSize: 3, chunk: digest) == .objectCorrupt)

      #expect(try !fixture.files.exists(target.layout.chunks))
      #expect(try !fixture.files.exists(target.layout.objects))
      #expect(code(bytes, digests) == nil)
    }
  }

  @Test("manifest and index that do not fit together are refused")
  func mismatch() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      let one = try fixture.publish(into: repository)
      try fixture.writeTree(version: "2.0.0", seed: 2)
      let two = try fixture.pack(into: repository)
      func code(_ manifest: [UInt8], _ index: [UInt8]) -> ErrorCode? {
        errorCode { try repository.complete(manifest: manifest, index: index) }
      }
      #expect(code(two.manifestBytes, one.indexBytes) == .indexCorrupt)
      #expect(code(two.manifestBytes, []) == .indexCorrupt)
      #expect(code(Array(two.manifestBytes.dropLast()), two.indexBytes) == .manifestCorrupt)
      #expect(code(Array(repeating: 32, count: (1 << 20) + 1), two.indexBytes) == .manifestCorrupt)
      var manifest = two.manifest
      manifest.archive = Manifest.Content(digest: manifest.archive.digest, size: 5)
      #expect(code(try manifest.json(), two.indexBytes) == .indexCorrupt)
      manifest = two.manifest
      let nonsense: [UInt8] = [1, 2, 3]
      manifest.index = Manifest.Content(digest: SHA256().digest(of: nonsense), size: 3)
      #expect(code(try manifest.json(), nonsense) == .indexCorrupt)
      #expect(try repository.variants().count == 1)
    }
  }

  @Test("an archive that hashes to something else is not taken for the release")
  func wrongArchive() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      let packed = try fixture.pack(into: repository)
      var manifest = packed.manifest
      manifest.archive = Manifest.Content(digest: SHA256().digest(of: [1]), size: manifest.archive.size)
      try repository.complete(manifest: try manifest.json(), index: packed.indexBytes)
      let out = "\(fixture.directory)/out"
      try fixture.files.perform(.makeDirectory(out))
      #expect(
        errorCode { try repository.extract(manifest.variant, into: out) } == .archiveInvalid)
      #expect(
        errorCode {
          try repository.extract(
            VariantID(release: ReleaseID("none@1.0.0"), platform: .any), into: out)
        } == .notFound)
    }
  }

  @Test("metadata files are bytes under harmless names, and last")
  func metadata() throws {
    try RepositoryFixture.with { fixture in
      let repository = try fixture.repository()
      #expect(try repository.metadataFiles().isEmpty)
      #expect(errorCode { try repository.readMetadata("timestamp.json") } == .notFound)
      try repository.writeMetadata([:], isPublisher: false)
      try repository.writeMetadata(
        ["timestamp.json": [1], "1.root.json": [2], "1.package-a.json": []], isPublisher: false)
      try repository.writeMetadata(["timestamp.json": [3]], isPublisher: false)
      #expect(try repository.metadataFiles() == ["1.package-a.json", "1.root.json", "timestamp.json"])
      #expect(try repository.readMetadata("timestamp.json") == [3])
      #expect(try repository.readMetadata("1.package-a.json") == [])
      for name in ["../x.json", "a/b.json", "x", "/etc/passwd", ""] {
        #expect(errorCode { try repository.readMetadata(name) } == .nameInvalid)
        #expect(errorCode { try repository.writeMetadata([name: [1]], isPublisher: false) } == .nameInvalid)
      }
      #expect(try fixture.files.list(fixture.directory) == ["home"])
    }
  }

  @Test("what lies in the directories and is no release is passed over")
  func strangers() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      let packed = try fixture.publish(into: repository)
      let packages = fixture.layout.packages
      try fixture.files.perform([
        .write(path: "\(packages)/.DS_Store", bytes: [1], permissions: 0o644),
        .makeDirectory("\(packages)/UPPER/1.0.0/any"), .makeDirectory("\(packages)/app/latest/any"),
        .makeDirectory("\(packages)/app/2.0.0/any/manifest.json"), .makeDirectory("\(packages)/app/3.0.0/any"),
        .write(path: "\(packages)/app/3.0.0/any/manifest.json", bytes: packed.manifestBytes, permissions: 0o644),
        .makeDirectory("\(packages)/app/4.0.0/any"),
        .write(path: "\(packages)/app/4.0.0/any/manifest.json", bytes: [1, 2], permissions: 0o644),
      ])
      #expect(try repository.variants().count == 1)
      // And a release takes the place of what is in its way.
      try fixture.writeTree(version: "4.0.0", seed: 4)
      let four = try fixture.publish(into: repository)
      #expect(try repository.contains(four.manifest.variant))
      #expect(try fixture.files.list(fixture.layout.quarantine).count == 1)
    }
  }
}
