import GtachModel

/// What a package's value may be: one of a set.
struct Term: Hashable {
  /// The package, by its number in the pool.
  let package: Int
  /// The values.
  let values: CandidateSet
}

/// Terms that must not all hold at once (PubGrub's incompatibility).
struct Incompatibility {
  /// Where it comes from.
  enum Cause {
    /// Somebody asked for a package.
    case requirement(Requirement)
    /// A package is installed for its own sake and stays.
    case installed(PackageName)
    /// Releases of one package need another.
    case dependency(of: Int, on: Int, range: VersionRange)
    /// Releases that are not allowed here.
    case exclusion(Exclusion)
    /// It follows from two others.
    case conflict(Int, Int)
  }

  /// Why a release that is listed may not be chosen.
  enum Exclusion: Hashable {
    /// It does not run on this machine.
    case platform
    /// The package is held at the installed version.
    case held
    /// The policy refuses this kind of change of the installed version.
    case change(Compatibility)
    /// It failed here before.
    case refused
  }

  /// One for each package, in the order of their numbers; none of them holds everything.
  let terms: [Term]
  /// Where it comes from.
  let cause: Cause

  /// An incompatibility of terms. Terms of one package are joined, and what always holds is left out.
  init(_ terms: [Term], cause: Cause) {
    var sets: [Int: CandidateSet] = [:]
    for term in terms {
      sets[term.package] = sets[term.package].map { $0.intersection(term.values) } ?? term.values
    }
    self.terms = sets.filter { !$0.value.isFull }.sorted { $0.key < $1.key }
      .map { Term(package: $0.key, values: $0.value) }
    self.cause = cause
  }

  /// Whether its terms can never all hold: nothing follows from it.
  var isVoid: Bool { terms.contains { $0.values.isEmpty } }
}
