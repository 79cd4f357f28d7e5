/// Chooses groups one after the other, each time the one with the most members that no chosen one has: the usual
/// approximation to covering the most with the fewest.
struct GreedyCover {
  /// The members of each group.
  private var groups: [Int: [Int32]] = [:]
  private let memberCount: Int

  /// No groups yet, of members 0 to so many.
  init(memberCount: Int) { self.memberCount = memberCount }

  /// Puts a member into a group; one that is added twice in a row counts once.
  mutating func add(_ member: Int, to group: Int) {
    if groups[group]?.last != Int32(member) { groups[group, default: []].append(Int32(member)) }
  }

  /// The chosen groups and how many members each has that none before it has; of equals the lower number comes first.
  func chosen(atMost limit: Int, minimumGain: Int) -> [(group: Int, gain: Int)] {
    var covered = Array(repeating: false, count: memberCount)
    // What was once the gain of a group can only have become less: it is counted anew only where it could win.
    var candidates = groups.map { (group: $0.key, gain: $0.value.count) }.sorted(by: Self.isBetter)
    var result: [(group: Int, gain: Int)] = []
    while result.count < limit {
      var best: Int?
      for position in candidates.indices {
        if let best, !Self.isBetter(candidates[position], candidates[best]) { continue }
        let members = groups[candidates[position].group, default: []]
        candidates[position].gain = members.reduce(0) { $0 + (covered[Int($1)] ? 0 : 1) }
        if best.map({ Self.isBetter(candidates[position], candidates[$0]) }) ?? true { best = position }
      }
      guard let best, candidates[best].gain >= minimumGain else { break }
      let chosen = candidates.remove(at: best)
      for member in groups[chosen.group, default: []] { covered[Int(member)] = true }
      result.append(chosen)
    }
    return result
  }

  private static func isBetter(_ left: (group: Int, gain: Int), _ right: (group: Int, gain: Int)) -> Bool {
    left.gain > right.gain || (left.gain == right.gain && left.group < right.group)
  }
}
