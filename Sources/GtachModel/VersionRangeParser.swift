/// Reads npm's range language, one character after the other, and writes every form as comparators. The grammar is
/// range.bnf of node-semver, with the two additions that its parser makes: a `v` before a version, and `~>`.
struct VersionRangeParser {
  private typealias Number = SemanticVersion.Number
  private typealias Comparator = VersionRange.Comparator

  /// A version of which the end may be missing or `x`.
  private struct Partial {
    /// The numbers up to the first that is missing or `x`.
    var numbers: [Number] = []
    var prerelease: [SemanticVersion.Identifier] = []
    /// Where a number follows an `x`, as in `1.x.3`, counted from 0; that means something only after `^` and `~`.
    var misplacedNumber: Int?

    /// The version, nil where one of its numbers is missing.
    var version: SemanticVersion? {
      guard numbers.count == 3 else { return nil }
      return SemanticVersion(major: numbers[0], minor: numbers[1], patch: numbers[2], prerelease: prerelease)
    }

    /// The version with 0 for what is missing.
    var floor: SemanticVersion { version ?? Partial.version(numbers) }

    /// What comes after all versions that start with the same numbers, only so many of them being looked at: the
    /// lowest prerelease there is, so that no prerelease of the next version slips in below it.
    func ceiling(_ count: Int) -> SemanticVersion {
      var next = Array(numbers.prefix(count))
      if let last = next.popLast() { next.append(last.successor) }
      return Partial.version(next, prerelease: [.numeric(.zero)])
    }

    /// The lowest of all versions that start with the same numbers, prereleases included.
    var lowest: SemanticVersion { Partial.version(numbers, prerelease: [.numeric(.zero)]) }

    /// The lowest version that is no prerelease after all versions that start with the same numbers.
    var nextRelease: SemanticVersion {
      let ceiling = ceiling(numbers.count)
      return SemanticVersion(major: ceiling.major, minor: ceiling.minor, patch: ceiling.patch)
    }

    private static func version(
      _ numbers: [Number], prerelease: [SemanticVersion.Identifier] = []
    ) -> SemanticVersion {
      let padded = numbers + Array(repeating: .zero, count: 3 - numbers.count)
      return SemanticVersion(major: padded[0], minor: padded[1], patch: padded[2], prerelease: prerelease)
    }
  }

  private enum Operator { case none, equal, less, lessOrEqual, greater, greaterOrEqual, tilde, caret }

  private let text: String
  private let characters: [Character]
  private var position = 0

  init(_ text: String) {
    self.text = text
    characters = Array(text)
  }

  /// The comparators of each alternative, as they come.
  mutating func parse() throws(GtachError) -> [[VersionRange.Comparator]] {
    var sets = [try parseAlternative()]
    while position < characters.count {
      position += 2
      sets.append(try parseAlternative())
    }
    return sets
  }

  // MARK: Alternatives and conditions

  private mutating func parseAlternative() throws(GtachError) -> [Comparator] {
    skipBlanks()
    let start = position
    var comparators: [Comparator] = []
    while !isAtEndOfAlternative {
      let isFirst = position == start
      let operatorStart = position
      let symbol = parseOperator()
      if symbol != .none {
        skipBlanks()
        guard !isAtEndOfAlternative else { throw fail("no version follows the operator", at: operatorStart) }
      }
      let partial = try parsePartial()
      let hadBlank = skipBlanks()
      if peek == "-" {
        guard hadBlank else { throw fail("a \"-\" follows three numbers, or stands between blanks", at: position) }
        guard isFirst, symbol == .none else {
          throw fail("a range FROM - TO stands alone, without operators, between \"||\"", at: position)
        }
        comparators = try parseHyphenEnd(from: partial)
        continue
      }
      guard hadBlank || isAtEndOfAlternative else { throw unexpected() }
      if let misplaced = partial.misplacedNumber, symbol != .tilde, symbol != .caret {
        throw fail("a number follows an \"x\"", at: misplaced)
      }
      comparators += Self.comparators(symbol, partial)
    }
    return comparators
  }

  private mutating func parseHyphenEnd(from: Partial) throws(GtachError) -> [Comparator] {
    let dash = position
    position += 1
    guard skipBlanks() else { throw fail("blanks belong on both sides of the \"-\" of FROM - TO", at: position) }
    guard !isAtEndOfAlternative else { throw fail("no version follows the \"-\"", at: dash) }
    let to = try parsePartial()
    skipBlanks()
    guard isAtEndOfAlternative else {
      throw fail("a range FROM - TO stands alone, without operators, between \"||\"", at: position)
    }
    let lower = from.numbers.isEmpty ? [] : [Comparator(.greaterOrEqual, from.floor)]
    return lower + Self.comparators(.lessOrEqual, to)
  }

  private mutating func parseOperator() -> Operator {
    let symbols: [(String, Operator)] = [
      ("<=", .lessOrEqual), (">=", .greaterOrEqual), ("~>", .tilde), ("<", .less), (">", .greater), ("=", .equal),
      ("~", .tilde), ("^", .caret),
    ]
    for (symbol, meaning) in symbols where characters[position...].starts(with: symbol) {
      position += symbol.count
      return meaning
    }
    return .none
  }

  /// What an operator and a version mean (node-semver's documentation, "Advanced Range Syntax").
  private static func comparators(_ symbol: Operator, _ partial: Partial) -> [Comparator] {
    let count = partial.numbers.count
    if count == 0 {
      // Nothing is above or below every version; everything else holds for every version.
      return symbol == .less || symbol == .greater ? [.acceptsNothing] : []
    }
    let from = Comparator(.greaterOrEqual, partial.floor)
    switch symbol {
    case .none, .equal:
      if let version = partial.version { return [Comparator(.equal, version)] }
      return [from, Comparator(.less, partial.ceiling(count))]
    case .less:
      return [Comparator(.less, partial.version ?? partial.lowest)]
    case .lessOrEqual:
      if let version = partial.version { return [Comparator(.lessOrEqual, version)] }
      return [Comparator(.less, partial.ceiling(count))]
    case .greater:
      if let version = partial.version { return [Comparator(.greater, version)] }
      return [Comparator(.greaterOrEqual, partial.nextRelease)]
    case .greaterOrEqual:
      return [from]
    case .tilde:
      return [from, Comparator(.less, partial.ceiling(min(count, 2)))]
    case .caret:
      let firstNonZero = partial.numbers.firstIndex { $0 != .zero } ?? count - 1
      return [from, Comparator(.less, partial.ceiling(firstNonZero + 1))]
    }
  }

  // MARK: Versions

  private mutating func parsePartial() throws(GtachError) -> Partial {
    var partial = Partial()
    if peek == "v" { position += 1 }
    var sawX = false
    for part in 0..<3 {
      if part > 0 {
        guard peek == "." else {
          try skipBuild()
          return partial
        }
        position += 1
      }
      let start = position
      if let number = try parseNumberOrX() {
        if sawX { partial.misplacedNumber = partial.misplacedNumber ?? start } else { partial.numbers.append(number) }
      } else {
        sawX = true
      }
    }
    if peek == "." { throw fail("a version has only three numbers", at: position) }
    if peek == "-" {
      position += 1
      // What follows `x` is read, for it may be wrong, but means nothing.
      let prerelease = try parsePrerelease()
      if partial.numbers.count == 3 { partial.prerelease = prerelease }
    }
    try skipBuild()
    return partial
  }

  /// The number here, or nil for an `x`.
  private mutating func parseNumberOrX() throws(GtachError) -> Number? {
    guard let first = peek else { throw fail("a number, \"x\" or \"*\" is missing", at: position) }
    if first == "x" || first == "X" || first == "*" {
      position += 1
      return nil
    }
    let start = position
    while let character = peek, Self.isDigit(character) { position += 1 }
    guard position > start else { throw unexpected() }
    guard let number = Number(String(characters[start..<position])) else {
      throw fail("a number has a leading zero", at: start)
    }
    return number
  }

  private mutating func parsePrerelease() throws(GtachError) -> [SemanticVersion.Identifier] {
    var identifiers: [SemanticVersion.Identifier] = []
    repeat {
      if !identifiers.isEmpty { position += 1 }
      let start = position
      let identifier = try parseIdentifier("prerelease")
      if !identifier.allSatisfy(Self.isDigit) {
        identifiers.append(.alphanumeric(identifier))
      } else if let number = Number(identifier) {
        identifiers.append(.numeric(number))
      } else {
        throw fail("a number has a leading zero", at: start)
      }
    } while peek == "."
    return identifiers
  }

  private mutating func skipBuild() throws(GtachError) {
    guard peek == "+" else { return }
    repeat {
      position += 1
      _ = try parseIdentifier("build metadata")
    } while peek == "."
  }

  private mutating func parseIdentifier(_ what: String) throws(GtachError) -> String {
    let start = position
    while let character = peek, character.isASCII, character.isLetter || Self.isDigit(character) || character == "-" {
      position += 1
    }
    guard position > start else { throw fail("\(what) without letters or digits", at: position) }
    return String(characters[start..<position])
  }

  // MARK: Characters and errors

  private var peek: Character? { position < characters.count ? characters[position] : nil }

  private var isAtEndOfAlternative: Bool {
    position == characters.count || characters[position...].starts(with: "||")
  }

  private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

  @discardableResult
  private mutating func skipBlanks() -> Bool {
    let start = position
    while let character = peek, character.isASCII, character.isWhitespace { position += 1 }
    return position > start
  }

  private func unexpected() -> GtachError {
    guard let character = peek else { return fail("it ends too early", at: position) }
    let rest = characters[position...]
    let hint: String? =
      if rest.starts(with: "!=") {
        "there is no \"!=\"; write what you want, as in \"<2.0.0 || >2.0.0\""
      } else if character == "," || character == "&" {
        "conditions that must all hold are separated by blanks, as in \">=1.2 <2\""
      } else if character == "|" {
        "alternatives are separated by \"||\", as in \"1.x || 2.x\""
      } else if character == "=" {
        "operators are = < <= > >= ~ ^; write \"=\" or nothing for exactly this version"
      } else {
        nil
      }
    return fail("unexpected \"\(character)\"", at: position, advice: hint)
  }

  private func fail(_ reason: String, at position: Int, advice: String? = nil) -> GtachError {
    GtachError(
      .rangeInvalid, "\"\(text)\" is not a version range", reason: "\(reason), at character \(position + 1)",
      advice: advice ?? "write for example ^1.2, ~1.2.3, >=1.2 <2 or 1.x || 2.x")
  }
}
