/// Which units of an object are here, a bit for each.
struct UnitSet {
  /// How many units the object has.
  let unitCount: Int
  /// How many of them are here.
  private(set) var count = 0
  private var words: [UInt64]

  /// None are.
  init(unitCount: Int) {
    self.unitCount = unitCount
    words = Array(repeating: 0, count: (unitCount + 63) / 64)
  }

  /// Whether all are.
  var isWhole: Bool { count == unitCount }

  /// The numbers of those that are here, ascending.
  var numbers: [Int] { (0..<unitCount).filter(contains) }

  /// Whether a unit is here, of a number that the object has.
  func contains(_ number: Int) -> Bool { words[number / 64] & Self.bit(number) != 0 }

  /// Adds a unit of a number that the object has.
  mutating func insert(_ number: Int) {
    guard !contains(number) else { return }
    words[number / 64] |= Self.bit(number)
    count += 1
  }

  /// Takes a unit away, of a number that the object has.
  mutating func remove(_ number: Int) {
    guard contains(number) else { return }
    words[number / 64] &= ~Self.bit(number)
    count -= 1
  }

  private static func bit(_ number: Int) -> UInt64 { 1 << UInt64(number % 64) }
}
