/// Writes or reads bits of which the probabilities are known (binary arithmetic coding, 32 bits, carry-less).
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
  private var low: UInt32 = 0
  private var high: UInt32 = .max
  private var bytes: [UInt8] = []

  mutating func code(_ bit: Int, probability: Int) -> Int {
    let middle = low &+ UInt32(truncatingIfNeeded: (UInt64(high &- low) &* UInt64(probability)) >> 16)
    if bit == 1 { high = middle } else { low = middle &+ 1 }
    while (low ^ high) >> 24 == 0 {
      bytes.append(UInt8(truncatingIfNeeded: high >> 24))
      low <<= 8
      high = high << 8 | 0xFF
    }
    return bit
  }

  /// The bytes. Zeros at the end are left out: a decoder reads them all the same.
  consuming func finished() -> [UInt8] {
    // The two differ in their first byte, so that of the higher, with zeros after it, is between them.
    if low > 0 { bytes.append(UInt8(truncatingIfNeeded: high >> 24)) }
    while bytes.last == 0 { bytes.removeLast() }
    return bytes
  }
}

/// Bytes to bits: endlessly many, zeros after the end.
struct BitDecoder: BitCoder {
  private var low: UInt32 = 0
  private var high: UInt32 = .max
  private var value: UInt32 = 0
  private var bytes: ArraySlice<UInt8>
  /// How many bytes of zeros were read after the end.
  private var excess = 0

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    for _ in 0..<4 { value = value << 8 | next() }
  }

  mutating func code(_: Int, probability: Int) -> Int {
    let middle = low &+ UInt32(truncatingIfNeeded: (UInt64(high &- low) &* UInt64(probability)) >> 16)
    let bit = value <= middle ? 1 : 0
    if bit == 1 { high = middle } else { low = middle &+ 1 }
    while (low ^ high) >> 24 == 0 {
      low <<= 8
      high = high << 8 | 0xFF
      value = value << 8 | next()
    }
    return bit
  }

  /// Whether nothing was given that an encoder of these bits would not have written.
  var isAtEnd: Bool { excess >= 3 }

  private mutating func next() -> UInt32 {
    if let byte = bytes.popFirst() { return UInt32(byte) }
    excess += 1
    return 0
  }
}
