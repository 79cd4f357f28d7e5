/// What `gtach search` looks for: all that is given has to fit.
public struct ReleaseQuery: Hashable, Sendable {
  /// Words, of which each has to be in the name, the description or the author.
  public var words: [SearchWord] = []
  /// What was asked for as it was written, in small letters: a package that has it for its name is the one that is
  /// meant.
  public var texts: Set<String> = []
  /// The package's exact name.
  public var name: PackageName?
  /// Words, of which each has to be in the author.
  public var author: [SearchWord] = []
  /// What the variant has to run on: one for `any` runs everywhere.
  public var platform: Platform?
  /// Which versions.
  public var versions: VersionRange?
  /// Packed then or later.
  public var since: Timestamp?
  /// Packed then or earlier.
  public var until: Timestamp?

  /// A query that everything fits.
  public init() {}

  /// How a release fits a query.
  public enum Match: String, Hashable, Sendable, Codable {
    /// The package has the very name that was asked for.
    case name
    /// What was asked for stands somewhere in it.
    case words
  }

  /// Whether a release fits, and how; nil where it does not.
  public func match(_ release: ReleaseSummary) -> Match? {
    let id = release.variant.release
    guard name.map({ $0 == id.name }) ?? true,
      platform.map({ release.variant.platform.suitability(for: $0) != nil }) ?? true,
      since.map({ $0 <= release.created }) ?? true, until.map({ release.created <= $0 }) ?? true,
      versions.map({ $0.contains(id.version) }) ?? true
    else { return nil }
    let author = author.isEmpty && words.isEmpty ? [] : SearchWord.words(of: release.author ?? "")
    guard self.author.allSatisfy({ $0.isAmong(author) }) else { return nil }
    if !words.isEmpty {
      let all = SearchWord.words(of: id.name.text) + SearchWord.words(of: release.description ?? "") + author
      guard words.allSatisfy({ $0.isAmong(all) }) else { return nil }
    }
    return name != nil || texts.contains(id.name.text) ? .name : .words
  }
}

/// A word to look for. Words are what letters and digits make up between other characters, whether large or small:
/// `gtach-app` is two of them.
public struct SearchWord: Hashable, Sendable {
  /// The word's folded text: two words that are the same have the same.
  public let text: String
  /// Whether it only has to be how a word begins.
  public let isPrefix: Bool

  /// The words of what somebody looks for; a `*` at the end stands for the rest of the last one.
  ///
  /// - Throws: `ErrorCode.usage` where there is none, or a `*` somewhere else.
  public static func parse(_ text: String) throws(GtachError) -> [SearchWord] {
    let isPrefix = text.hasSuffix("*")
    let body = isPrefix ? text.dropLast() : text[...]
    let words = words(of: String(body))
    guard !words.isEmpty else {
      throw GtachError(
        .usage, "\"\(text)\" has no letter and no digit", advice: "look for words, as in gtach search motor")
    }
    let endsInWord = body.unicodeScalars.last.map(isOfWord) ?? false
    guard !body.contains("*"), !isPrefix || endsInWord else {
      throw GtachError(
        .usage, "\"\(text)\" has a * where it means nothing", reason: "it stands for the rest of a word",
        advice: "write it at the end of a word, as in 'tacho*'")
    }
    return words.enumerated().map { position, word in
      SearchWord(text: word, isPrefix: isPrefix && position == words.count - 1)
    }
  }

  /// Whether it is one of some words, or how one of them begins.
  public func isAmong(_ words: [String]) -> Bool {
    isPrefix ? words.contains { $0.hasPrefix(text) } : words.contains(text)
  }

  /// The words of a text, folded.
  public static func words(of text: String) -> [String] {
    var words: [String] = []
    var word = String.UnicodeScalarView()
    for scalar in text.lowercased().unicodeScalars {
      if isOfWord(scalar) {
        word.append(scalar)
      } else if !word.isEmpty {
        words.append(String(word))
        word = String.UnicodeScalarView()
      }
    }
    if !word.isEmpty { words.append(String(word)) }
    return words
  }

  private static func isOfWord(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII {
      return (0x61...0x7A).contains(scalar.value | 0x20) || (0x30...0x39).contains(scalar.value)
    }
    let properties = scalar.properties
    if properties.isAlphabetic || properties.numericType != nil { return true }
    switch properties.generalCategory {
    // An accent that is written after its letter.
    case .nonspacingMark, .spacingMark, .enclosingMark: return true
    default: return false
    }
  }
}
