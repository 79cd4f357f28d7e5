import GtachCore
import GtachModel
import GtachSystem
import Synchronization
import Testing

@testable import GtachNode

@Suite("Objects whose units arrive one by one")
struct ArrivingObjectTests {
  @Test("units come in any order and twice, and the last one brings the object and its chunk")
  func anyOrder() throws {
    try ArrivalFixture.with { fixture in
      let target = try fixture.target()
      var generator = SeededGenerator(seed: 3)
      let count = try fixture.digests(fixture.large).count
      let order = (0..<count).shuffled(using: &generator)
      #expect(try fixture.begin(fixture.large, at: target) == .arriving(units: []))
      for number in order.dropLast() {
        #expect(try fixture.send([number], of: fixture.large, to: target) == nil)
        #expect(try fixture.send([number], of: fixture.large, to: target) == nil)
      }
      #expect(try fixture.begin(fixture.large, at: target) == .arriving(units: order.dropLast().sorted()))
      #expect(try fixture.send([order[count - 1]], of: fixture.large, to: target) == .whole(isChunkHere: true))
      try fixture.expectStored(fixture.large)
      // Late ones, and whoever begins now.
      #expect(try fixture.send([order[0]], of: fixture.large, to: target) == .whole(isChunkHere: true))
      #expect(try fixture.begin(fixture.large, at: target) == .whole(isChunkHere: true))
      #expect(
        try fixture.target().beginObject(fixture.large, of: fixture.index, digests: nil) == .whole(isChunkHere: true))
      try fixture.expectStored(fixture.large)
    }
  }

  @Test("an object of one unit needs no list and no file of its own until it is whole")
  func oneUnit() throws {
    try ArrivalFixture.with { fixture in
      let target = try fixture.target()
      let (small, index) = (fixture.small, fixture.index)
      let unit = try fixture.units(small)[0]
      #expect(try target.beginObject(small, of: index, digests: nil) == .arriving(units: []))
      for (bytes, number) in [(Array(unit.dropLast()), 0), (unit + [0], 0), ([], 0), (unit, 1), (unit, -1)] {
        let code = errorCode { try target.storeUnit(bytes, number: number, ofObject: small, of: index) }
        #expect(code == .objectCorrupt)
      }
      #expect(try fixture.filesArriving().isEmpty)
      for _ in 0..<2 {
        #expect(try fixture.send([0], of: small, to: target) == .whole(isChunkHere: true))
        try fixture.expectStored(small)
      }
    }
  }

  @Test("an object that needs no prefix and its chunk are one file, and each lives on without the other's name")
  func oneFile() throws {
    try ArrivalFixture.with { fixture in
      let (files, index) = (fixture.fixture.files, fixture.index)
      for (object, survivor) in [(fixture.small, 0), (fixture.large, 1)] {
        let target = try fixture.target()
        _ = try fixture.begin(object, at: target)
        try fixture.send(0..<fixture.digests(object).count, of: object, to: target)
        #expect(try target.storedObject(fixture.id(object))?.first == 0)
        let chunk = fixture.chunk(of: object)
        let paths = [fixture.layout.object(fixture.id(object)), fixture.layout.chunk(chunk.digest)]
        #expect(try files.status(of: paths[0])?.number == files.status(of: paths[1])?.number)
        try files.perform(.remove(paths[1 - survivor]))
        let later = try fixture.target()
        // The chunk is made of the object without a word; an object whose chunk is here is not needed.
        #expect(try later.lackingChunks(index: index).allSatisfy { index.chunks[$0.chunk] != chunk })
        #expect(try later.storedChunk(chunk)?.count == chunk.size)
        #expect(try (later.storedObject(fixture.id(object)) != nil) == (survivor == 0))
      }
    }
  }

  @Test("an object whose chunk needs another one is whole before it can be decoded")
  func waiting() throws {
    try ArrivalFixture.with { fixture in
      let object = try WaitingObject()
      let target = try fixture.target()
      try object.begin(at: target)
      var last: ObjectProgress?
      for number in object.units.digests.indices { last = try object.send(number, to: target) }
      #expect(last == .whole(isChunkHere: false))
      try target.storeChunk(object.before, digest: object.index.chunks[0].digest)
      #expect(try target.beginObject(0, of: object.index, digests: nil) == .whole(isChunkHere: true))
      #expect(try target.storedChunk(object.index.chunks[1]) == object.bytes)
    }
  }

  @Test("several threads bring the units of one object together")
  func threads() throws {
    try ArrivalFixture.with { fixture in
      let target = try fixture.target()
      let outcomes = Mutex<[ObjectProgress]>([])
      let threads = try (0..<4).map { seed in
        try WorkerThread(name: "test-\(seed)") {
          var generator = SeededGenerator(seed: UInt64(seed))
          do {
            let begun = try fixture.begin(fixture.large, at: target)
            outcomes.withLock { $0.append(begun) }
            let digests = try fixture.digests(fixture.large)
            for number in digests.indices.shuffled(using: &generator) {
              guard let outcome = try fixture.send([number], of: fixture.large, to: target) else { continue }
              outcomes.withLock { $0.append(outcome) }
            }
          } catch {
            Issue.record(error)
          }
        }
      }
      for thread in threads { thread.join() }
      outcomes.withLock { outcomes in
        #expect(outcomes.contains(.whole(isChunkHere: true)))
        for outcome in outcomes {
          switch outcome {
          case .arriving, .whole(isChunkHere: true): break
          default: Issue.record("\(outcome)")
          }
        }
      }
      try fixture.expectStored(fixture.large)
    }
  }

  @Test("what is not the object's is refused, and what is here already stays")
  func refused() throws {
    try ArrivalFixture.with { fixture in
      let target = try fixture.target()
      let (large, index) = (fixture.large, fixture.index)
      let (digests, units) = (try fixture.digests(large), try fixture.units(large))
      func begin(_ digests: [UnitDigest]?, number: Int? = nil) -> ErrorCode? {
        errorCode { try target.beginObject(number ?? large, of: index, digests: digests) }
      }
      #expect(begin(nil) == .objectCorrupt)
      #expect(begin(digests.reversed()) == .objectCorrupt)
      #expect(begin(digests.dropLast()) == .objectCorrupt)
      #expect(begin(digests, number: -1) == .objectCorrupt)
      #expect(begin(digests, number: index.objects.count) == .objectCorrupt)
      #expect(try fixture.filesArriving().isEmpty)
      #expect(try fixture.send([0], of: large, to: target) == .arriving(units: []), "it was not begun with")

      #expect(begin(digests) == nil)
      try fixture.send([0, 2], of: large, to: target)
      func store(_ bytes: [UInt8], _ number: Int) -> ErrorCode? {
        errorCode { try target.storeUnit(bytes, number: number, ofObject: large, of: index) }
      }
      #expect(store(units[2], 1) == .objectCorrupt)
      #expect(store(Array(units[1].dropLast()), 1) == .objectCorrupt)
      #expect(store(units[1] + [0], 1) == .objectCorrupt)
      #expect(store(units[1], units.count) == .objectCorrupt)
      #expect(store(units[1], -1) == .objectCorrupt)
      #expect(try fixture.begin(large, at: target) == .arriving(units: [0, 2]))
      #expect(try fixture.begin(large, at: fixture.target()) == .arriving(units: [0, 2]))

      // An index that gives the same object another length.
      var objects = index.objects
      let object = objects[large]
      objects[large] = .init(id: object.id, size: object.size - 1, chunk: object.chunk, encoding: object.encoding)
      let other = ChunkIndex(unitSize: index.unitSize, chunks: index.chunks, bases: index.bases, objects: objects)
      guard case .useless = try target.beginObject(large, of: other, digests: digests) else {
        Issue.record("it has one length")
        return
      }
    }
  }

  @Test("an object that is what its id says and yields no chunk, or another, leaves nothing behind", arguments: [1, 3])
  func useless(unitCount: Int) throws {
    try ArrivalFixture.with { fixture in
      let noise = RepositoryFixture.noise(4096 * unitCount - 100, seed: 1)
      let honest =
        try ObjectHeader(prefix: .none, body: .frame).bytes
        + Zstd.compressBare(noise[...], after: [], level: 1)
      let target = try fixture.target()
      for (bytes, size) in [([1, 2] + noise, 3), (honest, noise.count), (honest, noise.count - 1)] {
        let units = UnitList(object: bytes[...], unitSize: 4096, hashing: SHA256())
        #expect(units.digests.count == unitCount)
        let index = ChunkIndex(
          unitSize: 4096, chunks: [.init(digest: SHA256().digest(of: [7]), size: size)],
          objects: [.init(id: units.objectID(hashing: SHA256()), size: bytes.count, chunk: 0, encoding: .full)])
        #expect(try target.beginObject(0, of: index, digests: units.digests) == .arriving(units: []))
        var last: ObjectProgress?
        for number in units.digests.indices {
          last = try target.storeUnit(
            Array(bytes[units.bytes(ofUnit: number)]), number: number, ofObject: 0, of: index)
        }
        guard case .useless(let error)? = last else {
          Issue.record("\(String(describing: last))")
          continue
        }
        #expect([.objectCorrupt, .chunkCorrupt].contains(error.code))
        #expect(try fixture.filesArriving().isEmpty)
        #expect(try !fixture.fixture.files.exists(fixture.layout.object(index.objects[0].id)))
      }
    }
  }
}
