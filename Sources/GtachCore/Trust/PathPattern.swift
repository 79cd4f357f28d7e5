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

  private static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    Wildcard.matches(
      text, pattern: pattern, isAnything: { $0 == UInt8(ascii: "*") }, fits: { $1 == UInt8(ascii: "?") || $0 == $1 })
  }
}

/// Many patterns, of which those are looked at that begin like the path: gtach's delegations are one directory each,
/// and there may be thousands.
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
