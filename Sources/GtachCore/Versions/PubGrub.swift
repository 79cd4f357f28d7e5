import GtachModel

/// Finds a set of releases that satisfies everything, or the reason why there is none, with PubGrub's conflict-driven
/// search (Natalie Weizenbaum, "PubGrub: Next-Generation Version Solving", 2018, and the solver's description in the
/// documentation of Dart's pub).
///
/// What is asked for and what that needs gets the newest release possible; what is installed beside it stays as it is
/// unless it has to change. The same problem always gives the same answer.
struct PubGrub {
  private(set) var pool: CandidatePool
  private(set) var incompatibilities: [Incompatibility] = []
  private(set) var effort = InstallPlan.Effort()
  private var solution = PartialSolution()
  /// For each package, the incompatibilities that speak of it.
  private var mentions: [[Int]] = [[]]
  /// Packages about which something became known since their incompatibilities were looked at.
  private var changed: [Int] = []
  /// The requirements of releases that are among the incompatibilities already.
  private var known: Set<Need> = []
  /// For each package, after how many decisions something that was asked for was found to need it.
  private var askedSince: [Int?] = [nil]
  /// For each package, how many conflicts it had a part in.
  private var conflicts: [Int] = [0]

  private struct Need: Hashable {
    let package: Int
    let name: PackageName
    let range: VersionRange
  }

  /// Why a search ends without a solution.
  enum Failure: Error, Equatable {
    /// Nothing can satisfy everything; the incompatibility of this number says so.
    case contradiction(Int)
    /// It took too many steps.
    case givenUp
  }

  /// After how many steps a search is given up. Resolution is NP-complete: requirements can be written, by mistake or
  /// on purpose, on which any search takes for ever, and every node of the fleet would make it. The most that 1,000
  /// packages of 40 releases took was 200,000 (scripts/bench/resolve.sh).
  static let maximumSteps = 1_000_000
  private let maximumSteps: Int

  init(_ problem: ResolutionProblem, maximumSteps: Int = PubGrub.maximumSteps) {
    self.maximumSteps = maximumSteps
    pool = CandidatePool(problem)
    solution.add(valueCount: pool.packages[0].valueCount)
  }

  /// Searches.
  ///
  /// - Returns: The value of each package that is in the plan, by its number; the root is not.
  /// - Throws: The contradiction where there is no plan; `incompatibilities` says where it comes from. `givenUp`.
  mutating func solve() throws(Failure) -> [Int: Int] {
    let root = CandidatePool.root
    solution.decide(root.package, root.value)
    changed = [root.package]
    for requirement in pool.problem.requirements {
      let package = number(of: requirement.name)
      askedSince[package] = 0
      let values = pool.values(of: package, for: requirement)
      addRoot(Term(package: package, values: values.complement), cause: .requirement(requirement))
    }
    for (name, installed) in pool.problem.installed.sorted(by: { $0.key < $1.key })
    where !installed.isDependency && !pool.problem.isNamed(name) {
      let package = number(of: name)
      let absent = CandidateSet([0], count: pool.packages[package].valueCount)
      addRoot(Term(package: package, values: absent), cause: .installed(name))
    }
    try propagate()
    while let package = nextOpen() {
      // Counted here and at each conflict: between two of these, only so much can follow.
      guard effort.steps < maximumSteps else { throw .givenUp }
      choose(package)
      try propagate()
    }
    return Dictionary(
      uniqueKeysWithValues: solution.decided.enumerated().compactMap { package, value in
        package == root.package ? nil : value.map { (package, $0) }
      })
  }

  // MARK: - Packages and incompatibilities

  private mutating func number(of name: PackageName) -> Int {
    let package = pool.number(of: name)
    guard package == mentions.count else { return package }
    let candidates = pool.packages[package].candidates
    solution.add(valueCount: candidates.count + 1)
    mentions.append([])
    askedSince.append(nil)
    conflicts.append(0)
    let excluded = candidates.indices.filter { candidates[$0].exclusion != nil }
    let positions = Dictionary(grouping: excluded, by: { candidates[$0].exclusion })
    // A dictionary's order is another one in every process; each of its values is ascending and not empty.
    for (exclusion, positions) in positions.sorted(by: { $0.value[0] < $1.value[0] }) {
      guard let exclusion else { continue }
      let values = CandidateSet(positions.map { $0 + 1 }, count: candidates.count + 1)
      add(Incompatibility([Term(package: package, values: values)], cause: .exclusion(exclusion)))
    }
    changed.append(package)
    return package
  }

  private mutating func addRoot(_ term: Term, cause: Incompatibility.Cause) {
    let root = Term(
      package: CandidatePool.root.package, values: CandidateSet([CandidatePool.root.value], count: 2))
    add(Incompatibility([root, term], cause: cause))
  }

  private mutating func add(_ incompatibility: Incompatibility) {
    guard !incompatibility.isVoid else { return }
    incompatibilities.append(incompatibility)
    register(incompatibilities.count - 1)
  }

  private mutating func register(_ number: Int) {
    for term in incompatibilities[number].terms { mentions[term.package].append(number) }
  }

  // MARK: - Propagation

  private enum Relation {
    /// Every term holds: something must be taken back.
    case conflict
    /// Every term holds but this one, which therefore must not.
    case almost(Term)
    /// Nothing follows.
    case open
  }

  private func relation(_ incompatibility: Incompatibility) -> Relation {
    var unsatisfied: Term?
    for term in incompatibility.terms {
      let values = solution.values(of: term.package)
      if values.isSubset(of: term.values) { continue }
      if unsatisfied != nil || values.isDisjoint(with: term.values) { return .open }
      unsatisfied = term
    }
    return unsatisfied.map(Relation.almost) ?? .conflict
  }

  /// Finds out all that follows from what is decided (unit propagation).
  private mutating func propagate() throws(Failure) {
    packages: while let package = changed.popLast() {
      for number in mentions[package].reversed() {
        switch relation(incompatibilities[number]) {
        case .open: continue
        case .almost(let term): derive(term, cause: number)
        case .conflict:
          guard effort.steps < maximumSteps else { throw .givenUp }
          // What was to be looked at has been taken back with the rest; what was learned leads on from there.
          let learned = try resolve(conflict: number)
          changed = []
          if case .almost(let term) = relation(incompatibilities[learned]) { derive(term, cause: learned) }
          continue packages
        }
      }
    }
  }

  private mutating func derive(_ term: Term, cause: Int) {
    effort.derivations += 1
    solution.derive(Term(package: term.package, values: term.values.complement), cause: cause)
    changed.append(term.package)
  }

  // MARK: - Conflicts

  /// Traces a conflict back to what caused it, takes back what it excludes, and remembers why (conflict-driven clause
  /// learning).
  ///
  /// - Returns: The number of an incompatibility of which all terms but one still hold.
  private mutating func resolve(conflict: Int) throws(Failure) -> Int {
    var number = conflict
    while true {
      let incompatibility = incompatibilities[number]
      guard incompatibility.terms.contains(where: { $0.package != CandidatePool.root.package }) else {
        throw .contradiction(number)
      }
      let (latest, term, previousLevel) = satisfier(of: incompatibility)
      let assignment = solution.assignments[latest]
      guard let cause = assignment.cause, previousLevel >= assignment.level else {
        backtrack(to: previousLevel)
        for term in incompatibility.terms { conflicts[term.package] += 1 }
        if number != conflict { register(number) }
        return number
      }
      effort.conflicts += 1
      incompatibilities.append(
        resolvent(of: number, and: cause, on: term.package))
      number = incompatibilities.count - 1
    }
  }

  /// The last assignment without which the terms would not all hold, the term that it is about, and after how many
  /// decisions the rest held.
  private func satisfier(of incompatibility: Incompatibility) -> (assignment: Int, term: Term, previousLevel: Int) {
    var latest: (assignment: Int, term: Term)?
    var previousLevel = 1  // the root's decision is never taken back
    func level(_ assignment: Int) -> Int { solution.assignments[assignment].level }
    for term in incompatibility.terms {
      guard let assignment = solution.satisfier(of: term) else { continue }
      if let before = latest, before.assignment > assignment {
        previousLevel = max(previousLevel, level(assignment))
      } else {
        if let before = latest { previousLevel = max(previousLevel, level(before.assignment)) }
        latest = (assignment, term)
      }
    }
    guard let latest else { preconditionFailure("a conflict that nothing satisfies") }
    let own = solution.assignments[latest.assignment].values
    // It may need earlier assignments of the same package to do so.
    if !own.isSubset(of: latest.term.values), let before = solution.satisfier(of: latest.term, narrowing: own) {
      previousLevel = max(previousLevel, level(before))
    }
    return (latest.assignment, latest.term, previousLevel)
  }

  /// What follows from two incompatibilities about one package (the rule of resolution).
  private func resolvent(of first: Int, and second: Int, on package: Int) -> Incompatibility {
    var terms: [Term] = []
    var own: [CandidateSet] = []
    for term in incompatibilities[first].terms + incompatibilities[second].terms {
      if term.package == package { own.append(term.values) } else { terms.append(term) }
    }
    if own.count == 2 { terms.append(Term(package: package, values: own[0].union(own[1]))) }
    return Incompatibility(terms, cause: .conflict(first, second))
  }

  private mutating func backtrack(to level: Int) {
    solution.backtrack(to: level)
    for package in askedSince.indices {
      if let since = askedSince[package], since > level { askedSince[package] = nil }
    }
  }

  // MARK: - Decisions

  /// The next package to choose a release of: of what was asked for and what that needs first, the one that had a part
  /// in the most conflicts, so that what is hard is settled early; of equals the one with the fewest possibilities.
  private func nextOpen() -> Int? {
    var best: (package: Int, rank: (Int, Int, Int))?
    for package in mentions.indices where solution.isOpen(package) {
      let rank = (
        askedSince[package] == nil ? 1 : 0, -conflicts[package], solution.values(of: package).elementCount
      )
      if let best, best.rank <= rank { continue }
      best = (package, rank)
    }
    return best?.package
  }

  /// Chooses a release, unless what it needs shows at once that it is impossible.
  private mutating func choose(_ package: Int) {
    let value = preferred(package)
    changed.append(package)
    let candidate = pool.packages[package][value]
    var isPossible = true
    var needed: [Int] = []
    for (name, range) in candidate.dependencies.sorted(by: { $0.key < $1.key }) {
      let other = number(of: name)
      needed.append(other)
      guard known.insert(Need(package: package, name: name, range: range)).inserted else { continue }
      let users = Term(package: package, values: pool.values(of: package, needing: name, in: range))
      let rest = Term(package: other, values: pool.values(of: other, in: range).complement)
      let incompatibility = Incompatibility(
        [users, rest], cause: .dependency(of: package, on: other, range: range))
      add(incompatibility)
      if !incompatibility.isVoid,
        incompatibility.terms.allSatisfy({
          $0.package == package ? $0.values.contains(value) : solution.values(of: $0.package).isSubset(of: $0.values)
        })
      {
        isPossible = false
      }
    }
    guard isPossible else { return }
    effort.decisions += 1
    solution.decide(package, value)
    guard askedSince[package] != nil else { return }
    for other in needed where askedSince[other] == nil { askedSince[other] = solution.level }
  }

  private func preferred(_ package: Int) -> Int {
    let values = solution.values(of: package).elements
    guard let newest = values.last else { preconditionFailure("a package without possibilities is open") }
    if askedSince[package] != nil { return newest }
    let candidates = pool.packages[package]
    return values.first { candidates[$0].isInstalled }
      ?? values.last { !candidates[$0].version.isPrerelease } ?? newest
  }
}
