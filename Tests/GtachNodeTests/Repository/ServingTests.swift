import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@testable import GtachNode

@Suite("What peers are given, and how it arrives")
struct ServingTests {
  @Test("a chunk is given as it is stored, and not when it is damaged")
  func chunks() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let packed = try fixture.publish(into: try fixture.repository())
      let repository = try fixture.repository()
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      for chunk in index.chunks {
        let bytes = try Zstd.decompress(try repository.chunkFrame(chunk.digest), size: chunk.size)
        #expect(SHA256().digest(of: bytes) == chunk.digest)
      }
      let path = fixture.layout.chunk(index.chunks[1].digest)
      let other = try repository.chunkFrame(index.chunks[0].digest)
      let unstated = [0x28, 0xB5, 0x2F, 0xFD] + (try Zstd.compressBare([1, 2, 3], after: [], level: 1))
      for damaged in [other, [], unstated, [UInt8](repeating: 0, count: 3 << 20)] {
        try fixture.files.perform(.write(path: path, bytes: damaged, permissions: 0o644))
        #expect(errorCode { try repository.chunkFrame(index.chunks[1].digest) } == .chunkMissing)
        #expect(try !fixture.files.exists(path))
      }
      #expect(try fixture.files.list(fixture.layout.quarantine).count == 4)
      #expect(errorCode { try repository.chunkFrame(index.chunks[1].digest) } == .chunkMissing)
    }
  }

  @Test("what the disk does not give is not here, and stays where it is")
  func unreadable() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let packed = try fixture.publish(into: try fixture.repository())
      let repository = try fixture.repository()
      let object = try ChunkIndexCodec.decode(packed.indexBytes).objects[0]
      let digest = packed.manifest.index.digest
      for path in [fixture.layout.object(object.id), fixture.layout.chunk(digest)] {
        try fixture.files.perform([.remove(path), .makeDirectory("\(path)/in/the/way")])
      }
      #expect(errorCode { try repository.unitList(object: object.id) } == .chunkMissing)
      #expect(errorCode { try repository.unit(object: object.id, number: 0) } == .chunkMissing)
      #expect(errorCode { try repository.chunkFrame(digest) } == .chunkMissing)
      #expect(try fixture.files.exists(fixture.layout.object(object.id)))
      #expect(try fixture.files.exists(fixture.layout.chunk(digest)))
    }
  }

  @Test("what nobody knows is not looked for in all directories: a peer may ask for it as often as it likes")
  func unknown() throws {
    try RepositoryFixture.with { fixture in
      try fixture.writeTree()
      let repository = try fixture.repository()
      #expect(try repository.variants().isEmpty)
      // Another process stores a release. This one hears of it before peers do.
      let packed = try fixture.publish(into: try fixture.repository())
      let (manifest, index) = (SHA256().digest(of: packed.manifestBytes), packed.manifest.index.digest)
      #expect(errorCode { try repository.manifestBytes(digest: manifest) } == .notFound)
      #expect(errorCode { try repository.indexBytes(digest: index) } == .notFound)
      #expect(try repository.variants().count == 1)
      #expect(try repository.manifestBytes(digest: manifest) == packed.manifestBytes)
      #expect(try repository.indexBytes(digest: index) == packed.indexBytes)
    }
  }
}
