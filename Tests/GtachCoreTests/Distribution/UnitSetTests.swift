import Testing

@testable import GtachCore

@Suite("Sets of units")
struct UnitSetTests {
  /// A set of these, below a number.
  private func set(_ units: some Sequence<Int>, below end: Int) -> UnitSet {
    var set = UnitSet(below: end)
    for unit in units { set.insert(unit) }
    return set
  }

  @Test("what is put in is in it once, and what is taken out is not")
  func members() {
    var set = UnitSet(below: 130)
    #expect(set.isEmpty && set.ranges.isEmpty)
    for unit in [0, 63, 64, 129] {
      #expect(!set.contains(unit))
      let outcomes = [set.insert(unit), set.insert(unit)]
      #expect(outcomes == [true, false])
      #expect(set.contains(unit))
    }
    #expect(set.count == 4)
    #expect(set.numbers == [0, 63, 64, 129])
    let outcomes = [set.remove(64), set.remove(64), set.remove(65)]
    #expect(outcomes == [true, false, false])
    #expect(set.count == 3 && !set.contains(64) && set.contains(63))
    #expect(UnitSet(below: 0).ranges.isEmpty)
  }

  @Test("ranges go over the borders of words, and do not touch")
  func ranges() {
    let cases: [[Range<Int>]] = [
      [0..<1], [63..<64], [64..<65], [0..<64], [64..<128], [0..<200], [1..<199], [60..<70, 127..<129],
      [0..<63, 64..<200], [0..<64, 65..<128, 190..<200], [62..<63, 64..<66], [199..<200],
    ]
    for ranges in cases {
      let set = set(ranges.joined(), below: 200)
      #expect(set.ranges == ranges)
      #expect(set.count == ranges.reduce(0) { $0 + $1.count })
      #expect(set.numbers == Array(ranges.joined()))
    }
  }

  @Test("what sets have in common is counted, and found by its rank")
  func common() {
    let evens = set(stride(from: 0, to: 200, by: 2), below: 200)
    let threes = set(stride(from: 0, to: 200, by: 3), below: 200)
    let all = set(0..<200, below: 200)
    let common = Array(stride(from: 0, to: 200, by: 6))
    let words = evens.common(with: threes)
    #expect(words.reduce(0) { $0 + $1.members.nonzeroBitCount } == common.count)
    #expect(words.units(ranks: Array(common.indices)) == common)
    #expect(words.units(ranks: [0, 11, 12, 33]) == [0, 66, 72, 198])
    #expect(words.units(ranks: [20]) == [120])
    #expect(words.units(ranks: []).isEmpty)
    #expect(evens.common(with: set([], below: 200)).isEmpty)
    #expect(set([199], below: 200).common(with: all).map(\.place) == [3])
    #expect(evens.intersects(threes))
    #expect(!evens.intersects(set(stride(from: 1, to: 200, by: 2), below: 200)))
    #expect(set([128], below: 200).intersects(evens) && !set([129], below: 200).intersects(evens))
  }
}
