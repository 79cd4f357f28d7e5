import GtachCore
import GtachModel
import Testing

@Suite("Neighbourhoods")
struct NeighbourhoodTests {
  private func points(_ count: Int, seed: UInt64) -> [UInt64] {
    var generator = SeededGenerator(seed: seed)
    return (0..<count).map { _ in generator.next() }
  }

  /// How many nodes are reached from the first one in so many steps.
  private func reached(_ neighbourhood: Neighbourhood, among nodes: Set<Int>, steps: Int) -> Int {
    var (seen, edge): (Set<Int>, Set<Int>) = ([nodes.min() ?? 0], [nodes.min() ?? 0])
    for _ in 0..<steps {
      edge = Set(edge.flatMap { neighbourhood.neighbours(of: $0) }).intersection(nodes).subtracting(seen)
      seen.formUnion(edge)
    }
    return seen.count
  }

  @Test func fewNodesAreAllConnected() {
    for count in [1, 2, 65] {
      let neighbourhood = Neighbourhood(points(count, seed: 1))
      for node in 0..<count { #expect(neighbourhood.neighbours(of: node) == (0..<count).filter { $0 != node }) }
    }
  }

  @Test(arguments: [66, 100, 1_000]) func manyNodesHaveAboutThirtyTwoNeighboursAndShortWays(count: Int) {
    let neighbourhood = Neighbourhood(points(count, seed: UInt64(count)))
    for node in 0..<count {
      let neighbours = neighbourhood.neighbours(of: node)
      #expect((16...32).contains(neighbours.count))
      #expect(!neighbours.contains(node) && neighbours == neighbours.sorted())
      for other in neighbours { #expect(neighbourhood.neighbours(of: other).contains(node)) }
    }
    #expect(reached(neighbourhood, among: Set(0..<count), steps: 3) == count)
    // A third of them may go.
    let left = Set((0..<count).filter { $0 % 3 != 0 })
    #expect(reached(neighbourhood, among: left, steps: 5) == left.count)
  }

  @Test func whoKnowsTheSameNodesFindsTheSameNeighboursWhateverTheOrder() {
    let points = points(200, seed: 3)
    let neighbourhood = Neighbourhood(points)
    var generator = SeededGenerator(seed: 4)
    let order = points.indices.shuffled(using: &generator)
    let shuffled = Neighbourhood(order.map { points[$0] })
    for (place, node) in order.enumerated() {
      #expect(Set(shuffled.neighbours(of: place).map { order[$0] }) == Set(neighbourhood.neighbours(of: node)))
    }
  }

  @Test func oneNodeMoreChangesLittle() {
    let points = points(200, seed: 5)
    let (before, after) = (Neighbourhood(Array(points.dropLast())), Neighbourhood(points))
    let changed = (0..<199).reduce(0) {
      $0 + Set(before.neighbours(of: $1)).symmetricDifference(after.neighbours(of: $1)).count
    }
    #expect(changed <= 16 * 2 * 3)
  }
}
