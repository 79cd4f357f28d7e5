import GtachModel

/// Which objects of an index a node can decode with what it holds, and which of them are the fewest bytes.
public struct ObjectChoice: Hashable, Sendable {
  private let usable: Set<Int>

  /// - Parameter bases: The positions of those bases that are here. Full objects can be decoded with none.
  public init(bases: Set<Int>) { usable = bases }

  /// The objects among some that can be decoded, the fewest bytes first; of equals the full one, which may serve
  /// others.
  public func ways(_ numbers: Range<Int>, of index: ChunkIndex) -> [Int] {
    numbers.filter { number in
      switch index.objects[number].encoding {
      case .full: true
      case .patch(let base): usable.contains(base)
      }
    }.sorted { (index.objects[$0].size, $0) < (index.objects[$1].size, $1) }
  }

  /// How many bytes of objects a node fetches that holds one release and wants another.
  ///
  /// - Parameters:
  ///   - held: The index of the release that it holds; nil where it holds none.
  ///   - archive: The SHA-256 of that one's archive.
  ///   - wanted: The index of the other.
  public static func bytes(from held: ChunkIndex?, archive: Digest?, to wanted: ChunkIndex) -> Int {
    let here = Set(held?.chunks.map(\.digest) ?? [])
    let choice = ObjectChoice(bases: Set(wanted.bases.indices.filter { wanted.bases[$0].archive == archive }))
    return wanted.objectsByChunk.reduce(0) { sum, numbers in
      if here.contains(wanted.chunks[wanted.objects[numbers.lowerBound].chunk].digest) { return sum }
      return sum + (choice.ways(numbers, of: wanted).first.map { wanted.objects[$0].size } ?? 0)
    }
  }
}
