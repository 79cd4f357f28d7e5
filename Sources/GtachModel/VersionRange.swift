/// Which versions are wanted, in npm's range language (docs.npmjs.com, "semver", strict mode): alternatives between
/// `||`, each of them conditions between blanks that must all hold.
///
/// | written | means |
/// | --- | --- |
/// | `1.2.3`, `=1.2.3` | that version |
/// | `>1.2.3`, `>=`, `<`, `<=` | versions on that side of it |
/// | `^1.2.3` | from there on, below the next change of the first number that is not 0 |
/// | `~1.2.3` (also `~>1.2.3`) | from there on, below the next minor version |
/// | `1.2`, `1.2.x`, `1.2.*` | every patch of 1.2 |
/// | `1.2 - 2.3` | from 1.2.0 to the last patch of 2.3 |
/// | nothing, `*`, `x` | every version |
///
/// A prerelease is accepted only where a condition of the same alternative names a prerelease of the same three
/// numbers: `>=2.0.0-rc.1` accepts 2.0.0-rc.2, but not 2.1.0-rc.1. Build metadata never counts. A range means what
/// node-semver takes it to mean, with two differences: numbers may have any length, and what its grammar does not have
/// is an error even where its parser lets it pass by accident (`==1`, `~=1`, `< =1`, `1.2*3`).
///
/// Cargo's requirements (the Cargo book, "Version requirement syntax"; docs.rs, crate semver 1, "VersionReq") look
/// alike. `^`, `~`, `=`, `<`, `<=`, `>` and `>=` before numbers, whole or partial (`=1.2`, `~1`), mean the same in
/// both, and so do `1.2.*`, `1.2.x` and the rule on prereleases. These do not:
///
/// | written | here, as in npm | in Cargo |
/// | --- | --- | --- |
/// | `1.2.3` | exactly that version | `^1.2.3` |
/// | `1.2` | every patch of 1.2 | `^1.2` |
/// | `>=1.2 <2` | both conditions | an error: a comma belongs between them |
/// | `>=1.2, <2` | an error: blanks separate | both conditions |
/// | `1 \|\| 2`, `1.2 - 2.3` | alternatives, from - to | errors: there are none |
/// | nothing | every version | an error; `*` is every version, and stands alone |
/// | `v1.2.3`, `~>1.2.3`, `^*` | `1.2.3`, `~1.2.3`, `*` | errors |
/// | `=1 >1.1.1-rc.1`: partial beside prerelease | accepts 1.1.1-rc.2 | does not (`=1` has no prereleases) |
/// | numbers beyond 64 bits (in npm 53), more than 32 conditions | allowed | errors |
///
/// `!=` exists in neither. An update is `breaking` as the caret of both has it: see `Compatibility`.
public struct VersionRange: Sendable {
  /// One condition: a version on one side of another.
  public struct Comparator: Hashable, Sendable {
    /// On which side.
    public enum Operation: String, Hashable, Sendable {
      /// Below it.
      case less = "<"
      /// Below it, or equal to it.
      case lessOrEqual = "<="
      /// Equal to it.
      case equal = ""
      /// Above it, or equal to it.
      case greaterOrEqual = ">="
      /// Above it.
      case greater = ">"
    }

    /// On which side of the bound.
    public let operation: Operation
    /// The version that others are compared with; without build metadata.
    public let bound: SemanticVersion

    /// A condition from its parts.
    public init(_ operation: Operation, _ bound: SemanticVersion) {
      self.operation = operation
      self.bound = bound
    }

    /// Whether a version is on that side, whatever range the condition stands in.
    public func accepts(_ version: SemanticVersion) -> Bool {
      switch operation {
      case .less: version < bound
      case .lessOrEqual: version <= bound
      case .equal: version == bound
      case .greaterOrEqual: version >= bound
      case .greater: version > bound
      }
    }
  }

  /// The range as written.
  public let text: String
  /// What it means: a version is wanted if one set accepts it, and a set accepts what all of its comparators accept.
  /// A set without comparators accepts everything but prereleases.
  public let comparatorSets: [[Comparator]]

  /// Parses a range.
  ///
  /// - Throws: `ErrorCode.rangeInvalid`; the reason names the character, counted from 1.
  public init(_ text: String) throws(GtachError) {
    var parser = VersionRangeParser(text)
    comparatorSets = Self.simplified(try parser.parse())
    self.text = text
  }

  private init(text: String, comparatorSets: [[Comparator]]) {
    self.text = text
    self.comparatorSets = comparatorSets
  }

  /// Every version but prereleases.
  public static let any = VersionRange(text: "*", comparatorSets: [[]])

  /// One version, whatever its build metadata: `=1.2.3`.
  public static func exactly(_ version: SemanticVersion) -> VersionRange {
    let bound = SemanticVersion(
      major: version.major, minor: version.minor, patch: version.patch, prerelease: version.prerelease)
    return VersionRange(text: "=\(bound)", comparatorSets: [[Comparator(.equal, bound)]])
  }

  /// Whether the range accepts a version.
  public func contains(_ version: SemanticVersion) -> Bool {
    comparatorSets.contains { set in
      set.allSatisfy { $0.accepts(version) }
        && (!version.isPrerelease || set.contains { $0.bound.isPrerelease && $0.bound.hasSameNumbers(as: version) })
    }
  }

  /// The range in the fewest operators (`>=1.2.0 <2.0.0-0||3.0.0`), every version as `*`.
  public var normalized: String {
    comparatorSets
      .map { set in set.isEmpty ? "*" : set.map(\.description).joined(separator: " ") }
      .joined(separator: "||")
  }

  /// Takes away what changes nothing: repeated and always true conditions, alternatives that accept nothing beside
  /// others, alternatives beside one that accepts everything.
  private static func simplified(_ sets: [[Comparator]]) -> [[Comparator]] {
    let sets = sets.map { set -> [Comparator] in
      if set.contains(.acceptsNothing) { return [.acceptsNothing] }
      var kept: [Comparator] = []
      for comparator in set where comparator != .acceptsEverything && !kept.contains(comparator) {
        kept.append(comparator)
      }
      return kept
    }
    let possible = sets.filter { $0 != [.acceptsNothing] }
    if possible.isEmpty { return [[.acceptsNothing]] }
    return possible.contains([]) ? [[]] : possible
  }
}

extension VersionRange.Comparator: CustomStringConvertible {
  /// No version is below 0.0.0-0, the lowest of all.
  static let acceptsNothing = Self(.less, .lowest)
  /// Every version that is no prerelease is at least 0.0.0.
  static let acceptsEverything = Self(
    .greaterOrEqual, SemanticVersion(major: .zero, minor: .zero, patch: .zero))

  /// Operator and version: `>=1.2.0`.
  public var description: String { operation.rawValue + bound.description }
}

extension VersionRange: Hashable {
  /// Whether both mean the same, conditions being compared one by one: `^1.2` equals `>=1.2.0 <2.0.0-0`.
  public static func == (left: Self, right: Self) -> Bool { left.comparatorSets == right.comparatorSets }
  /// Mixes in what equality looks at.
  public func hash(into hasher: inout Hasher) { hasher.combine(comparatorSets) }
}

extension VersionRange: CustomStringConvertible, Codable {
  /// The range as written, for people: with one blank where there are several, and `*` where there is nothing.
  public var description: String {
    let parts = text.split(whereSeparator: \.isWhitespace)
    return parts.isEmpty ? "*" : parts.joined(separator: " ")
  }
  /// Reads and parses a range.
  public init(from decoder: any Decoder) throws { self = try StrictJSON.parsed(decoder, Self.init(_:)) }
  /// Writes the range as written.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
