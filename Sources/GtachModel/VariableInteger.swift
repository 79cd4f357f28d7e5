/// Numbers of 0 to 2^35 - 1 in one to five bytes: 7 bits each, the lowest first, and a highest bit that says whether
/// another byte follows (LEB128). Numbers with a sign alternate: 0, -1, 1, -2, ... (ZigZag).
public enum VariableInteger {
  /// Writes a number of 0 to 2^35 - 1.
  public static func append(_ number: Int, to bytes: inout [UInt8]) {
    precondition((0..<1 << 35).contains(number))
    var rest = number
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Writes a number of -2^34 to 2^34 - 1.
  public static func append(signed number: Int, to bytes: inout [UInt8]) {
    append(number << 1 ^ number >> (Int.bitWidth - 1), to: &bytes)
  }

  /// Takes a number off the front; nil where there is none, it is too large, or a shorter spelling exists.
  public static func take(from bytes: inout ArraySlice<UInt8>) -> Int? {
    var number = 0
    for shift in stride(from: 0, to: 35, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      number |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return byte == 0 && shift > 0 ? nil : number }
    }
    return nil
  }

  /// Takes a number with a sign off the front; nil as for `take`.
  public static func takeSigned(from bytes: inout ArraySlice<UInt8>) -> Int? {
    take(from: &bytes).map { $0 >> 1 ^ -($0 & 1) }
  }
}
