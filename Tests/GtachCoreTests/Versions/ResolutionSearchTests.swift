import GtachModel
import Testing

@testable import GtachCore

extension Shelf {
  /// Packages `p0`, `p1`, ..., each with releases 1.0.0, 2.0.0, ... that need a few later packages in random ranges.
  static func random(packages: Int, releases: Int, seed: UInt64, needs: Int = 3) throws -> Shelf {
    var generator = SeededGenerator(seed: seed)
    var shelf = try Shelf()
    for package in 0..<packages {
      for release in 1...releases {
        var dependencies: [String: String] = [:]
        for _ in 0..<Int.random(in: 0...needs, using: &generator) {
          let other = Int.random(in: 0..<packages, using: &generator)
          let low = Int.random(in: 1...releases, using: &generator)
          let high = min(releases, low + Int.random(in: 0...2, using: &generator))
          dependencies["p\(other)"] = ">=\(low) <=\(high)"
        }
        try shelf.add("p\(package) \(release).0.0", dependencies)
      }
    }
    return shelf
  }
}

@Suite("Resolution: the search")
struct ResolutionSearchTests {
  @Test("Backtracking over hundreds of versions takes a step for each at most")
  func backtracking() throws {
    // Every release of app but the oldest needs a lib that does not go with its tool.
    var shelf = try Shelf([("lib 1.0.0", [:]), ("lib 2.0.0", ["base": "^2"]), ("base 1.0.0", [:]), ("base 2.0.0", [:])])
    for release in 1...500 {
      try shelf.add("tool \(release).0.0", ["base": "^1"])
      try shelf.add("app \(release).0.0", ["lib": release == 1 ? "^1" : "^2", "tool": "\(release)"])
    }
    let plan = try VersionManager.resolve(shelf.problem("app"))
    #expect(plan.summary == ["+lib 1.0.0", "+base 1.0.0", "+tool 1.0.0", "+app 1.0.0"])
    #expect(plan.effort.steps < 500 * 12)
  }

  @Test("Releases that are excluded for different reasons are always looked at in the same order")
  func exclusions() throws {
    // Nothing that hashing decides in each process anew may show: neither in the explanation nor in the steps.
    var shelf = try Shelf([
      ("app 1.0.0", ["lib": "*"]), ("lib 1.0.0", [:]), ("lib 1.1.0", [:]), ("lib 1.1.1", [:]), ("lib 1.2.0", [:]),
      ("lib 2.0.0", [:]),
    ])
    try shelf.add("lib 3.0.0 macos-arm64")
    var search = PubGrub(
      try shelf.problem(
        "app", installed: ["lib 1.1.0"], policy: UpdatePolicy([]), isByHand: false, refused: ["lib@1.2.0"]))
    _ = try search.solve()
    let causes = search.incompatibilities.compactMap { incompatibility -> Incompatibility.Exclusion? in
      if case .exclusion(let exclusion) = incompatibility.cause { exclusion } else { nil }
    }
    #expect(causes == [.change(.downgrade), .change(.patch), .refused, .change(.breaking), .platform])
  }

  @Test("A chain of conflicts that makes a naive backtracker exponential", arguments: [10, 20, 40, 80])
  func exponential(length: Int) throws {
    // 3 ^ length combinations, none of which pleases the last link; only its own requirements have to do with that.
    var shelf = try Shelf([("end 1.0.0", ["ghost": "*"]), ("end 2.0.0", ["ghost": "*"])])
    for link in 0..<length {
      for release in 1...3 {
        let next = link + 1 < length ? "p\(link + 1)" : "end"
        try shelf.add("p\(link) \(release).0.0", [next: "*", "free\(link)": "*"])
        try shelf.add("free\(link) \(release).0.0")
      }
    }
    let problem = try shelf.problem("p0")
    #expect(throws: GtachError.self) { try VersionManager.resolve(problem) }
    var search = PubGrub(problem)
    #expect(throws: PubGrub.Failure.self) { _ = try search.solve() }
    #expect(search.effort.steps < 12 * length + 40)
  }

  @Test("A search that would take for ever is given up after so many steps")
  func pigeons() throws {
    // Sixteen pigeons in fifteen holes: whatever learns by resolution alone takes exponentially many steps to see it.
    let holes = 15
    var shelf = try Shelf()
    for pigeon in 0...holes {
      for hole in 1...holes {
        try shelf.add("pigeon\(pigeon) \(hole).0.0", ["hole\(hole)": "\(pigeon + 1)"])
        try shelf.add("hole\(hole) \(pigeon + 1).0.0")
      }
    }
    try shelf.add("app 1.0.0", Dictionary(uniqueKeysWithValues: (0...holes).map { ("pigeon\($0)", "*") }))
    let problem = try shelf.problem("app")
    var search = PubGrub(problem, maximumSteps: 1_000)
    #expect(throws: PubGrub.Failure.givenUp) { _ = try search.solve() }
    #expect(search.effort.steps < 1_500)
    let error = VersionManager.report(.givenUp, of: problem, search, explainsFully: false)
    #expect(error.message == "no set of releases that satisfies app was found")
    #expect(error.reason?.hasPrefix("the search was given up after 1") == true)
  }

  @Test("A derivation may have as many steps as a search")
  func long() throws {
    // Each release of app fails for a reason of its own; written down as a search would learn it.
    let count = 20_000
    var pool = CandidatePool(try Shelf([("app 1.0.0", [:])]).problem("app"))
    let app = pool.number(of: try PackageName("app"))
    let given = Incompatibility([Term(package: app, values: CandidateSet([1], count: 2))], cause: .exclusion(.refused))
    var incompatibilities = [given]
    for step in 0..<count {
      incompatibilities.append(given)
      incompatibilities.append(Incompatibility(given.terms, cause: .conflict(step * 2, step * 2 + 1)))
    }
    let derivation = Derivation(of: count * 2, in: incompatibilities, pool: pool)
    // Two steps a line, but for the first two.
    #expect(derivation.lines.count == count / 2 + 1)
  }

  @Test("An explanation is a few lines, however tangled the conflict", arguments: 0..<60)
  func explanations(seed: Int) throws {
    let shelf = try Shelf.random(packages: 40, releases: 6, seed: UInt64(seed) * 5 + 3, needs: 4)
    let problem = try shelf.problem("p0", "p1", "p2")
    do {
      _ = try VersionManager.resolve(problem)
    } catch {
      let lines = try #require(error.reason).split(separator: "\n")
      #expect(lines.count <= VersionManager.briefLines)
      #expect(lines.contains { $0.hasSuffix("there is no plan.") })
      // What nobody typed is not said to be asked for.
      #expect(!lines.contains { $0.contains("@=") })
    }
  }

  @Test("Whatever the search answers, trying everything answers too", arguments: 0..<400)
  func againstTryingEverything(seed: Int) throws {
    var generator = SeededGenerator(seed: UInt64(seed) &* 7_919 &+ 1)
    let releases = Int.random(in: 1...4, using: &generator)
    let shelf = try Shelf.random(packages: 5, releases: releases, seed: UInt64(seed), needs: 2)
    let problem = try shelf.problem("p0", "p1")
    let solutions = allSolutions(shelf, ["p0", "p1"], releases: releases, packages: 5)
    do {
      let plan = try VersionManager.resolve(problem)
      let chosen = Dictionary(uniqueKeysWithValues: plan.steps.map { ($0.name.text, $0.version.description) })
      #expect(solutions.contains(chosen))
      // Nothing could be newer with all the rest as it is.
      for solution in solutions where Set(solution.keys) == Set(chosen.keys) {
        let different = chosen.keys.filter { solution[$0] != chosen[$0] }
        guard different.count == 1, let name = different.first, let other = solution[name], let own = chosen[name]
        else {
          continue
        }
        #expect(try SemanticVersion(other) < SemanticVersion(own), "\(name) could be \(other)")
      }
    } catch {
      #expect(solutions.isEmpty, "\(error)")
      #expect(error.reason?.isEmpty == false)
    }
  }

  /// Every set without superfluous packages in which all requirements hold.
  private func allSolutions(
    _ shelf: Shelf, _ asked: [String], releases: Int, packages: Int
  ) -> Set<[String: String]> {
    var needs: [String: [(String, VersionRange)]] = [:]
    for listed in shelf.listed {
      needs["\(listed.variant.release)"] = listed.dependencies.everywhere.map { ($0.key.text, $0.value) }
    }
    var result: Set<[String: String]> = []
    var choice: [String: String] = [:]
    func holds() -> Bool {
      choice.allSatisfy { name, version in
        (needs["\(name)@\(version)"] ?? []).allSatisfy { other, range in
          choice[other].flatMap { try? SemanticVersion($0) }.map(range.contains) ?? false
        }
      }
    }
    func isNeeded() -> Bool {
      var reached = Set(asked)
      var pending = asked
      while let name = pending.popLast() {
        for (other, _) in choice[name].flatMap({ needs["\(name)@\($0)"] }) ?? [] where reached.insert(other).inserted {
          pending.append(other)
        }
      }
      return reached == Set(choice.keys)
    }
    func choose(_ package: Int) {
      guard package < packages else {
        if asked.allSatisfy({ choice[$0] != nil }), isNeeded(), holds() { result.insert(choice) }
        return
      }
      let name = "p\(package)"
      choice[name] = nil
      choose(package + 1)
      for release in 1...releases {
        choice[name] = "\(release).0.0"
        choose(package + 1)
      }
      choice[name] = nil
    }
    choose(0)
    return result
  }
}
