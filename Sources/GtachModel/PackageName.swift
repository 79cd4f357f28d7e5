/// The name of a package: 1 to 64 lower-case letters, digits, `-` and `.`, the first and last a letter or digit, and
/// no two dots in a row. So it is always one harmless path component, and no two names differ only in case.
public struct PackageName: Hashable, Sendable {
  /// The longest name, in characters.
  public static let maximumCharacters = 64

  /// The name as written.
  public let text: String

  /// Checks a name.
  ///
  /// - Throws: `ErrorCode.nameInvalid`.
  public init(_ text: String) throws(GtachError) {
    let characters = Array(text.utf8)
    func isPlain(_ character: UInt8) -> Bool {
      (0x61...0x7A).contains(character) || (0x30...0x39).contains(character)
    }
    func fail(_ reason: String) -> GtachError {
      GtachError(
        .nameInvalid, "\"\(text)\" is not a package name", reason: reason,
        advice: "use 1 to 64 lower-case letters, digits, '-' and '.', as in \"gtach-app\"")
    }
    guard let first = characters.first, let last = characters.last else { throw fail("it is empty") }
    guard characters.count <= Self.maximumCharacters else { throw fail("it has more than 64 characters") }
    guard characters.allSatisfy({ isPlain($0) || $0 == 0x2D || $0 == 0x2E }) else {
      throw fail("it has a character that is not a lower-case letter, a digit, '-' or '.'")
    }
    guard isPlain(first), isPlain(last) else { throw fail("it does not start and end with a letter or digit") }
    guard !text.contains("..") else { throw fail("it has two dots in a row") }
    self.text = text
  }
}

extension PackageName: Comparable, CustomStringConvertible {
  /// The order of the characters.
  public static func < (left: PackageName, right: PackageName) -> Bool { left.text < right.text }
  /// The name.
  public var description: String { text }
}

extension PackageName: Codable, CodingKeyRepresentable {
  /// Reads and checks a name.
  public init(from decoder: any Decoder) throws { self = try StrictJSON.parsed(decoder, Self.init(_:)) }

  /// Writes the name.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  /// The name as a key of a JSON object.
  public var codingKey: any CodingKey { NameKey(stringValue: text) }

  /// The name that a key of a JSON object spells; nil where it is not one.
  public init?(codingKey: some CodingKey) { try? self.init(codingKey.stringValue) }

  private struct NameKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}
