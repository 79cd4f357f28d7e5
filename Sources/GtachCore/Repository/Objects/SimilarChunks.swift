/// Finds which earlier chunks of the same archive a chunk has the most in common with.
public struct SimilarChunks: Sendable {
  private let archive: SampledArchive
  /// Where each chunk begins.
  private let offsets: [Int]

  /// - Parameters:
  ///   - archive: The sampled hashes of the archive.
  ///   - sizes: The lengths of its chunks in bytes.
  public init(in archive: SampledArchive, sizes: [Int]) {
    self.archive = archive
    var offset = 0
    offsets = sizes.map { size in
      defer { offset += size }
      return offset
    }
  }

  /// The positions of up to eight earlier chunks, the best last.
  ///
  /// - Parameters:
  ///   - chunk: The bytes of a chunk.
  ///   - position: Its position in the archive.
  ///   - minimumGain: How many hashes each must have in common with it that no better one has.
  public func similar(
    to chunk: ArraySlice<UInt8>, at position: Int, minimumGain: Int = Self.minimumGain
  ) -> [Int] {
    let hashes = SampledHash.hashes(of: chunk)
    var cover = GreedyCover(memberCount: hashes.count)
    for (number, hash) in hashes.enumerated() {
      for place in archive.places(of: hash) where place < offsets[position] {
        cover.add(number, to: chunkPosition(at: place))
      }
    }
    return cover.chosen(atMost: ObjectHeader.maximumChunks, minimumGain: minimumGain).map(\.group).reversed()
  }

  /// How many hashes a chunk must have in common where only bytes count.
  public static let minimumGain = 4

  private func chunkPosition(at place: Int) -> Int {
    var (low, high) = (0, offsets.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if offsets[middle] <= place { low = middle } else { high = middle }
    }
    return low
  }
}
