import GtachCore
import GtachModel
import GtachSystem

@testable import GtachNode

/// An object of several units that is decoded after a chunk which stands before its own, and is not here yet.
struct WaitingObject {
  /// What its chunk is.
  let bytes: [UInt8]
  /// What the chunk before it is.
  let before: [UInt8]
  let index: ChunkIndex
  let units: UnitList
  private let encoded: [UInt8]

  init() throws(GtachError) {
    before = RepositoryFixture.noise(100_000, seed: 4)
    bytes = before.reversed()
    let chunks = [before, bytes].map { (bytes: [UInt8]) -> ChunkIndex.Chunk in
      ChunkIndex.Chunk(digest: SHA256().digest(of: bytes), size: bytes.count)
    }
    encoded =
      ObjectHeader(prefix: .chunks([chunks[0].name]), body: .frame).bytes
      + (try Zstd.compressBare(bytes[...], after: before, level: 1))
    units = UnitList(object: encoded[...], unitSize: 4096, hashing: SHA256())
    let object = ChunkIndex.Object(
      id: units.objectID(hashing: SHA256()), size: encoded.count, chunk: 1, encoding: .full)
    index = ChunkIndex(unitSize: 4096, chunks: chunks, objects: [object])
  }

  func begin(at target: PackageRepository) throws(GtachError) {
    _ = try target.beginObject(0, of: index, digests: units.digests)
  }

  func send(_ number: Int, to target: PackageRepository) throws(GtachError) -> ObjectProgress? {
    try target.storeUnit(Array(encoded[units.bytes(ofUnit: number)]), number: number, ofObject: 0, of: index)
  }
}
