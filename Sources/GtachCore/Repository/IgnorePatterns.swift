import GtachModel

/// Which files stay out of an archive: the basics of gitignore(5), on the components of a path relative to the tree,
/// never on the place where the tree happens to lie.
///
/// - `*.log` matches at any depth; `*` is any characters but `/`, `?` one of them.
/// - A pattern with a `/` at its start or within is relative to the tree's root: `/build`, `docs/*.tmp`.
/// - `**` as a component is any number of components: `**/cache/*`, `docs/**/*.tmp`.
/// - A `/` at the end lets it match directories only. What lies in an excluded directory is excluded.
public struct IgnorePatterns: Hashable, Sendable {
  private struct Pattern: Hashable, Sendable {
    let components: [String]
    let directoriesOnly: Bool
  }

  private let patterns: [Pattern]

  /// Reads patterns.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid` for one that is empty, or that uses what gitignore has beyond this.
  public init(_ texts: [String]) throws(GtachError) {
    var patterns: [Pattern] = []
    for text in texts {
      func fail(_ reason: String) -> GtachError {
        GtachError(
          .descriptionInvalid, "\"\(text)\" is no pattern of files", reason: reason,
          advice: "use *, ?, **, a / at the start for the root of the tree and a / at the end for directories")
      }
      guard !text.hasPrefix("!") else { throw fail("patterns only exclude") }
      guard !text.contains(where: { "[]\\".contains($0) }) else { throw fail("[, ] and \\ are not supported") }
      var components = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      let directoriesOnly = components.count > 1 && components.last == ""
      if directoriesOnly { components.removeLast() }
      if components.count > 1, components[0].isEmpty {
        components.removeFirst()
      } else if components.count == 1 {
        components.insert("**", at: 0)
      }
      for component in components {
        guard !component.isEmpty, component != ".", component != ".." else { throw fail("a component is missing") }
        guard component == "**" || !component.contains("**") else { throw fail("** stands between slashes") }
      }
      patterns.append(Pattern(components: components, directoriesOnly: directoriesOnly))
    }
    self.patterns = patterns
  }

  /// Whether a pattern names this path, which is relative to the tree. That it lies in an excluded directory is for
  /// whoever walks the tree to know: there is nothing to look at in there.
  public func excludes(_ path: String, isDirectory: Bool) -> Bool {
    let components = path.split(separator: "/")
    return patterns.contains { pattern in
      (isDirectory || !pattern.directoriesOnly) && Self.matches(components, pattern.components)
    }
  }

  private static func matches(_ path: [Substring], _ pattern: [String]) -> Bool {
    // reachable[n]: the components of the pattern so far fit the first n of the path.
    var reachable = [true] + Array(repeating: false, count: path.count)
    for (number, component) in pattern.enumerated() {
      if component == "**" {
        guard let first = reachable.firstIndex(of: true) else { return false }
        // At the end it matches everything inside, but not the directory itself.
        let start = number == pattern.count - 1 ? first + 1 : first
        for position in reachable.indices { reachable[position] = position >= start }
      } else {
        for position in path.indices.reversed() {
          reachable[position + 1] = reachable[position] && Wildcard.matches(path[position], pattern: component)
        }
        reachable[0] = false
      }
    }
    return reachable[path.count]
  }
}
