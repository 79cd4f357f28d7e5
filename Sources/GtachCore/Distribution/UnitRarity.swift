/// How many neighbours have each unit of a variant, and which units have equally many: what is rarest is found without
/// a look at each unit, of which a large release has many.
struct UnitRarity: Sendable {
  private var holders: [UInt16]
  /// The units that so many neighbours have, from one on.
  private var levels: [UnitSet] = []

  /// Nobody has anything of so many units.
  init(count: Int) { holders = [UInt16](repeating: 0, count: count) }

  /// How many units there are.
  var count: Int { holders.count }

  /// How many neighbours have a unit.
  func holders(of unit: Int) -> Int { Int(holders[unit]) }

  /// One more neighbour has a unit.
  mutating func add(_ unit: Int) {
    let before = Int(holders[unit])
    holders[unit] += 1
    if before > 0 { levels[before - 1].remove(unit) }
    if before == levels.count { levels.append(UnitSet(below: count)) }
    levels[before].insert(unit)
  }

  /// One neighbour less has a unit.
  mutating func remove(_ unit: Int) {
    holders[unit] -= 1
    let left = Int(holders[unit])
    levels[left].remove(unit)
    if left > 0 { levels[left - 1].insert(unit) }
  }

  /// Some of the units of a neighbour that are free and fewest others have, at random.
  ///
  /// - Parameter most: How many at most.
  func rarest(
    of has: UnitSet, free: UnitSet, most: Int, using generator: inout some RandomNumberGenerator
  ) -> [Int] {
    for level in levels {
      let count = level.commonCount(with: has, free)
      guard count > 0 else { continue }
      // Floyd's sample: as many draws as there are units in it.
      var ranks: [Int] = []
      for last in max(0, count - most)..<count {
        let rank = Int.random(in: 0...last, using: &generator)
        ranks.append(ranks.contains(rank) ? last : rank)
      }
      return level.common(with: has, free, ranks: ranks.sorted()).shuffled(using: &generator)
    }
    return []
  }
}
