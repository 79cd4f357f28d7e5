/// A set of the values that a package can take in a plan, by position: 0 is "not in the plan", and each further one is
/// a candidate.
///
/// PubGrub's terms ("foo ^1.0.0", "not foo ^1.0.0") become plain sets that way: a term with position 0 is a negative
/// one. What npm's rules say of prereleases, and what platforms exclude, needs no arithmetic of ranges either.
struct CandidateSet: Hashable, Sendable {
  /// How many values there are, in the set or not.
  let count: Int
  private var words: [UInt64]

  /// The set of none, or of all, of so many values.
  init(count: Int, full: Bool = false) {
    self.count = count
    words = Array(repeating: full ? .max : 0, count: (count + 63) / 64)
    if full, count % 64 != 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
  }

  /// The set of some of so many values.
  init(_ elements: some Sequence<Int>, count: Int) {
    self.init(count: count)
    for element in elements { insert(element) }
  }

  mutating func insert(_ element: Int) { words[element / 64] |= 1 << UInt64(element % 64) }

  func contains(_ element: Int) -> Bool { words[element / 64] & 1 << UInt64(element % 64) != 0 }

  var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

  var isFull: Bool { elementCount == count }

  var elementCount: Int { words.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// What is in it, ascending.
  var elements: [Int] {
    var result: [Int] = []
    for (position, word) in words.enumerated() {
      var rest = word
      while rest != 0 {
        result.append(position * 64 + rest.trailingZeroBitCount)
        rest &= rest - 1
      }
    }
    return result
  }

  func isSubset(of other: CandidateSet) -> Bool {
    for position in words.indices where words[position] & ~other.words[position] != 0 { return false }
    return true
  }

  func isDisjoint(with other: CandidateSet) -> Bool {
    for position in words.indices where words[position] & other.words[position] != 0 { return false }
    return true
  }

  func intersection(_ other: CandidateSet) -> CandidateSet {
    var result = self
    for position in words.indices { result.words[position] &= other.words[position] }
    return result
  }

  func union(_ other: CandidateSet) -> CandidateSet {
    var result = self
    for position in words.indices { result.words[position] |= other.words[position] }
    return result
  }

  /// All that is not in it.
  var complement: CandidateSet {
    var result = CandidateSet(count: count, full: true)
    for position in words.indices { result.words[position] &= ~words[position] }
    return result
  }
}
