#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Foundation's JSON decoder for bytes that come from outside.
///
/// Foundation of Swift 6.0, which Debian 13 has, stops the process where the name of an object's member is not UTF-8
/// or escapes half a surrogate pair, and every version guesses UTF-16 and recurses as deep as the text is nested. So
/// the text is looked through first.
public enum JSONReading {
  /// How deep arrays and objects may be nested: far more than anything here needs, and no danger to a small stack.
  public static let maximumDepth = 64

  /// What some editors begin a file with; RFC 8259, section 8.1, has none.
  static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

  /// Decodes a JSON text (RFC 8259).
  ///
  /// - Throws: `DecodingError`, or what the value's own initialiser throws.
  public static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: some Collection<UInt8>
  ) throws -> Value {
    if let flaw = flaw(in: bytes) {
      throw DecodingError.dataCorrupted(DecodingError.Context(codingPath: [], debugDescription: flaw.reason))
    }
    return try JSONDecoder().decode(type, from: Data(bytes))
  }

  /// What makes the bytes unfit for Foundation's decoder, and how many bytes before that do not; nil where nothing
  /// does. It is not a check of the whole grammar.
  static func flaw(in bytes: some Collection<UInt8>) -> (offset: Int, reason: String)? {
    guard String(validating: bytes, as: UTF8.self) != nil else { return (validPrefix(of: bytes), "it is not UTF-8") }
    if bytes.starts(with: byteOrderMark) { return (0, "it starts with a byte order mark") }
    var depth = 0
    var isInString = false
    var iterator = Counted(bytes.makeIterator())
    while let byte = iterator.next() {
      let offset = iterator.count - 1
      switch byte {
      case 0x22:
        isInString.toggle()
      case 0x5C where isInString:
        if let flaw = flawInEscape(&iterator) { return (offset, flaw) }
      case 0..<0x20 where isInString || ![0x09, 0x0A, 0x0D].contains(byte):
        return (offset, "it has a control character")
      case 0x5B where !isInString, 0x7B where !isInString:
        depth += 1
        if depth > maximumDepth { return (offset, "it is nested more than \(maximumDepth) deep") }
      case 0x5D where !isInString, 0x7D where !isInString:
        depth -= 1
      default: break
      }
    }
    return nil
  }

  /// An iterator that knows how far it is.
  private struct Counted<Base: IteratorProtocol<UInt8>>: IteratorProtocol {
    private var base: Base
    private(set) var count = 0

    init(_ base: Base) { self.base = base }

    mutating func next() -> UInt8? {
      count += 1
      return base.next()
    }
  }

  /// How many bytes there are before the first that is not UTF-8.
  private static func validPrefix(of bytes: some Collection<UInt8>) -> Int {
    var (iterator, decoder, count) = (bytes.makeIterator(), UTF8(), 0)
    while case .scalarValue(let scalar) = decoder.decode(&iterator) { count += UTF8.width(scalar) }
    return count
  }

  /// What is wrong with what follows a backslash; nil where it is an escape sequence.
  private static func flawInEscape(_ iterator: inout some IteratorProtocol<UInt8>) -> String? {
    let wrong = "it has a wrong escape sequence"
    guard let character = iterator.next() else { return wrong }
    guard character == 0x75 else { return Array("\"\\/bfnrt".utf8).contains(character) ? nil : wrong }
    guard let unit = codeUnit(&iterator) else { return wrong }
    switch unit {
    case 0xDC00...0xDFFF: return wrong
    case 0xD800...0xDBFF:
      guard iterator.next() == 0x5C, iterator.next() == 0x75, let low = codeUnit(&iterator),
        (0xDC00...0xDFFF).contains(low)
      else { return wrong }
      return nil
    default: return nil
    }
  }

  private static func codeUnit(_ iterator: inout some IteratorProtocol<UInt8>) -> UInt16? {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = iterator.next() else { return nil }
      switch digit {
      case 0x30...0x39: unit = unit << 4 | UInt16(digit - 0x30)
      case 0x41...0x46: unit = unit << 4 | UInt16(digit - 0x41 + 10)
      case 0x61...0x66: unit = unit << 4 | UInt16(digit - 0x61 + 10)
      default: return nil
      }
    }
    return unit
  }
}
