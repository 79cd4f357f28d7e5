import GtachModel

/// The releases that a plan may choose from, by package. A package is looked at when something first needs it.
struct CandidatePool {
  /// One release of a package.
  struct Candidate {
    let version: SemanticVersion
    /// The variant that suits the machine best; nil for a release that is installed and no longer listed.
    let variant: VariantID?
    let dependencies: [PackageName: VersionRange]
    let isInstalled: Bool
    let exclusion: Incompatibility.Exclusion?
  }

  /// A package and its candidates, oldest first: the one at position n has the value n + 1.
  struct Package {
    /// Nil for the root, which stands for what is asked for and what is installed.
    let name: PackageName?
    let candidates: [Candidate]
    var valueCount: Int { candidates.count + 1 }
    subscript(value: Int) -> Candidate { candidates[value - 1] }
  }

  /// The root's number, and its only value.
  static let root = (package: 0, value: 1)

  let problem: ResolutionProblem
  /// The packages by their numbers.
  private(set) var packages: [Package]
  private var numbers: [PackageName: Int] = [:]
  private let listed: [PackageName: [ListedVariant]]

  init(_ problem: ResolutionProblem) {
    self.problem = problem
    listed = Dictionary(grouping: problem.listed, by: \.variant.release.name)
    packages = [
      Package(
        name: nil,
        candidates: [
          Candidate(version: .lowest, variant: nil, dependencies: [:], isInstalled: false, exclusion: nil)
        ])
    ]
  }

  /// The number of a package; a new one where nobody needed it before.
  mutating func number(of name: PackageName) -> Int {
    if let number = numbers[name] { return number }
    numbers[name] = packages.count
    packages.append(Package(name: name, candidates: candidates(of: name)))
    return packages.count - 1
  }

  /// The number of a package that was looked at before.
  func knownNumber(of name: PackageName) -> Int? { numbers[name] }

  /// The values of a package that a range accepts.
  func values(of package: Int, in range: VersionRange) -> CandidateSet {
    let candidates = packages[package].candidates
    return CandidateSet(
      candidates.indices.filter { range.contains(candidates[$0].version) }.map { $0 + 1 },
      count: candidates.count + 1)
  }

  /// The values of a package that a requirement accepts: without a range every version but prereleases, and what is
  /// installed.
  func values(of package: Int, for requirement: Requirement) -> CandidateSet {
    var values = values(of: package, in: requirement.range ?? .any)
    if requirement.range == nil, let installed = packages[package].candidates.firstIndex(where: \.isInstalled) {
      values.insert(installed + 1)
    }
    return values
  }

  /// The values of a package whose releases say the same of one dependency.
  func values(of package: Int, needing name: PackageName, in range: VersionRange) -> CandidateSet {
    let candidates = packages[package].candidates
    return CandidateSet(
      candidates.indices.filter { candidates[$0].dependencies[name] == range }.map { $0 + 1 },
      count: candidates.count + 1)
  }

  private func candidates(of name: PackageName) -> [Candidate] {
    var releases: [SemanticVersion: Candidate] = [:]
    for (version, variants) in Dictionary(grouping: listed[name] ?? [], by: \.variant.release.version) {
      let fitting = variants.filter { $0.fits(problem.machine, model: problem.model) }
      let best = (fitting.isEmpty ? variants : fitting).max {
        let machine = problem.machine
        let (left, right) = ($0.variant.platform, $1.variant.platform)
        let suits = (left.suitability(for: machine) ?? -1, right.suitability(for: machine) ?? -1)
        return suits.0 != suits.1 ? suits.0 < suits.1 : left > right
      }
      guard let best else { continue }
      let isInstalled = problem.installed[name]?.version == version
      let dependencies = best.dependencies.on(problem.machine)
      releases[version] = Candidate(
        version: version, variant: best.variant,
        dependencies: isInstalled ? unbroken(dependencies, of: name) : dependencies, isInstalled: isInstalled,
        exclusion: exclusion(of: best, fits: !fitting.isEmpty))
    }
    // What runs here goes on running, whatever has become of its listing.
    if let installed = problem.installed[name],
      releases[installed.version]?.exclusion != nil || releases[installed.version] == nil
    {
      releases[installed.version] = Candidate(
        version: installed.version, variant: nil, dependencies: unbroken(installed.dependencies, of: name),
        isInstalled: true, exclusion: nil)
    }
    return releases.values.sorted { $0.version < $1.version }
  }

  /// What of its needs an installed release has, unless it was asked for: what is broken already, after a rollback by
  /// hand perhaps, does not keep others from being installed.
  private func unbroken(
    _ dependencies: [PackageName: VersionRange], of name: PackageName
  ) -> [PackageName: VersionRange] {
    if problem.isNamed(name) { return dependencies }
    return dependencies.filter { other, range in
      problem.installed[other].map { range.contains($0.version) } ?? false
    }
  }

  private func exclusion(of listed: ListedVariant, fits: Bool) -> Incompatibility.Exclusion? {
    let (name, version) = (listed.variant.release.name, listed.variant.release.version)
    guard fits else { return .platform }
    let isAsked = problem.isByHand && problem.isNamed(name)
    if problem.refused.contains(listed.variant), !isAsked { return .refused }
    guard let installed = problem.installed[name], installed.version != version else { return nil }
    if installed.isHeld, !isAsked { return .held }
    let change = VersionManager.compatibility(from: installed.version, to: version)
    // Back only into a range that excludes what is installed: from there every other step leads up.
    if change == .downgrade {
      let isOutside = problem.requirements.contains {
        $0.name == name && $0.range?.contains(installed.version) == false
      }
      return isOutside && (isAsked || problem.policy.permits(.downgrade)) ? nil : .change(.downgrade)
    }
    // Who asks for a package gets its breaking changes too, and those of what is here for others only.
    let policy = isAsked || problem.isByHand && installed.isDependency ? UpdatePolicy.byHand : problem.policy
    return policy.permits(change) ? nil : .change(change)
  }
}
