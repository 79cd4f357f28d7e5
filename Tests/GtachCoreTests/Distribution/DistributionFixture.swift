import GtachCore
import GtachModel

/// Two chunks, the second of which occurs twice: one object of three units and one of a single unit for the first, one
/// object of two units for the second. So the units 0 to 2 and 3, 4 and 5 are those of the objects 0, 1 and 2, and 6
/// and 7 the bare chunks.
enum DistributionFixture {
  static let unitSize = 4096
  static let index = ChunkIndex(
    unitSize: unitSize, chunks: [chunk(1, size: 20_000), chunk(2, size: 9_000), chunk(2, size: 9_000)],
    bases: [ChunkIndex.Base(archive: digest(9), size: 1 << 20)],
    objects: [
      object(1, size: 2 * unitSize + 1, chunk: 0, .full), object(2, size: 500, chunk: 0, .patch(base: 0)),
      object(3, size: 2 * unitSize, chunk: 1, .full),
    ])

  static func digest(_ seed: UInt8) -> Digest {
    guard let digest = Digest([UInt8](repeating: seed, count: Digest.byteCount)) else { preconditionFailure() }
    return digest
  }

  private static func chunk(_ seed: UInt8, size: Int) -> ChunkIndex.Chunk {
    ChunkIndex.Chunk(digest: digest(seed), size: size)
  }

  private static func object(
    _ seed: UInt8, size: Int, chunk: Int, _ encoding: ChunkIndex.Encoding
  ) -> ChunkIndex.Object {
    guard let id = ObjectID([UInt8](repeating: seed, count: ObjectID.byteCount)) else { preconditionFailure() }
    return ChunkIndex.Object(id: id, size: size, chunk: chunk, encoding: encoding)
  }

  static func session(_ number: Int) -> SessionID { SessionID(number: number) }
}
