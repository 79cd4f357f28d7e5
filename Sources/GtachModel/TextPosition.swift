/// A place in a text, as editors show it.
public struct TextPosition: Hashable, Sendable, CustomStringConvertible {
  /// The line, from 1 on.
  public let line: Int
  /// The character in the line, from 1 on.
  public let column: Int

  /// The place of a byte.
  public init(of offset: Int, in text: [UInt8]) {
    let before = text.prefix(offset)
    line = before.count { $0 == 0x0A } + 1
    let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
    column = String(decoding: before[start...], as: UTF8.self).count + 1
  }

  /// `line 3, column 14`.
  public var description: String { "line \(line), column \(column)" }
}
