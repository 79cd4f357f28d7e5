/// Patterns with `*` for any characters and `?` for one.
enum Wildcard {
  /// Whether all of the text fits the pattern, in time proportional to the product of their lengths at worst.
  static func matches(_ text: some StringProtocol, pattern: some StringProtocol) -> Bool {
    let text = Array(text)
    let pattern = Array(pattern)
    var (t, p) = (0, 0)
    // Where the last `*` stands, and how far the text was when it was met: it alone is ever stretched.
    var star: (pattern: Int, text: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p, t)
        p += 1
      } else if p < pattern.count, pattern[p] == "?" || pattern[p] == text[t] {
        p += 1
        t += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        p = last.pattern + 1
        t = last.text + 1
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }
}
