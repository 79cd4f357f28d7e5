/// The matching of patterns in which something stands for any number of elements: once for all kinds of patterns.
enum Wildcard {
  /// Whether all of the text fits the pattern, in time proportional to the product of their lengths at worst, whatever
  /// the pattern: only the last part that stands for anything is ever stretched.
  ///
  /// - Parameters:
  ///   - isAnything: Whether a part stands for any number of elements, also for none.
  ///   - fits: Whether an element fits a part that stands for exactly one.
  @inline(__always)
  static func matches<Element, Part>(
    _ text: [Element], pattern: [Part], isAnything: (Part) -> Bool, fits: (Element, Part) -> Bool
  ) -> Bool {
    var (t, p) = (0, 0)
    var last: (pattern: Int, text: Int)?
    while t < text.count {
      if p < pattern.count, isAnything(pattern[p]) {
        last = (p, t)
        p += 1
      } else if p < pattern.count, fits(text[t], pattern[p]) {
        p += 1
        t += 1
      } else if let before = last {
        last = (before.pattern, before.text + 1)
        p = before.pattern + 1
        t = before.text + 1
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy(isAnything)
  }

  /// The same for `*`, any characters, and `?`, one.
  static func matches(_ text: some StringProtocol, pattern: some StringProtocol) -> Bool {
    matches(Array(text), pattern: Array(pattern), isAnything: { $0 == "*" }, fits: { $1 == "?" || $0 == $1 })
  }
}
