import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

/// An object of many units and one of a single unit, whole at a source, and a target where they arrive.
struct ArrivalFixture {
  let fixture: RepositoryFixture
  let packed: PackedRelease
  let source: PackageRepository
  let index: ChunkIndex
  /// An object of many units, and one of a single unit.
  let large: Int
  let small: Int
  let home: String
  let layout: RepositoryLayout

  static func with(_ body: (ArrivalFixture) throws -> Void) throws {
    try RepositoryFixture.with { fixture in
      // A file between two that are noise has a chunk of its own, which takes a few bytes on the wire.
      try fixture.writeTree(extra: ["more": [UInt8](repeating: 66, count: 6_000_000)])
      let source = try fixture.repository()
      let packed = try fixture.publish(into: source)
      let index = try ChunkIndexCodec.decode(packed.indexBytes)
      func first(_ matches: (Int) -> Bool) throws -> Int {
        try #require(
          index.objects.firstIndex {
            $0.encoding == .full && matches(UnitList.count(size: $0.size, unitSize: index.unitSize))
          })
      }
      let home = "\(fixture.directory)/target"
      try body(
        ArrivalFixture(
          fixture: fixture, packed: packed, source: source, index: index, large: first { $0 > 10 },
          small: first { $0 == 1 }, home: home, layout: RepositoryLayout(home: home)))
    }
  }

  /// The target, as a process that has just been started sees it.
  func target() throws(GtachError) -> PackageRepository { try PackageRepository(home: home) }

  func id(_ object: Int) -> ObjectID { index.objects[object].id }

  func chunk(of object: Int) -> ChunkIndex.Chunk { index.chunks[index.objects[object].chunk] }

  func digests(_ object: Int) throws(GtachError) -> [UnitDigest] { try source.unitList(object: id(object)).digests }

  func units(_ object: Int) throws(GtachError) -> [[UInt8]] {
    var units: [[UInt8]] = []
    for number in try digests(object).indices { units.append(try source.unit(object: id(object), number: number)) }
    return units
  }

  /// Begins with an object at a target.
  func begin(_ object: Int, at target: PackageRepository) throws(GtachError) -> ObjectProgress {
    try target.beginObject(object, of: index, digests: try digests(object))
  }

  /// Sends units from the source, and gives what the last came to.
  @discardableResult
  func send(
    _ numbers: some Sequence<Int>, of object: Int, to target: PackageRepository
  ) throws(GtachError) -> ObjectProgress? {
    var last: ObjectProgress?
    for number in numbers {
      let unit = try source.unit(object: id(object), number: number)
      last = try target.storeUnit(unit, number: number, ofObject: object, of: index)
    }
    return last
  }

  /// Changes a byte of a unit in the file of an object that arrives.
  func damage(unit: Int, of object: Int) throws(GtachError) {
    let path = layout.arrivingObject(id(object))
    let start = ObjectFile.headerBytes(unitCount: try digests(object).count) + unit * index.unitSize
    let byte = try fixture.files.read(path, offset: start + 3, count: 1)
    try fixture.files.write([byte[0] ^ 1], to: path, offset: start + 3)
  }

  /// The files of objects that arrive at the target.
  func filesArriving() throws(GtachError) -> [String] {
    guard try fixture.files.exists(layout.arriving) else { return [] }
    var names: [String] = []
    for directory in try fixture.files.list(layout.arriving) {
      names += try fixture.files.list("\(layout.arriving)/\(directory)")
    }
    return names
  }

  /// Expects an object at the target as it is at the source, and its chunk.
  func expectStored(_ object: Int) throws {
    let (target, digest) = (try target(), chunk(of: object).digest)
    let theirs = try #require(try source.storedObject(id(object)))
    #expect(try target.storedObject(id(object)) == theirs)
    #expect(try target.unit(object: id(object), number: 0) == source.unit(object: id(object), number: 0))
    let frame = try target.chunkFrame(digest)
    #expect(try Zstd.decompress(frame, size: chunk(of: object).size) == target.storedChunk(chunk(of: object)))
    #expect(try filesArriving().isEmpty)
  }
}
