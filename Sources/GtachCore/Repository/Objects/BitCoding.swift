/// Writes or reads bits of which the probabilities are known (binary arithmetic coding as a range coder does it: G. N.
/// N. Martin, "Range encoding", 1979; here with 64 bits, of which at least 32 are always good).
protocol BitCoder {
  /// Codes a bit.
  ///
  /// - Parameters:
  ///   - bit: 0 or 1; without meaning to a decoder.
  ///   - probability: How likely a 1 is, in 65,536ths: 1 to 65,535.
  /// - Returns: The bit.
  mutating func code(_ bit: Int, probability: Int) -> Int
}

/// Bits to bytes.
struct BitEncoder: BitCoder {
  private var low: UInt64 = 0
  private var range: UInt64 = .max
  private var bytes: [UInt8] = []

  mutating func code(_ bit: Int, probability: Int) -> Int {
    let bound = range >> 16 &* UInt64(truncatingIfNeeded: probability)
    if bit == 1 {
      range = bound
    } else {
      range -= bound
      carry(adding: bound)
    }
    if range >> 32 == 0 {
      append(upTo: 32)
      low <<= 32
      range <<= 32
    }
    return bit
  }

  /// Writes the bytes of `low` from the highest one on.
  private mutating func append(upTo lowest: Int) {
    for shift in stride(from: 56, through: lowest, by: -8) {
      bytes.append(UInt8(truncatingIfNeeded: low >> UInt64(shift)))
    }
  }

  /// Adds to `low`; what does not fit goes into the bytes.
  private mutating func carry(adding amount: UInt64) {
    let (sum, overflow) = low.addingReportingOverflow(amount)
    low = sum
    guard overflow else { return }
    var position = bytes.count - 1
    while bytes[position] == .max {
      bytes[position] = 0
      position -= 1
    }
    bytes[position] += 1
  }

  /// The bytes: the fewest that a decoder understands. Zeros at the end are left out, as it reads them all the same.
  consuming func finished() -> [UInt8] {
    // Of all numbers from `low` that are within `range` the one with the most zeros at its end.
    var zeros = UInt64.max >> 8
    while (low &+ zeros) & ~zeros &- low >= range { zeros >>= 8 }
    carry(adding: ((low &+ zeros) & ~zeros) &- low)
    append(upTo: 0)
    while bytes.last == 0 { bytes.removeLast() }
    return bytes
  }
}

/// Bytes to bits: endlessly many, zeros after the end.
struct BitDecoder: BitCoder {
  private var value: UInt64 = 0
  private var range: UInt64 = .max
  private let bytes: UnsafeRawBufferPointer
  /// How many bytes were read, those after the end among them.
  private var position = 0

  /// - Parameter bytes: To be there as long as the decoder is.
  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
    value = UInt64(next()) << 32
    value |= UInt64(next())
  }

  @inline(__always)
  mutating func code(_: Int, probability: Int) -> Int {
    let bound = range >> 16 &* UInt64(truncatingIfNeeded: probability)
    let bit: Int
    if value < bound {
      range = bound
      bit = 1
    } else {
      value &-= bound
      range &-= bound
      bit = 0
    }
    if range >> 32 == 0 {
      range <<= 32
      value = value << 32 | UInt64(next())
    }
    return bit
  }

  /// Whether nothing was given that an encoder of these bits would not have written.
  var isAtEnd: Bool { position - bytes.count >= 4 && bytes.last != 0 }

  private mutating func next() -> UInt32 {
    defer { position += 4 }
    if position + 4 <= bytes.count {
      return UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self))
    }
    return (position..<position + 4).reduce(0) { $0 << 8 | ($1 < bytes.count ? UInt32(bytes[$1]) : 0) }
  }
}
