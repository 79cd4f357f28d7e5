/// A set of units, by their numbers in a variant: a bit for each.
public struct UnitSet: Hashable, Sendable {
  private var words: [UInt64]
  /// How many units are in it.
  public private(set) var count = 0

  /// An empty set of units whose numbers are below one.
  public init(below end: Int) { words = [UInt64](repeating: 0, count: (end + 63) / 64) }

  /// Whether nothing is in it.
  public var isEmpty: Bool { count == 0 }

  /// Whether a unit is in it.
  public func contains(_ unit: Int) -> Bool { words[unit >> 6] & Self.bit(unit) != 0 }

  /// Adds a unit.
  ///
  /// - Returns: Whether it was not in it.
  @discardableResult
  public mutating func insert(_ unit: Int) -> Bool {
    guard !contains(unit) else { return false }
    words[unit >> 6] |= Self.bit(unit)
    count += 1
    return true
  }

  /// Takes a unit out.
  ///
  /// - Returns: Whether it was in it.
  @discardableResult
  public mutating func remove(_ unit: Int) -> Bool {
    guard contains(unit) else { return false }
    words[unit >> 6] &= ~Self.bit(unit)
    count -= 1
    return true
  }

  /// Whether any unit is in this set and in another of the same variant.
  public func intersects(_ other: UnitSet) -> Bool {
    for place in words.indices where words[place] & other.words[place] != 0 { return true }
    return false
  }

  /// The first unit from a number on that is in this set and in another of the same variant.
  public func first(in other: UnitSet, from start: Int) -> Int? {
    guard start >> 6 < words.count else { return nil }
    var mask = UInt64.max << UInt64(start & 63)
    for place in (start >> 6)..<words.count {
      let word = words[place] & other.words[place] & mask
      if word != 0 { return place << 6 | word.trailingZeroBitCount }
      mask = .max
    }
    return nil
  }

  /// Those of 64 units that are in a set.
  struct Word {
    /// Which 64 units.
    let place: Int
    /// A bit for each of them.
    var members: UInt64
  }

  /// What is in this set and in another of the same variant, without what is empty.
  func common(with other: UnitSet) -> [Word] {
    var common: [Word] = []
    for place in words.indices {
      let members = words[place] & other.words[place]
      guard members != 0 else { continue }
      if common.isEmpty { common.reserveCapacity(words.count - place) }
      common.append(Word(place: place, members: members))
    }
    return common
  }

  /// Its units in ascending order.
  public var numbers: [Int] { Array(ranges.joined()) }

  /// The same as ranges that do not touch.
  public var ranges: [Range<Int>] {
    var ranges: [Range<Int>] = []
    for place in words.indices {
      var word = words[place]
      while word != 0 {
        let start = word.trailingZeroBitCount
        let length = (~(word >> UInt64(start))).trailingZeroBitCount
        let range = (place << 6 | start)..<(place << 6 | start) + length
        if let last = ranges.last, last.upperBound == range.lowerBound {
          ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
        } else {
          ranges.append(range)
        }
        word = start + length == 64 ? 0 : word & (UInt64.max << UInt64(start + length))
      }
    }
    return ranges
  }

  private static func bit(_ unit: Int) -> UInt64 { 1 << UInt64(unit & 63) }
}

extension [UnitSet.Word] {
  /// Some of the units.
  ///
  /// - Parameter ranks: Which of them, counted from 0 on; ascending.
  func units(ranks: [Int]) -> [Int] {
    var units: [Int] = []
    units.reserveCapacity(ranks.count)
    var seen = 0
    for word in self {
      guard units.count < ranks.count else { break }
      var members = word.members
      let end = seen + members.nonzeroBitCount
      while units.count < ranks.count, ranks[units.count] < end {
        while seen < ranks[units.count] {
          members &= members - 1
          seen += 1
        }
        units.append(word.place << 6 | members.trailingZeroBitCount)
      }
      seen = end
    }
    return units
  }
}
