import GtachModel
import Testing

@testable import GtachCore

@Suite("How rare units are")
struct UnitRarityTests {
  /// As many holders of each unit as its number says.
  private func rarity(_ holders: [Int]) -> UnitRarity {
    var rarity = UnitRarity(count: holders.count)
    for (unit, count) in holders.enumerated() { for _ in 0..<count { rarity.add(unit) } }
    return rarity
  }

  private func all(below end: Int) -> UnitSet {
    var all = UnitSet(below: end)
    for unit in 0..<end { all.insert(unit) }
    return all
  }

  private func rarest(_ rarity: UnitRarity, of has: UnitSet, free: UnitSet, most: Int, seed: UInt64 = 1) -> [Int] {
    var generator = SeededGenerator(seed: seed)
    return rarity.rarest(of: has, free: free, most: most, using: &generator)
  }

  @Test("holders are counted up and down, whatever they are of the units beside them")
  func counting() {
    let holders = (0..<130).map { $0 * 7 % 71 }
    var rarity = rarity(holders)
    #expect((0..<130).map(rarity.holders) == holders)
    for (unit, count) in holders.enumerated() where unit % 3 == 0 { for _ in 0..<count { rarity.remove(unit) } }
    #expect((0..<130).map(rarity.holders) == holders.enumerated().map { $0 % 3 == 0 ? 0 : $1 })
    #expect(UnitRarity(count: 0).count == 0)
  }

  @Test("of what a neighbour has and is free, only units come that fewest have, each of them some time")
  func fewest() {
    let holders = (0..<200).map { unit in [70, 130, 199].contains(unit) ? 5 : 6 + unit % 60 }
    let (rarity, all) = (rarity(holders), all(below: 200))
    #expect(Set(rarest(rarity, of: all, free: all, most: 16)) == [70, 130, 199])
    var free = all
    for unit in [70, 130, 199] { free.remove(unit) }
    #expect(Set(rarest(rarity, of: all, free: free, most: 16)) == [0, 60, 120, 180])
    #expect(Set(rarest(rarity, of: free, free: all, most: 16)) == [0, 60, 120, 180])
    #expect(rarest(rarity, of: all, free: UnitSet(below: 200), most: 16).isEmpty)
    let chosen = (0..<50).flatMap { rarest(rarity, of: all, free: all, most: 1, seed: UInt64($0)) }
    #expect(chosen.count == 50 && Set(chosen) == [70, 130, 199])
  }

  @Test("of many that are equally rare as many come as are asked for, no two of them the same")
  func sample() {
    let (rarity, all) = (rarity([Int](repeating: 3, count: 500)), all(below: 500))
    for seed in UInt64(0)..<20 {
      let chosen = rarest(rarity, of: all, free: all, most: 16, seed: seed)
      #expect(chosen.count == 16 && Set(chosen).count == 16 && chosen.allSatisfy((0..<500).contains))
    }
  }
}
