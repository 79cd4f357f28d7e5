/// A version after Semantic Versioning 2.0.0 (semver.org): exactly the strings that its grammar accepts.
///
/// Numbers may have any length: they are compared as numbers without ever being converted. Build metadata is kept for
/// display and ignored by order, equality and hashing.
public struct SemanticVersion: Sendable {
  /// A number of any length without leading zeros, compared by value.
  public struct Number: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The decimal digits.
    public let description: String

    /// A number from its digits; nil unless they are what SemVer calls a numeric identifier.
    public init?(_ digits: some StringProtocol) {
      let characters = digits.utf8
      guard !characters.isEmpty, characters.allSatisfy({ (0x30...0x39).contains($0) }),
        characters.count == 1 || characters.first != 0x30
      else { return nil }
      description = String(digits)
    }

    private init(unchecked digits: String) { description = digits }

    /// 0.
    public static let zero = Number(unchecked: "0")

    /// The number after this one.
    public var successor: Number {
      var digits = Array(description.utf8)
      for position in digits.indices.reversed() {
        if digits[position] < 0x39 {
          digits[position] += 1
          return Number(unchecked: String(decoding: digits, as: UTF8.self))
        }
        digits[position] = 0x30
      }
      return Number(unchecked: "1" + String(decoding: digits, as: UTF8.self))
    }

    /// Whether the left one is smaller.
    public static func < (left: Number, right: Number) -> Bool {
      let (leftCount, rightCount) = (left.description.utf8.count, right.description.utf8.count)
      return leftCount != rightCount ? leftCount < rightCount : left.description < right.description
    }
  }

  /// One dot-separated part of a prerelease.
  public enum Identifier: Hashable, Sendable {
    /// Digits only: compared by value, and lower than any alphanumeric one.
    case numeric(Number)
    /// Anything else: compared by ASCII order.
    case alphanumeric(String)
  }

  /// The first number: raised by incompatible changes.
  public let major: Number
  /// The second number: raised by additions.
  public let minor: Number
  /// The third number: raised by corrections.
  public let patch: Number
  /// What follows `-`; empty for a normal version.
  public let prerelease: [Identifier]
  /// What follows `+`, split at dots; empty where there is none.
  public let build: [String]

  /// A version from its parts.
  public init(major: Number, minor: Number, patch: Number, prerelease: [Identifier] = [], build: [String] = []) {
    self.major = major
    self.minor = minor
    self.patch = patch
    self.prerelease = prerelease
    self.build = build
  }

  /// 0.0.0-0: no version is lower.
  public static let lowest = SemanticVersion(
    major: .zero, minor: .zero, patch: .zero, prerelease: [.numeric(.zero)])

  /// Whether both have the same three numbers, whatever prerelease follows them.
  public func hasSameNumbers(as other: SemanticVersion) -> Bool {
    major == other.major && minor == other.minor && patch == other.patch
  }

  /// Whether it has a prerelease part.
  public var isPrerelease: Bool { !prerelease.isEmpty }
}

extension SemanticVersion {
  /// Parses a version.
  ///
  /// - Throws: `ErrorCode.versionInvalid`, saying which part is wrong.
  public init(_ text: String) throws(GtachError) {
    func fail(_ reason: String) -> GtachError {
      GtachError(
        .versionInvalid, "\"\(text)\" is not a version", reason: reason,
        advice: "write MAJOR.MINOR.PATCH, as in 1.4.0 or 2.0.0-rc.1")
    }
    let plus = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
    let dash = (plus.first ?? "").split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let core = (dash.first ?? "").split(separator: ".", omittingEmptySubsequences: false)
    guard core.count == 3 else { throw fail("it does not have three numbers between dots") }
    func number(_ part: Substring) throws(GtachError) -> Number {
      if let number = Number(part) { return number }
      let isAllDigits = !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
      throw fail(isAllDigits ? "the number \(part) has a leading zero" : "\"\(part)\" is not a number")
    }
    let (major, minor, patch) = (try number(core[0]), try number(core[1]), try number(core[2]))
    func identifiers(_ part: Substring) throws(GtachError) -> [Substring] {
      let parts = part.split(separator: ".", omittingEmptySubsequences: false)
      let isValid = parts.allSatisfy { identifier in
        !identifier.isEmpty
          && identifier.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
          }
      }
      guard isValid else { throw fail("\"\(part)\" is not a list of letters, digits and '-' between dots") }
      return parts
    }
    var prerelease: [Identifier] = []
    if dash.count == 2 {
      for part in try identifiers(dash[1]) {
        if part.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
          guard let number = Number(part) else { throw fail("the number \(part) has a leading zero") }
          prerelease.append(.numeric(number))
        } else {
          prerelease.append(.alphanumeric(String(part)))
        }
      }
    }
    let build = plus.count == 2 ? try identifiers(plus[1]).map(String.init) : []
    self.init(major: major, minor: minor, patch: patch, prerelease: prerelease, build: build)
  }
}

extension SemanticVersion.Identifier: Comparable, CustomStringConvertible {
  /// Precedence after rule 11.4 of the specification.
  public static func < (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.numeric(let left), .numeric(let right)): left < right
    case (.alphanumeric(let left), .alphanumeric(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
    case (.numeric, .alphanumeric): true
    case (.alphanumeric, .numeric): false
    }
  }

  /// The identifier as written.
  public var description: String {
    switch self {
    case .numeric(let number): number.description
    case .alphanumeric(let text): text
    }
  }
}

extension SemanticVersion: Hashable, Comparable {
  /// Whether both have the same precedence: build metadata does not count (rule 10).
  public static func == (left: Self, right: Self) -> Bool {
    left.major == right.major && left.minor == right.minor && left.patch == right.patch
      && left.prerelease == right.prerelease
  }

  /// Mixes in what equality looks at.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(major)
    hasher.combine(minor)
    hasher.combine(patch)
    hasher.combine(prerelease)
  }

  /// Precedence after rule 11 of the specification.
  public static func < (left: Self, right: Self) -> Bool {
    if left.major != right.major { return left.major < right.major }
    if left.minor != right.minor { return left.minor < right.minor }
    if left.patch != right.patch { return left.patch < right.patch }
    if left.prerelease.isEmpty || right.prerelease.isEmpty {
      return !left.prerelease.isEmpty && right.prerelease.isEmpty
    }
    return left.prerelease.lexicographicallyPrecedes(right.prerelease)
  }
}

extension SemanticVersion: CustomStringConvertible {
  /// The version as written, build metadata included.
  public var description: String {
    var text = "\(major).\(minor).\(patch)"
    if !prerelease.isEmpty { text += "-" + prerelease.map(\.description).joined(separator: ".") }
    if !build.isEmpty { text += "+" + build.joined(separator: ".") }
    return text
  }
}

extension SemanticVersion: Codable {
  /// Reads and parses a version.
  public init(from decoder: any Decoder) throws { self = try StrictJSON.parsed(decoder, Self.init(_:)) }
  /// Writes the version.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
