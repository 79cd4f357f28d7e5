import GtachCore
import GtachModel

/// Makes full objects: of a chunk and earlier ones of the same archive that are like it.
struct FullObjectMaker {
  /// Who will want a full object, and so how much time it is worth.
  enum Demand: CaseIterable {
    /// Whoever lacks the chunk: there is no patch of it.
    case everybody
    /// The same; but an earlier release has an object of this chunk that cannot be used, because what it stands on has
    /// changed. So it is to stand on less: that takes two thirds of the time for 0.6 % more bytes, and is less likely
    /// to change again.
    case everybodyAgain
    /// Whoever has no release that patches are made from.
    case newcomers
  }

  /// How many hashes a chunk must have in common with another one that is encoded again.
  private static let gainAgain = 16
  /// A patch is for everybody else if it is at most so many hundredths of what newcomers get: a high level saves 10 to
  /// 15 %.
  private static let largestPatch = 80

  private let archive: HeldArchive
  private let similar: SimilarChunks?
  private let level: Int
  private let newcomerLevel: Int

  /// - Throws: `ErrorCode.chunkMissing`, `ErrorCode.inputOutput`.
  init(_ archive: HeldArchive, level: Int, newcomerLevel: Int, usesPrefixes: Bool) throws(GtachError) {
    self.archive = archive
    self.level = level
    self.newcomerLevel = newcomerLevel
    similar = usesPrefixes ? SimilarChunks(in: try archive.sampled(), sizes: archive.chunks.map(\.size)) : nil
  }

  /// The object of the chunk at a position.
  ///
  /// - Parameters:
  ///   - position: The position.
  ///   - patch: How many bytes the smallest patch of this chunk has; nil where there is none.
  ///   - again: Whether an earlier release has an object of this chunk that cannot be used.
  /// - Throws: As `object(at:for:)`.
  func object(at position: Int, patch: Int?, again: Bool) throws(GtachError) -> [UInt8] {
    if let patch {
      let object = try object(at: position, for: .newcomers)
      if patch <= object.count * Self.largestPatch / 100 { return object }
    }
    return try object(at: position, for: again ? .everybodyAgain : .everybody)
  }

  /// The object of the chunk at a position, for those who will want it.
  ///
  /// - Throws: `ErrorCode.chunkMissing`, `ErrorCode.inputOutput`, what `ChunkEncoder.frame` throws.
  func object(at position: Int, for demand: Demand) throws(GtachError) -> [UInt8] {
    let bytes = try archive.bytes(at: position)
    let minimumGain = demand == .everybodyAgain ? Self.gainAgain : SimilarChunks.minimumGain
    let before = similar?.similar(to: bytes[...], at: position, minimumGain: minimumGain) ?? []
    var prefix: [UInt8] = []
    for position in before { prefix += try archive.bytes(at: position) }
    return try ChunkEncoder(level: demand == .newcomers ? newcomerLevel : level).frame(
      of: bytes, after: (before.isEmpty ? .none : .chunks(before.map { archive.chunks[$0].name }), prefix))
  }
}

/// Makes patches: objects of a chunk and stretches of an older archive.
struct PatchMaker {
  /// How many bytes the pieces before a frame may be in all beyond the length of its chunk. With all that there may be
  /// it would have 1 % fewer bytes, and take three times as long.
  private static let frameExcess = 3 << 18

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
  /// - Throws: `ErrorCode.chunkMissing`, `ErrorCode.inputOutput`, what `ChunkEncoder.shortest` throws.
  func object(at position: Int) throws(GtachError) -> [UInt8]? {
    let bytes = try archive.bytes(at: position)
    let pieces = chooser.pieces(for: bytes[...])
    guard !pieces.isEmpty else { return nil }
    return try ChunkEncoder(level: level).shortest(of: bytes, after: (.pieces(pieces), base.bytes(pieces))) {
      () throws(GtachError) in
      let nearer = chooser.pieces(for: bytes[...], excess: Self.frameExcess)
      return (.pieces(nearer), try base.bytes(nearer))
    }
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
