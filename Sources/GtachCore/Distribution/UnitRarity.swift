/// How many neighbours have each unit of a variant, so that what is rarest is found without a look at each unit, of
/// which a large release has many.
///
/// The counts are kept bit by bit: of 64 units the lowest bits in one word, the next ones in the word behind it. One
/// more or one less is a carry through a few neighbouring words, and the least of 64 counts is found in as many steps
/// as they have bits.
struct UnitRarity: Sendable {
  /// How many units there are.
  let count: Int
  /// By 64 units: the bits of their counts, the lowest first.
  private var words: [UInt64]
  /// How many bits a count has.
  private var bits = 1

  /// Nobody has anything of so many units.
  init(count: Int) {
    self.count = count
    words = [UInt64](repeating: 0, count: (count + 63) / 64)
  }

  /// How many neighbours have a unit.
  func holders(of unit: Int) -> Int {
    let start = (unit >> 6) * bits
    return (0..<bits).reduce(0) { $0 | Int(words[start + $1] >> UInt64(unit & 63) & 1) << $1 }
  }

  /// One more neighbour has a unit.
  mutating func add(_ unit: Int) {
    let start = (unit >> 6) * bits
    let mask: UInt64 = 1 << UInt64(unit & 63)
    for place in start..<start + bits {
      words[place] ^= mask
      // A bit that is none any more is carried.
      if words[place] & mask != 0 { return }
    }
    widen()
    words[(unit >> 6) * bits + bits - 1] |= mask
  }

  /// One neighbour less has a unit, of those that were added.
  mutating func remove(_ unit: Int) {
    let start = (unit >> 6) * bits
    let mask: UInt64 = 1 << UInt64(unit & 63)
    for place in start..<start + bits {
      words[place] ^= mask
      if words[place] & mask == 0 { return }
    }
  }

  /// Some of the units of a neighbour that are free and fewest others have, at random.
  ///
  /// - Parameter most: How many at most.
  func rarest(
    of has: UnitSet, free: UnitSet, most: Int, using generator: inout some RandomNumberGenerator
  ) -> [Int] {
    var candidates = has.common(with: free)
    guard !candidates.isEmpty else { return [] }
    for bit in (0..<bits).reversed() {
      // Where some lack the bit, those that have it are more often had.
      guard candidates.contains(where: { $0.members & ~words[$0.place * bits + bit] != 0 }) else { continue }
      for position in candidates.indices {
        candidates[position].members &= ~words[candidates[position].place * bits + bit]
      }
    }
    let count = candidates.reduce(0) { $0 + $1.members.nonzeroBitCount }
    // Floyd's sample: as many draws as there are units in it.
    var ranks: [Int] = []
    for last in max(0, count - most)..<count {
      let rank = Int.random(in: 0...last, using: &generator)
      ranks.append(ranks.contains(rank) ? last : rank)
    }
    return candidates.units(ranks: ranks.sorted()).shuffled(using: &generator)
  }

  /// Gives counts another bit.
  private mutating func widen() {
    var wide: [UInt64] = []
    wide.reserveCapacity(words.count / bits * (bits + 1))
    for start in stride(from: 0, to: words.count, by: bits) {
      wide += words[start..<start + bits]
      wide.append(0)
    }
    words = wide
    bits += 1
  }
}
