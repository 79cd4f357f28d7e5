import GtachModel

/// Writes a frame: the header at once, then the fields of a binary body in order, all numbers big-endian.
struct FrameWriter {
  private(set) var bytes: [UInt8] = []

  init(type: UInt8, bodyBytes: Int) {
    bytes.reserveCapacity(Limits.frameHeaderBytes + 1 + bodyBytes)
    append(UInt32(truncatingIfNeeded: bodyBytes + 1))
    bytes.append(type)
  }

  mutating func append<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) {
    for shift in stride(from: Number.bitWidth - 8, through: 0, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
    }
  }

  mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }
}

/// Reads the fields of a binary body in order, all numbers big-endian.
struct ByteReader {
  private let type: MessageType
  private var rest: ArraySlice<UInt8>

  init(_ body: ArraySlice<UInt8>, of type: MessageType) {
    self.type = type
    rest = body
  }

  var remaining: Int { rest.count }

  mutating func number<Number: FixedWidthInteger & UnsignedInteger>(_: Number.Type) throws(GtachError) -> Number {
    try bytes(Number.bitWidth / 8).reduce(0) { $0 << 8 | Number($1) }
  }

  /// A 64-bit number that is small enough for every program to hold.
  mutating func size() throws(GtachError) -> Int {
    let value = try number(UInt64.self)
    guard value <= UInt64(Limits.integer) else { throw malformed("the number \(value) is too large") }
    return Int(value)
  }

  mutating func bytes(_ count: Int) throws(GtachError) -> ArraySlice<UInt8> {
    guard count <= rest.count else { throw malformed("it ends early") }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  mutating func digest() throws(GtachError) -> Digest {
    guard let digest = Digest(try bytes(Digest.byteCount)) else { throw malformed("it ends early") }
    return digest
  }

  mutating func unitDigest() throws(GtachError) -> UnitDigest {
    guard let digest = UnitDigest(try bytes(UnitDigest.byteCount)) else { throw malformed("it ends early") }
    return digest
  }

  /// A byte that is 0 or 1.
  mutating func flag() throws(GtachError) -> Bool {
    let value = try number(UInt8.self)
    guard value <= 1 else { throw malformed("\(value) is neither 0 nor 1") }
    return value == 1
  }

  /// A number of one to five bytes, in its only spelling.
  mutating func variableInteger() throws(GtachError) -> Int {
    guard let number = VariableInteger.take(from: &rest) else { throw malformed("a number in it cannot be read") }
    return number
  }

  /// The number of an object or a unit of a variant.
  mutating func numberInVariant() throws(GtachError) -> Int {
    let number = try variableInteger()
    guard number < Limits.unitsPerVariant else { throw malformed("no variant has a number \(number)") }
    return number
  }

  /// How many units of a variant somebody has.
  mutating func unitCount() throws(GtachError) -> Int {
    let count = Int(try number(UInt32.self))
    guard count <= Limits.unitsPerVariant else { throw malformed("no variant has \(count) units") }
    return count
  }

  mutating func remainder() -> [UInt8] {
    defer { rest = [] }
    return Array(rest)
  }

  func end() throws(GtachError) {
    guard rest.isEmpty else { throw malformed("\(rest.count) bytes follow its last field") }
  }

  func malformed(_ reason: String) -> GtachError { .malformed(type, reason) }
}

extension VariableInteger {
  /// Numbers of 0 to 2^35 - 1, one after the other.
  static func bytes(of numbers: [Int]) -> [UInt8] {
    var bytes: [UInt8] = []
    for number in numbers { append(number, to: &bytes) }
    return bytes
  }
}

extension GtachError {
  static func malformed(_ type: MessageType, _ reason: String) -> GtachError {
    GtachError(.frameMalformed, "the peer sent a malformed \(type.name)", reason: reason)
  }
}
