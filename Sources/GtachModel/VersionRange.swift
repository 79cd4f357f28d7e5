/// Which versions are wanted, in npm's language.
public struct VersionRange: Hashable, Sendable {
  /// The range as written.
  public let text: String

  /// Parses a range.
  ///
  /// - Throws: `ErrorCode.rangeInvalid`, pointing at the character.
  public init(_ text: String) throws(GtachError) { self.text = text }

  /// Whether the range accepts a version.
  public func contains(_ version: SemanticVersion) -> Bool { true }
}

extension VersionRange: CustomStringConvertible, Codable {
  /// The range as written.
  public var description: String { text }
  /// Reads and parses a range.
  public init(from decoder: any Decoder) throws { try self.init(decoder.singleValueContainer().decode(String.self)) }
  /// Writes the range.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
