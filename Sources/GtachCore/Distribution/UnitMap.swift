import GtachModel

/// The numbers by which nodes speak of what a variant is fetched as: the units of all objects of its index, in their
/// order, and after them one number for each different chunk, in the order in which they first occur, for the bare
/// chunk.
public struct UnitMap: Hashable, Sendable {
  /// What a number means.
  public enum Part: Hashable, Sendable {
    /// A unit of an object, by the object's number in the index.
    case unit(Int, object: Int)
    /// A chunk as it is, by its position in the index.
    case chunk(Int)
  }

  /// The index.
  public let index: ChunkIndex
  /// The number of the first unit of each object, and that of the first bare chunk.
  private let firstUnits: [Int]
  /// Where each different chunk first occurs.
  private let chunkPositions: [Int]

  /// The numbers of a variant.
  public init(_ index: ChunkIndex) {
    self.index = index
    var next = 0
    var firstUnits: [Int] = []
    firstUnits.reserveCapacity(index.objects.count + 1)
    for object in index.objects {
      firstUnits.append(next)
      next += UnitList.count(size: object.size, unitSize: index.unitSize)
    }
    firstUnits.append(next)
    self.firstUnits = firstUnits
    chunkPositions = index.objects.filter { $0.encoding == .full }.map(\.chunk)
  }

  /// How many numbers there are.
  public var count: Int { firstBareChunk + chunkPositions.count }

  /// The number of the first bare chunk.
  public var firstBareChunk: Int { firstUnits[firstUnits.count - 1] }

  /// The numbers of an object's units.
  public func units(ofObject number: Int) -> Range<Int> { firstUnits[number]..<firstUnits[number + 1] }

  /// The number of a bare chunk.
  ///
  /// - Parameter position: Where the chunk first occurs in the index.
  public func number(ofChunk position: Int) -> Int { firstBareChunk + Self.place(of: position, in: chunkPositions) }

  /// What a number below `count` means.
  public func part(_ number: Int) -> Part {
    if number >= firstBareChunk { return .chunk(chunkPositions[number - firstBareChunk]) }
    let object = Self.place(of: number, in: firstUnits)
    return .unit(number - firstUnits[object], object: object)
  }

  /// How many bytes come for a number, of a bare chunk at most.
  public func bytes(_ number: Int) -> Int {
    switch part(number) {
    case .chunk(let position): index.chunks[position].size
    case .unit(let unit, let object): min(index.unitSize, index.objects[object].size - unit * index.unitSize)
    }
  }

  /// The last of ascending values that is not above one.
  private static func place(of value: Int, in ascending: [Int]) -> Int {
    var (low, high) = (0, ascending.count)
    while low < high {
      let middle = (low + high) / 2
      if ascending[middle] <= value { low = middle + 1 } else { high = middle }
    }
    return low - 1
  }
}
