/// A pattern of target paths in a delegation, such as `NAME/*/*/manifest.json`: `*` stands for any characters and `?`
/// for one, neither for a slash (TUF specification 1.0, section 4.5).
struct PathPattern: Hashable, Sendable {
  private let components: [[UInt8]]

  init(_ text: String) { components = Self.split(text) }

  func matches(_ path: String) -> Bool {
    let parts = Self.split(path)
    guard parts.count == components.count else { return false }
    return zip(components, parts).allSatisfy { Self.matches($0, $1) }
  }

  /// The first component of all paths that it matches; nil where that has a wildcard.
  fileprivate var directory: [UInt8]? {
    guard let first = components.first, !first.contains(UInt8(ascii: "*")), !first.contains(UInt8(ascii: "?")) else {
      return nil
    }
    return first
  }

  private static func split(_ text: String) -> [[UInt8]] {
    text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).map(Array.init)
  }

  /// Greedy, going back to the last `*` only: at most the product of both lengths of steps, whatever the pattern.
  private static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    var (inPattern, inText) = (0, 0)
    var afterStar: (inPattern: Int, inText: Int)?
    while inText < text.count {
      if inPattern < pattern.count, pattern[inPattern] == UInt8(ascii: "*") {
        inPattern += 1
        afterStar = (inPattern, inText)
      } else if inPattern < pattern.count, pattern[inPattern] == text[inText] || pattern[inPattern] == UInt8(ascii: "?")
      {
        inPattern += 1
        inText += 1
      } else if let star = afterStar {
        inPattern = star.inPattern
        inText = star.inText + 1
        afterStar = (inPattern, inText)
      } else {
        return false
      }
    }
    return pattern[inPattern...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

/// Many patterns, of which those are looked at that begin like the path: gtach's delegations are one directory each, and
/// there may be thousands.
struct PathPatterns {
  private var byDirectory: [[UInt8]: [PathPattern]] = [:]
  private var others: [PathPattern] = []

  mutating func insert(_ patterns: [PathPattern]) {
    for pattern in patterns {
      if let directory = pattern.directory {
        byDirectory[directory, default: []].append(pattern)
      } else {
        others.append(pattern)
      }
    }
  }

  func match(_ path: String) -> Bool {
    let directory = Array(path.utf8.prefix { $0 != UInt8(ascii: "/") })
    return (byDirectory[directory] ?? []).contains { $0.matches(path) } || others.contains { $0.matches(path) }
  }
}
