import GtachModel

extension PackageDescription.Requirement {
  /// Whether a machine is one of those that are meant: each field that is given must fit.
  ///
  /// - Parameters:
  ///   - platform: The machine's platform, `OS-ARCH`.
  ///   - model: The board's own name of itself; nil where the machine has none, which fits no `model` but `*`.
  public func fits(platform: Platform, model: String?) -> Bool {
    let parts = platform.text.split(separator: "-").map(String.init)
    if let os, parts.first != os { return false }
    if let arch, parts.last != arch || parts.count != 2 { return false }
    if let pattern = self.model {
      return Self.matches(Array((model ?? "").unicodeScalars), Array(pattern.unicodeScalars))
    }
    return true
  }

  /// The requirement for people: `linux arm64 "Raspberry Pi Zero 2*"`.
  var summary: String {
    let words = [os, arch, model.map { "\"\($0)\"" }].compactMap { $0 }
    return words.isEmpty ? "any machine" : words.joined(separator: " ")
  }

  // `*` stands for any characters. On a mismatch only the last star gives way, so the time is at most the product of
  // both lengths, whatever a stranger writes into a manifest.
  private static func matches(_ text: [Unicode.Scalar], _ pattern: [Unicode.Scalar]) -> Bool {
    var (position, place) = (0, 0)
    var retry: (position: Int, place: Int)?
    while position < text.count {
      if place < pattern.count, pattern[place] == "*" {
        retry = (position, place + 1)
        place += 1
      } else if place < pattern.count, pattern[place] == text[position] {
        position += 1
        place += 1
      } else if let last = retry {
        retry = (last.position + 1, last.place)
        (position, place) = (last.position + 1, last.place)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == "*" }
  }
}

extension [PackageDescription.Requirement]? {
  /// Whether a machine is one of those that are meant; no requirement, or an empty list of them, means every machine.
  public func fit(platform: Platform, model: String?) -> Bool {
    guard let self, !self.isEmpty else { return true }
    return self.contains { $0.fits(platform: platform, model: model) }
  }
}
