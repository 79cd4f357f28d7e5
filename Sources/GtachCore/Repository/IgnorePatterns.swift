import GtachModel

/// Which files stay out of an archive: gitignore(5)'s patterns, on the components of a path relative to the tree, never
/// on the place where the tree happens to lie.
///
/// - `*.log` matches at any depth; `*` is any characters but `/`, `?` one of them, `[a-z]` and `[!a-z]` one of a set.
/// - A pattern with a `/` at its start or within is relative to the tree's root: `/build`, `docs/*.tmp`.
/// - `**` as a component is any number of components: `**/cache/*`, `docs/**/*.tmp`.
/// - A `/` at the end lets it match directories only. What lies in an excluded directory is excluded.
/// - `!` at the start takes back what a pattern before it excluded, unless that is a directory around it.
/// - `\` takes the next character for itself: `\!important`, `\#backup#`.
public struct IgnorePatterns: Hashable, Sendable {
  private enum Component: Hashable, Sendable {
    case any
    case glob(GlobComponent)
  }

  private struct Pattern: Hashable, Sendable {
    let components: [Component]
    let directoriesOnly: Bool
    let excludes: Bool
  }

  private let patterns: [Pattern]

  /// Reads patterns.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid` for one that git would never find anything for: it is a mistake.
  public init(_ texts: [String]) throws(GtachError) {
    var patterns: [Pattern] = []
    for text in texts {
      func fail(_ reason: String) -> GtachError {
        GtachError(
          .descriptionInvalid, "\"\(text)\" is no pattern of files", reason: reason,
          advice: "write it as in a .gitignore, relative to the root of the tree")
      }
      guard !text.hasPrefix("#") else { throw fail("it is a comment; \\# is the character") }
      let excludes = !text.hasPrefix("!")
      var components = Self.withoutSpacesAtEnd(excludes ? text : String(text.dropFirst()))
        .split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      let directoriesOnly = components.count > 1 && components.last == ""
      if directoriesOnly { components.removeLast() }
      if components.count > 1, components[0].isEmpty {
        components.removeFirst()
      } else if components.count == 1 {
        components.insert("**", at: 0)
      }
      var parsed: [Component] = []
      for component in components {
        guard !component.isEmpty else { throw fail("between two slashes there is nothing") }
        guard component != "..", component != "." else { throw fail("no path in the tree has a \"\(component)\"") }
        guard let glob = GlobComponent(component) else { throw fail("a set has no end, or nothing follows a \\") }
        parsed.append(component == "**" ? .any : .glob(glob))
      }
      patterns.append(Pattern(components: parsed, directoriesOnly: directoriesOnly, excludes: excludes))
    }
    self.patterns = patterns
  }

  /// Whether this path, which is relative to the tree, stays out: the last pattern that names it says. That it lies in
  /// an excluded directory is for whoever walks the tree to know: there is nothing to look at in there.
  public func excludes(_ path: String, isDirectory: Bool) -> Bool {
    let components = path.split(separator: "/")
    return patterns.last { pattern in
      (isDirectory || !pattern.directoriesOnly) && Self.matches(components, pattern.components)
    }?.excludes ?? false
  }

  /// Spaces at the end mean nothing unless a `\` is before them.
  private static func withoutSpacesAtEnd(_ text: String) -> String {
    var text = text
    while text.last == " ", text.dropLast().last != "\\" { text.removeLast() }
    return text
  }

  private static func matches(_ path: [Substring], _ pattern: [Component]) -> Bool {
    // reachable[n]: the components of the pattern so far fit the first n of the path.
    var reachable = [true] + Array(repeating: false, count: path.count)
    for (number, component) in pattern.enumerated() {
      switch component {
      case .any:
        guard let first = reachable.firstIndex(of: true) else { return false }
        // At the end it matches everything inside, but not the directory itself.
        let start = number == pattern.count - 1 ? first + 1 : first
        for position in reachable.indices { reachable[position] = position >= start }
      case .glob(let glob):
        for position in path.indices.reversed() {
          reachable[position + 1] = reachable[position] && glob.matches(path[position])
        }
        reachable[0] = false
      }
    }
    return reachable[path.count]
  }
}
