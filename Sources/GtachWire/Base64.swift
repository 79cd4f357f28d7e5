/// Base64 after RFC 4648: the standard alphabet with padding, and the URL-safe one without. Decoding accepts exactly
/// what encoding writes, so that a value has one spelling.
struct Base64 {
  /// Section 4, padded with `=`.
  static let standard = Base64(last: "+/", isPadded: true)
  /// Section 5, without padding.
  static let url = Base64(last: "-_", isPadded: false)

  private let digits: [UInt8]
  /// The value of every byte that is a digit, else 0xFF.
  private let values: [UInt8]
  private let isPadded: Bool

  private init(last: String, isPadded: Bool) {
    digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789\(last)".utf8)
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, digit) in digits.enumerated() { values[Int(digit)] = UInt8(value) }
    self.values = values
    self.isPadded = isPadded
  }

  func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var rest = bytes[...]
    while !rest.isEmpty {
      let group = rest.prefix(3)
      rest = rest.dropFirst(3)
      let word = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
      for position in 0..<4 {
        if position <= group.count {
          text.append(digits[Int(word >> UInt32(18 - 6 * position)) & 63])
        } else if isPadded {
          text.append(0x3D)
        }
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The bytes; nil for any text that `encode` never writes.
  func decode(_ text: some StringProtocol) -> [UInt8]? {
    var digits = Array(text.utf8)[...]
    if isPadded {
      guard digits.count % 4 == 0 else { return nil }
      for _ in 0..<2 where digits.last == 0x3D { digits.removeLast() }
    }
    guard digits.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count * 3 / 4)
    while !digits.isEmpty {
      let group = digits.prefix(4)
      digits = digits.dropFirst(4)
      var word: UInt32 = 0
      for digit in group {
        let value = values[Int(digit)]
        guard value != 0xFF else { return nil }
        word = word << 6 | UInt32(value)
      }
      word <<= UInt32(6 * (4 - group.count))
      let count = group.count - 1
      for position in 0..<count { bytes.append(UInt8(truncatingIfNeeded: word >> UInt32(16 - 8 * position))) }
      // Bits that belong to no byte are zero, or one value would have several spellings.
      guard word & ((1 << UInt32(24 - 8 * count)) - 1) == 0 else { return nil }
    }
    return bytes
  }
}
