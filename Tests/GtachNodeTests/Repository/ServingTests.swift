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
      #expect(errorCode { try repository.units(object: object.id, range: 0..<1) } == .chunkMissing)
      #expect(errorCode { try repository.chunkFrame(digest) } == .chunkMissing)
      #expect(try fixture.files.exists(fixture.layout.object(object.id)))
      #expect(try fixture.files.exists(fixture.layout.chunk(digest)))
    }
  }

  /// The arrival of an object of so many bytes in units of 4 KiB, which an index names.
  private func receiver(of bytes: [UInt8]) throws -> ObjectReceiver {
    let units = UnitList(object: bytes[...], unitSize: 4096, hashing: SHA256())
    let object = ChunkIndex.Object(
      id: units.objectID(hashing: SHA256()), size: bytes.count, chunk: 0, encoding: .full)
    let chunk = ChunkIndex.Chunk(digest: SHA256().digest(of: bytes), size: bytes.count)
    return ObjectReceiver(
      variant: VariantID(release: try ReleaseID("app@1.0.0"), platform: .any), number: 0,
      index: ChunkIndex(unitSize: 4096, chunks: [chunk], objects: [object]))
  }

  @Test(
    "an object comes without the list of its units, and is believed when it has its id", arguments: [1, 4096, 4097])
  func object(count: Int) throws {
    let bytes = RepositoryFixture.noise(count, seed: 1)
    let units = stride(from: 0, to: count, by: 4096).map { Array(bytes[$0..<min($0 + 4096, count)]) }
    var receiver = try receiver(of: bytes)
    let question = GetUnits(id: 7, object: receiver.object.id, first: 0, count: UInt16(units.count))
    #expect(receiver.request(id: 7) == .getUnits(question))
    // In any order.
    for (number, unit) in units.enumerated().reversed() {
      #expect(!receiver.isWhole)
      try receiver.accept(ObjectUnit(id: 7, number: UInt16(number), bytes: unit))
    }
    #expect(receiver.isWhole)
    let content = try receiver.content()
    #expect(content.bytes == bytes)
    #expect(content.digests == units.map { UnitDigest(of: $0[...], hashing: SHA256()) })
  }

  @Test("what is not the object that was asked for is refused")
  func anotherObject() throws {
    let bytes = RepositoryFixture.noise(4097, seed: 1)
    let (first, last) = (Array(bytes[..<4096]), [bytes[4096]])
    func code(_ units: [(Int, [UInt8])]) throws -> ErrorCode? {
      var receiver = try receiver(of: bytes)
      return errorCode {
        for (number, bytes) in units {
          try receiver.accept(ObjectUnit(id: 7, number: UInt16(number), bytes: bytes))
        }
        #expect(receiver.isWhole)
        _ = try receiver.content()
      }
    }
    #expect(try code([(0, first), (1, last)]) == nil)
    #expect(try code([(0, first), (1, [last[0] ^ 1])]) == .objectCorrupt)
    #expect(try code([(0, Array(first.dropLast()))]) == .objectCorrupt)
    #expect(try code([(1, last + [0])]) == .objectCorrupt)
    #expect(try code([(0, first), (2, last)]) == .objectCorrupt)
    #expect(try code([(0, first), (0, first)]) == .protocolViolation)
  }
}
