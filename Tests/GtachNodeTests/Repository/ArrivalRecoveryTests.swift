import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

@Suite("Objects that arrive: crashes, damage, gc and full disks")
struct ArrivalRecoveryTests {
  @Test("after a restart no unit is fetched that is here and whole")
  func restart() throws {
    try ArrivalFixture.with { fixture in
      let (large, files) = (fixture.large, fixture.fixture.files)
      let count = try fixture.digests(large).count
      let path = fixture.layout.arrivingObject(fixture.id(large))
      let first = try fixture.target()
      _ = try fixture.begin(large, at: first)
      try fixture.send([7, 1, 4, count - 1], of: large, to: first)

      // Torn: a byte in the middle, the end, the beginning, all of it.
      #expect(try fixture.begin(large, at: fixture.target()) == .arriving(units: [1, 4, 7, count - 1]))
      try fixture.damage(unit: 4, of: large)
      #expect(try fixture.begin(large, at: fixture.target()) == .arriving(units: [1, 7, count - 1]))
      let whole = try files.read(path, maximumBytes: 1 << 22)
      try files.perform(.write(path: path, bytes: whole.dropLast(), permissions: 0o644))
      #expect(try fixture.begin(large, at: fixture.target()) == .arriving(units: [1, 7]))
      let second = try fixture.target()
      _ = try fixture.begin(large, at: second)
      #expect(
        try fixture.send((0..<count).filter { ![1, 7].contains($0) }, of: large, to: second)
          == .whole(isChunkHere: true))
      try fixture.expectStored(large)

      for torn in [[], Array(whole[..<9]), [UInt8](repeating: 0, count: whole.count)] {
        try files.perform([
          .remove(fixture.layout.object(fixture.id(large))), .write(path: path, bytes: torn, permissions: 0o644),
        ])
        let third = try fixture.target()
        #expect(try fixture.begin(large, at: third) == .arriving(units: []))
        #expect(try fixture.send(0..<count, of: large, to: third) == .whole(isChunkHere: true))
        try fixture.expectStored(large)
      }
    }
  }

  @Test("an object whose last unit came right before a crash is whole when somebody begins with it")
  func beforeSettling() throws {
    try ArrivalFixture.with { fixture in
      let (large, files) = (fixture.large, fixture.fixture.files)
      let path = fixture.layout.arrivingObject(fixture.id(large))
      let whole = try files.read(fixture.source.layout.object(fixture.id(large)), maximumBytes: 1 << 22)
      try files.perform([
        .makeDirectory(String(path.dropLast(fixture.id(large).hex.count + 1))),
        .write(path: path, bytes: whole, permissions: 0o644),
      ])
      #expect(try fixture.begin(large, at: fixture.target()) == .whole(isChunkHere: true))
      try fixture.expectStored(large)
    }
  }

  @Test("what the disk lost of an object is told when the last unit comes, and the publisher is not blamed")
  func lost() throws {
    try ArrivalFixture.with { fixture in
      let large = fixture.large
      let count = try fixture.digests(large).count
      let target = try fixture.target()
      _ = try fixture.begin(large, at: target)
      try fixture.send(0..<count - 1, of: large, to: target)
      try fixture.damage(unit: 5, of: large)
      let rest = (0..<count).filter { $0 != 5 }
      #expect(try fixture.send([count - 1], of: large, to: target) == .arriving(units: rest))
      #expect(try fixture.send([5], of: large, to: target) == .whole(isChunkHere: true))
      try fixture.expectStored(large)

      // The file is gone.
      try fixture.fixture.files.perform([.remove(fixture.layout.objects), .remove(fixture.layout.chunks)])
      let another = try fixture.target()
      _ = try fixture.begin(large, at: another)
      try fixture.send([0, 1], of: large, to: another)
      try fixture.fixture.files.perform(.remove(fixture.layout.arriving))
      #expect(try fixture.send([2], of: large, to: another) == .arriving(units: []))
      #expect(try fixture.begin(large, at: another) == .arriving(units: []))
      #expect(try fixture.send(0..<count, of: large, to: another) == .whole(isChunkHere: true))
      try fixture.expectStored(large)
    }
  }

  @Test("units are given out before the object is whole, and only if they are right")
  func served() throws {
    try ArrivalFixture.with { fixture in
      let large = fixture.large
      let (id, units) = (fixture.id(large), try fixture.units(large))
      let target = try fixture.target()
      #expect(errorCode { try target.unitList(object: id) } == .chunkMissing)
      #expect(errorCode { try target.unit(object: id, number: 0) } == .chunkMissing)
      _ = try fixture.begin(large, at: target)
      try fixture.send([3, 4], of: large, to: target)
      #expect(try target.unitList(object: id).digests == fixture.digests(large))
      #expect(try target.unitList(object: id).size == fixture.index.objects[large].size)
      #expect(try target.unit(object: id, number: 3) == units[3])
      for number in [0, 5, -1, units.count] {
        #expect(errorCode { try target.unit(object: id, number: number) } == .chunkMissing)
      }
      try fixture.damage(unit: 3, of: large)
      #expect(errorCode { try target.unit(object: id, number: 3) } == .chunkMissing)
      #expect(try fixture.begin(large, at: target) == .arriving(units: [4]), "it is fetched again")
      #expect(try fixture.send(units.indices.filter { $0 != 4 }, of: large, to: target) == .whole(isChunkHere: true))
      #expect(try target.unit(object: id, number: 3) == units[3])
      for number in [-1, units.count] {
        #expect(errorCode { try target.unit(object: id, number: number) } == .notFound)
      }
    }
  }

  @Test("what a node can give out of a release is known without reading it")
  func unitsHere() throws {
    try ArrivalFixture.with { fixture in
      let (large, index) = (fixture.large, fixture.index)
      let target = try fixture.target()
      let map = UnitMap(index)
      #expect(try target.unitsHere(of: map).isEmpty)
      _ = try fixture.begin(large, at: target)
      #expect(try target.unitsHere(of: map).isEmpty)
      try fixture.send([2, 9], of: large, to: target)
      try fixture.send([0], of: fixture.small, to: target)
      let first = map.units(ofObject: large).lowerBound
      let chunk = map.number(ofChunk: index.objects[fixture.small].chunk)
      let expected = [first + 2, first + 9, chunk] + map.units(ofObject: fixture.small)
      #expect(try target.unitsHere(of: map).numbers == expected.sorted())
      #expect(try fixture.source.unitsHere(of: map).ranges == [0..<map.count])
    }
  }

  @Test("gc leaves what a fetch under way needs of units alone, and nothing else; a complete release has none")
  func collecting() throws {
    try ArrivalFixture.with { fixture in
      let (large, index) = (fixture.large, fixture.index)
      let target = try fixture.target()
      func garbage() throws -> [Garbage.Item] {
        try Garbage(in: target, policy: nil, now: SystemClock.now(), cancellation: Cancellation()).files
      }
      let variant = fixture.packed.manifest.variant
      _ = try target.beginFetching(variant, index: index)
      _ = try fixture.begin(large, at: target)
      try fixture.send([0], of: large, to: target)
      #expect(try garbage().isEmpty)
      try fixture.fixture.files.perform(.remove(fixture.layout.partialDirectory(of: variant)))
      #expect(try garbage().map(\.path) == [fixture.layout.arrivingObject(fixture.id(large))])
      #expect(try garbage().map(\.kind) == ["objects"])

      // Its chunk comes in another way.
      _ = try target.beginFetching(variant, index: index)
      let others = index.objects.indices.filter { $0 != large }
      try RepositoryFixture.transfer(index, numbers: Array(others), from: fixture.source, to: target)
      let chunk = fixture.chunk(of: large)
      try target.storeChunk(try #require(try fixture.source.storedChunk(chunk)), digest: chunk.digest)
      try target.complete(manifest: fixture.packed.manifestBytes, index: fixture.packed.indexBytes)
      #expect(try fixture.filesArriving().isEmpty)
      #expect(try garbage().isEmpty)

      // A fetch that nobody goes on with.
      try fixture.fixture.files.perform([
        .remove(fixture.layout.object(fixture.id(large))), .remove(fixture.layout.chunk(chunk.digest)),
      ])
      _ = try fixture.begin(large, at: target)
      try target.discardArrivingObjects(of: index)
      #expect(try fixture.filesArriving().isEmpty)
      #expect(try fixture.send([0], of: large, to: target) == .arriving(units: []))
    }
  }

  @Test(
    "a full disk is told, loses no unit, and the fetch goes on when there is room",
    .enabled(if: SmallDisk.isPossible, "needs root on Linux and the right to mount"))
  func fullDisk() throws {
    try ArrivalFixture.with { fixture in
      let (large, files) = (fixture.large, fixture.fixture.files)
      let count = try fixture.digests(large).count
      try files.perform(.makeDirectory(fixture.home))
      let disk = try SmallDisk(at: fixture.home, kibibytes: 8_000)
      defer { disk.unmount() }
      let target = try fixture.target()
      _ = try fixture.begin(large, at: target)
      try fixture.send([0, 1], of: large, to: target)
      // To the last block.
      var ballast: [String] = []
      for size in [1 << 20, 1 << 12] {
        while true {
          let path = "\(fixture.home)/ballast-\(ballast.count)"
          let bytes = [UInt8](repeating: 1, count: size)
          guard errorCode({ try files.perform(.write(path: path, bytes: bytes, permissions: 0o644)) }) == nil else {
            break
          }
          ballast.append(path)
        }
      }
      #expect(errorCode { try fixture.send(2..<count, of: large, to: target) } == .diskFull)
      #expect(errorCode { try fixture.begin(fixture.large + 1, at: target) } == .diskFull)
      try files.perform(ballast.map { .remove($0) })
      guard case .arriving(let here) = try fixture.begin(large, at: fixture.target()) else {
        Issue.record("it is not whole")
        return
      }
      #expect(here.starts(with: [0, 1]) && here.count < count)
      #expect(try fixture.send(2..<count, of: large, to: target) == .whole(isChunkHere: true))
      try fixture.expectStored(large)
    }
  }

  @Test("what arrived for a fetch that is left is forgotten, and found again on the disk")
  func left() throws {
    try ArrivalFixture.with { fixture in
      let large = fixture.large
      let target = try fixture.target()
      _ = try fixture.begin(large, at: target)
      try fixture.send([3, 5], of: large, to: target)
      target.leaveArrivingObjects(of: fixture.index, keeping: [fixture.index])
      #expect(target.arrivingObject(fixture.id(large)) != nil, "another fetch needs it")
      target.leaveArrivingObjects(of: fixture.index, keeping: [])
      #expect(target.arrivingObject(fixture.id(large)) == nil)
      #expect(try target.unitsHere(of: UnitMap(fixture.index)).isEmpty)
      // What was under way then is not stored, and whoever goes on begins anew.
      #expect(try fixture.send([6], of: large, to: target) == .arriving(units: []))
      #expect(try fixture.begin(large, at: target) == .arriving(units: [3, 5]))
      let rest = (0..<(try fixture.digests(large).count)).filter { ![3, 5].contains($0) }
      #expect(try fixture.send(rest, of: large, to: target) == .whole(isChunkHere: true))
      try fixture.expectStored(large)
    }
  }
}
