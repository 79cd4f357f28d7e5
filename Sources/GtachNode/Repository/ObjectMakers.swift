import GtachCore
import GtachModel

/// Makes full objects: of a chunk and earlier ones of the same archive that are like it.
struct FullObjectMaker {
  private let archive: HeldArchive
  private let similar: SimilarChunks?
  private let level: Int

  /// - Throws: `ErrorCode.chunkMissing`, `ErrorCode.inputOutput`.
  init(_ archive: HeldArchive, level: Int, usesPrefixes: Bool) throws(GtachError) {
    self.archive = archive
    self.level = level
    similar = usesPrefixes ? SimilarChunks(in: try archive.sampled(), sizes: archive.chunks.map(\.size)) : nil
  }

  /// The object of the chunk at a position.
  ///
  /// - Throws: `ErrorCode.chunkMissing`, `ErrorCode.inputOutput`, what `ChunkEncoder.object` throws.
  func object(at position: Int) throws(GtachError) -> [UInt8] {
    let bytes = try archive.bytes(at: position)
    let before = similar?.similar(to: bytes[...], at: position) ?? []
    var prefix: [UInt8] = []
    for position in before { prefix += try archive.bytes(at: position) }
    return try ChunkEncoder(level: level, triesDifferences: false).object(
      of: bytes, after: before.isEmpty ? .none : .chunks(before.map { archive.chunks[$0].name }), prefix)
  }
}

/// Makes patches: objects of a chunk and stretches of an older archive.
struct PatchMaker {
  private let archive: HeldArchive
  private let base: HeldArchive
  private let chooser: PrefixChooser
  private let level: Int

  /// - Throws: `ErrorCode.chunkMissing`, `ErrorCode.inputOutput`.
  init(_ archive: HeldArchive, from base: HeldArchive, level: Int) throws(GtachError) {
    self.archive = archive
    self.base = base
    self.level = level
    chooser = PrefixChooser(archive: try base.sampled())
  }

  /// The patch of the chunk at a position; nil where it has nothing in common with the older archive.
  ///
  /// - Throws: `ErrorCode.chunkMissing`, `ErrorCode.inputOutput`, what `ChunkEncoder.object` throws.
  func object(at position: Int) throws(GtachError) -> [UInt8]? {
    let bytes = try archive.bytes(at: position)
    let pieces = chooser.pieces(for: bytes[...])
    guard !pieces.isEmpty else { return nil }
    return try ChunkEncoder(level: level, triesDifferences: true).object(
      of: bytes, after: .pieces(pieces), base.bytes(pieces))
  }
}

/// Which objects carry which chunks in other releases: what did not change need not be encoded again.
struct EarlierObjects {
  private struct Key: Hashable {
    let chunk: Digest
    let base: Digest?
  }
  private var objects: [Key: ObjectID] = [:]

  /// Knows none.
  init() {}

  /// Adds those that an index names.
  mutating func add(_ index: ChunkIndex) {
    for object in index.objects {
      let chunk = index.chunks[object.chunk].digest
      switch object.encoding {
      case .full: objects[Key(chunk: chunk, base: nil)] = object.id
      case .patch(let base): objects[Key(chunk: chunk, base: index.bases[base].archive)] = object.id
      }
    }
  }

  /// The id of the object of a chunk: the full one, or the patch from an archive.
  func object(of chunk: Digest, base: Digest?) -> ObjectID? { objects[Key(chunk: chunk, base: base)] }
}
