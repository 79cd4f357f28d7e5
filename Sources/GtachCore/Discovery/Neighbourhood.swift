/// Who keeps company with whom where everybody with everybody would be too many.
///
/// Some rings are laid through all nodes, each in another random order, and on each a node has two neighbours.
/// Everybody finds them from who there is, without asking: who knows the same nodes finds the same rings. Any few of
/// such rings together have short ways from everybody to everybody, and hold together when nodes go; a lattice of nodes
/// near each other does not.
public struct Neighbourhood: Sendable {
  /// Up to how many others everybody is connected with everybody.
  public static let fullMesh = 64
  /// How many rings there are: each node has twice as many neighbours, or a few less.
  public static let rings = 16

  /// By place: the places of the neighbours, ascending.
  private let neighbours: [[Int]]

  /// The neighbourhood of some nodes.
  ///
  /// - Parameter points: A number for each that is as good as random, and the same for whoever looks at it.
  public init(_ points: [UInt64]) {
    guard points.count > Self.fullMesh + 1 else {
      neighbours = points.indices.map { node in points.indices.filter { $0 != node } }
      return
    }
    var sets = [Set<Int>](repeating: [], count: points.count)
    for ring in 0..<UInt64(Self.rings) {
      let order = points.map { Self.mixed($0 ^ Self.mixed(ring)) }
      let places = points.indices.sorted { (order[$0], points[$0]) < (order[$1], points[$1]) }
      for position in places.indices {
        let (left, right) = (places[position], places[(position + 1) % places.count])
        sets[left].insert(right)
        sets[right].insert(left)
      }
    }
    neighbours = sets.map { $0.sorted() }
  }

  /// The neighbours of the node at a place, ascending.
  public func neighbours(of place: Int) -> [Int] { neighbours[place] }

  /// One of the bijections of 64 bits that look random (the finalizer of SplitMix64: Steele, Lea, Flood, 2014).
  private static func mixed(_ value: UInt64) -> UInt64 {
    var value = value &+ 0x9E37_79B9_7F4A_7C15
    value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
    return value ^ value >> 31
  }
}
