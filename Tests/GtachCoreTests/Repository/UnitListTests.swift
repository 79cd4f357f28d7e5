import GtachCore
import GtachModel
import GtachSystem
import Testing

@Suite("Units")
struct UnitListTests {
  let hashing = SHA256()
  let object = ChunkerTests.noise(10_000, seed: 9)

  func code(_ body: () throws(GtachError) -> Void) -> ErrorCode? {
    do throws(GtachError) {
      try body()
      return nil
    } catch {
      return error.code
    }
  }

  @Test("the id is the first half of the SHA-256 of the units' digests, and each unit is checked on its own")
  func units() throws {
    let list = UnitList(object: object[...], unitSize: 4096, hashing: hashing)
    let parts = [object[..<4096], object[4096..<8192], object[8192...]]
    #expect(list.digests == parts.map { UnitDigest(hashing.digest(of: $0).bytes.prefix(16)) })
    let id = try #require(ObjectID(hashing.digest(of: list.digests.flatMap(\.bytes)).bytes.prefix(16)))
    #expect(list.objectID(hashing: hashing) == id)
    let received = try UnitList(list.digests, size: 10_000, unitSize: 4096, object: id, hashing: hashing)
    #expect(received == list)
    for (number, part) in parts.enumerated() {
      #expect(received.bytes(ofUnit: number) == part.startIndex..<part.endIndex)
      #expect(code { () throws(GtachError) in try received.check(part, number: number, hashing: hashing) } == nil)
    }
    for (number, part) in [(1, parts[0]), (0, parts[0].dropLast()), (3, parts[2]), (-1, parts[0]), (2, parts[1])] {
      #expect(
        code { () throws(GtachError) in try received.check(part, number: number, hashing: hashing) } == .objectCorrupt)
    }
  }

  @Test("a list that is not the one of the id is refused")
  func hostile() throws {
    let list = UnitList(object: object[...], unitSize: 4096, hashing: hashing)
    let id = list.objectID(hashing: hashing)
    func take(_ digests: [UnitDigest], size: Int = 10_000, unitSize: Int = 4096) -> ErrorCode? {
      code { () throws(GtachError) in
        _ = try UnitList(digests, size: size, unitSize: unitSize, object: id, hashing: hashing)
      }
    }
    #expect(take(list.digests) == nil)
    #expect(take(list.digests.reversed()) == .objectCorrupt)
    #expect(take(Array(list.digests.dropLast())) == .objectCorrupt)
    #expect(take(list.digests + list.digests) == .objectCorrupt)
    #expect(take([]) == .objectCorrupt)
    #expect(take([], size: 0) == .objectCorrupt)
    #expect(take(list.digests, size: 4096) == .objectCorrupt)
    #expect(take(list.digests, size: .max - 5) == .objectCorrupt)
    #expect(take(list.digests, unitSize: 0) == .objectCorrupt)
    #expect(take(list.digests, unitSize: -4096) == .objectCorrupt)
  }

  @Test("a release has about a thousand units, and the size of a unit is a power of two")
  func unitSize() {
    for bytes in [0, 1, 100_000, 3 << 20, 10 << 20, 21 << 20, 64 << 20, 1 << 30] {
      let size = UnitList.unitSize(objectBytes: bytes)
      #expect(UnitList.unitSizes.contains(size) && size.nonzeroBitCount == 1)
      if size > 4096, size < 65_536 { #expect((700...1420).contains(UnitList.count(size: bytes, unitSize: size))) }
    }
    #expect(UnitList.unitSize(objectBytes: 1) == 4096)
    #expect(UnitList.unitSize(objectBytes: 64 << 20) == 65_536)
    #expect(UnitList.unitSize(objectBytes: 1 << 30) == 65_536)
  }
}
