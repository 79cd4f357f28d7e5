/// One component of a gitignore pattern, as fnmatch(3) has it: `*` for any characters, `?` for one, `[a-z]`, `[!a-z]`
/// and `[[:digit:]]` for one of a set, `\` before a character that means itself.
struct GlobComponent: Hashable, Sendable {
  private enum Token: Hashable, Sendable {
    case character(Character)
    case anything
    case one
    case set(CharacterSet)
  }

  private let tokens: [Token]

  /// Reads a component; nil where a set has no end, or nothing follows a `\`.
  init?(_ text: String) {
    var tokens: [Token] = []
    var rest = Array(text)[...]
    while let character = rest.popFirst() {
      switch character {
      case "*": if tokens.last != .anything { tokens.append(.anything) }
      case "?": tokens.append(.one)
      case "\\":
        guard let next = rest.popFirst() else { return nil }
        tokens.append(.character(next))
      case "[":
        guard let set = CharacterSet(takenFrom: &rest) else { return nil }
        tokens.append(.set(set))
      default: tokens.append(.character(character))
      }
    }
    self.tokens = tokens
  }

  /// Whether a name fits, in time proportional to the product of the lengths at worst.
  func matches(_ name: some StringProtocol) -> Bool {
    Wildcard.matches(Array(name), pattern: tokens, isAnything: { $0 == .anything }, fits: fits)
  }

  private func fits(_ character: Character, _ token: Token) -> Bool {
    switch token {
    case .character(let wanted): wanted == character
    case .set(let set): set.contains(character)
    case .one: true
    case .anything: false
    }
  }
}

/// What stands between `[` and `]`.
private struct CharacterSet: Hashable, Sendable {
  private var isNegated = false
  private var ranges: [ClosedRange<Character>] = []
  private var classes: [String] = []

  /// POSIX's classes, of ASCII as git has them.
  private static let known: [String: @Sendable (Character) -> Bool] = [
    "alpha": { $0.isLetter }, "digit": { $0.isNumber }, "alnum": { $0.isLetter || $0.isNumber },
    "upper": { $0.isUppercase }, "lower": { $0.isLowercase }, "blank": { $0 == " " || $0 == "\t" },
    "space": { $0.isWhitespace }, "xdigit": { $0.isHexDigit },
    "punct": { $0 > " " && !$0.isLetter && !$0.isNumber && $0 < "\u{7F}" },
    "cntrl": { $0 < " " || $0 == "\u{7F}" }, "graph": { $0 > " " && $0 < "\u{7F}" },
    "print": { $0 >= " " && $0 < "\u{7F}" },
  ]

  init?(takenFrom rest: inout ArraySlice<Character>) {
    if rest.first == "!" || rest.first == "^" {
      isNegated = true
      rest.removeFirst()
    }
    // A `]` that comes first is one of the set.
    var isFirst = true
    while let character = rest.popFirst() {
      if character == "]", !isFirst { return }
      isFirst = false
      if character == "[", rest.first == ":" {
        guard let end = rest.firstIndex(of: "]"), rest[end - 1] == ":" else { return nil }
        let name = String(rest[(rest.startIndex + 1)..<max(rest.startIndex + 1, end - 1)])
        guard Self.known[name] != nil else { return nil }
        classes.append(name)
        rest = rest[(end + 1)...]
        continue
      }
      guard let low = Self.literal(character, &rest) else { return nil }
      guard rest.first == "-", let after = rest.dropFirst().first, after != "]" else {
        ranges.append(low...low)
        continue
      }
      rest.removeFirst(2)
      guard let high = Self.literal(after, &rest) else { return nil }
      // A range from the higher to the lower has nothing in it.
      if low <= high { ranges.append(low...high) }
    }
    return nil
  }

  private static func literal(_ character: Character, _ rest: inout ArraySlice<Character>) -> Character? {
    character == "\\" ? rest.popFirst() : character
  }

  func contains(_ character: Character) -> Bool {
    let isIn =
      ranges.contains { $0.contains(character) }
      || character.isASCII && classes.contains { Self.known[$0]?(character) ?? false }
    return isIn != isNegated
  }
}
