/// What a variant of a release runs on: `any`, or an operating system and a processor as in `linux-arm64`.
public struct Platform: Hashable, Sendable {
  /// The variant that runs everywhere.
  public static let any = Platform(unchecked: "any")

  /// The platform as written: one harmless path component.
  public let text: String

  private init(unchecked text: String) { self.text = text }

  /// Checks a platform: `any`, or `OS-ARCH` in lower-case letters, digits and `_`.
  ///
  /// - Throws: `ErrorCode.nameInvalid`.
  public init(_ text: String) throws(GtachError) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let isPair =
      parts.count == 2
      && parts.allSatisfy { part in
        !part.isEmpty && part.count <= 16
          && part.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
      }
    guard text == "any" || isPair else {
      throw GtachError(
        .nameInvalid, "\"\(text)\" is not a platform", advice: "use \"any\" or OS-ARCH, as in \"linux-arm64\"")
    }
    self.text = text
  }

  /// How well a variant for this platform suits a machine: nil not at all, higher is better.
  public func suitability(for machine: Platform) -> Int? {
    if self == machine { return 1 }
    return self == .any ? 0 : nil
  }

  /// What suits this machine best of several things for platforms; nil where none does.
  public func mostSuitable<Item>(of items: [Item], _ platform: (Item) -> Platform) -> Item? {
    let suitable = items.compactMap { item in platform(item).suitability(for: self).map { (item: item, grade: $0) } }
    return suitable.max { $0.grade < $1.grade }?.item
  }
}

extension Platform: Comparable, CustomStringConvertible {
  /// The order of the characters.
  public static func < (left: Platform, right: Platform) -> Bool { left.text < right.text }
  /// The platform as written.
  public var description: String { text }
}

extension Platform: Codable {
  /// Reads and checks a platform.
  public init(from decoder: any Decoder) throws { self = try StrictJSON.parsed(decoder, Self.init(_:)) }
  /// Writes the platform.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
