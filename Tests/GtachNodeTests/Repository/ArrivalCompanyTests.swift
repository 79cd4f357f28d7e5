import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

@Suite("Objects that arrive at several processes at once")
struct ArrivalCompanyTests {
  @Test("a first unit that another process stores late leaves the chunk that the object has become as it is")
  func lateFirstUnit() throws {
    try ArrivalFixture.with { fixture in
      let (large, files) = (fixture.large, fixture.fixture.files)
      let units = try fixture.units(large)
      let target = try fixture.target()
      _ = try fixture.begin(large, at: target)
      // The other process has opened the file by now, and goes on with it when it has another name.
      let opened = "\(fixture.fixture.directory)/opened"
      try files.makeHardLink(to: fixture.layout.arrivingObject(fixture.id(large)), at: opened)
      let list = try UnitList(
        try fixture.digests(large), size: fixture.index.objects[large].size, unitSize: fixture.index.unitSize,
        object: fixture.id(large), hashing: SHA256())
      let other = ArrivingObject(id: fixture.id(large), units: list, path: opened)
      try other.open { (_, _) throws(GtachError) in throw GtachError(.bug, "the file has its beginning") }
      #expect(other.here.isEmpty)

      #expect(try fixture.send(units.indices, of: large, to: target) == .whole(isChunkHere: true))
      for number in [0, 1] { #expect(try other.store(units[number], number: number) == .stored) }
      try fixture.expectStored(large)
      #expect(try !files.exists(fixture.layout.quarantine))
    }
  }

  @Test("an object that waits for a chunk is not stored with a hole where another process began anew with its file")
  func begunAnew() throws {
    try ArrivalFixture.with { fixture in
      let object = try WaitingObject()
      let target = try fixture.target()
      try object.begin(at: target)
      let last = object.units.digests.count - 1
      try #require(last > 2)
      for number in 0..<last { #expect(try object.send(number, to: target) == nil) }
      try fixture.fixture.files.perform(.remove(fixture.layout.arrivingObject(object.index.objects[0].id)))
      let other = try fixture.target()
      try object.begin(at: other)
      // The beginning says what the object needs.
      #expect(try object.send(0, to: other) == nil)

      #expect(try object.send(last, to: target) == .arriving(units: [0, last]))
      for number in 1..<last - 1 { #expect(try object.send(number, to: target) == nil) }
      #expect(try object.send(last - 1, to: target) == .whole(isChunkHere: false))
      try target.storeChunk(object.before, digest: object.index.chunks[0].digest)
      #expect(try target.beginObject(0, of: object.index, digests: nil) == .whole(isChunkHere: true))
      #expect(try target.storedChunk(object.index.chunks[1]) == object.bytes)
      #expect(try !fixture.fixture.files.exists(fixture.layout.quarantine))
      // The other one sees that it was done without it.
      #expect(try object.send(2, to: other) == .whole(isChunkHere: true))
    }
  }
}
