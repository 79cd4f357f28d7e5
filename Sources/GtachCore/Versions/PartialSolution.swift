/// What is decided, and what follows from that, in the order in which it was found (PubGrub's partial solution).
struct PartialSolution {
  /// One narrowing of what a package's value may be.
  struct Assignment {
    let package: Int
    /// What this assignment alone says.
    let values: CandidateSet
    /// What is left of the package's values after it and all before it.
    let accumulated: CandidateSet
    /// How many decisions there were.
    let level: Int
    /// The incompatibility that it follows from; nil for a decision.
    let cause: Int?
  }

  private(set) var assignments: [Assignment] = []
  /// How many decisions there are.
  private(set) var level = 0
  /// For each package, its assignments.
  private var history: [[Int]] = []
  /// For each package, what is left of its values.
  private var current: [CandidateSet] = []
  /// For each package, what was decided.
  private(set) var decided: [Int?] = []

  /// Makes room for one more package, of so many values.
  mutating func add(valueCount: Int) {
    history.append([])
    current.append(CandidateSet(count: valueCount, full: true))
    decided.append(nil)
  }

  func values(of package: Int) -> CandidateSet { current[package] }

  /// Whether the package must be in the plan, and it is open which release of it.
  func isOpen(_ package: Int) -> Bool { decided[package] == nil && !current[package].contains(0) }

  mutating func decide(_ package: Int, _ value: Int) {
    level += 1
    decided[package] = value
    assign(package, CandidateSet([value], count: current[package].count), cause: nil)
  }

  mutating func derive(_ term: Term, cause: Int) { assign(term.package, term.values, cause: cause) }

  private mutating func assign(_ package: Int, _ values: CandidateSet, cause: Int?) {
    let accumulated = current[package].intersection(values)
    history[package].append(assignments.count)
    current[package] = accumulated
    assignments.append(
      Assignment(package: package, values: values, accumulated: accumulated, level: level, cause: cause))
  }

  /// Takes back everything after so many decisions.
  mutating func backtrack(to level: Int) {
    while let last = assignments.last, last.level > level {
      assignments.removeLast()
      history[last.package].removeLast()
      if last.cause == nil { decided[last.package] = nil }
      current[last.package] =
        history[last.package].last.map { assignments[$0].accumulated }
        ?? CandidateSet(count: last.values.count, full: true)
    }
    self.level = level
  }

  /// The first assignment after which a term holds; it must hold by now.
  ///
  /// - Parameter narrowing: Values to which the package is known to be restricted beside its assignments.
  func satisfier(of term: Term, narrowing: CandidateSet? = nil) -> Int? {
    // Each assignment leaves a subset of what the one before it left.
    let history = history[term.package]
    var (low, high) = (0, history.count)
    while low < high {
      let middle = (low + high) / 2
      var left = assignments[history[middle]].accumulated
      if let narrowing { left = left.intersection(narrowing) }
      if left.isSubset(of: term.values) { high = middle } else { low = middle + 1 }
    }
    return low < history.count ? history[low] : nil
  }
}
