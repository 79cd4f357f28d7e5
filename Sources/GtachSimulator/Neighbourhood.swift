import GtachModel

/// Who is connected with whom.
enum Neighbourhood {
  /// Up to how many nodes everybody is connected with everybody.
  static let fullMesh = 65
  /// How many random rings are laid through all nodes where there are more: each gives everybody two neighbours.
  static let rings = 16

  /// The neighbours of each node, ascending.
  static func make(nodes count: Int, using generator: inout SeededGenerator) -> [[Int]] {
    guard count > fullMesh else { return (0..<count).map { node in (0..<count).filter { $0 != node } } }
    var neighbours = [Set<Int>](repeating: [], count: count)
    for _ in 0..<rings {
      let ring = (0..<count).shuffled(using: &generator)
      for place in ring.indices {
        let (left, right) = (ring[place], ring[(place + 1) % count])
        neighbours[left].insert(right)
        neighbours[right].insert(left)
      }
    }
    return neighbours.map { $0.sorted() }
  }
}
