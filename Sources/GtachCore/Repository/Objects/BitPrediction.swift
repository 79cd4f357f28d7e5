/// What one context knows: the probability of a 1 in 4,096ths in the upper 12 bits, and in the lower 4 how many bits it
/// has seen. It believes the first bits quickly and later ones more slowly.
struct BitState {
  /// A context that nothing is known of.
  static let unknown = BitState(probability: 2048)
  /// The most bits that a context counts of which a `BitMixer` makes use, and any other.
  static let mixedLimit = 5
  static let limit = 15

  private(set) var state: UInt16

  init(probability: UInt16) { state = probability << 4 }

  /// The probability of a 1, in 4,096ths.
  @inline(__always)
  var probability: Int { Int(state >> 4) }

  /// Learns that a bit has followed.
  @inline(__always)
  mutating func update(_ bit: Int, limit: Int, _ tables: BitTables) {
    let count = Int(state & 15)
    let change = ((bit << 12 &- probability) &* tables.rate(count) &+ 1 << 15) >> 16
    let result = min(4095, max(1, probability &+ change))
    state = UInt16(truncatingIfNeeded: result << 4 | min(limit, count &+ 1))
  }

  /// Codes a bit of which only this context knows something.
  @inline(__always)
  mutating func code(_ bit: Int, _ tables: BitTables, with coder: inout some BitCoder) -> Int {
    let bit = coder.code(bit, probability: probability << 4)
    update(bit, limit: Self.limit, tables)
    return bit
  }
}

/// What is known in each of so many contexts.
struct BitStates {
  private let states: UnsafeMutableBufferPointer<BitState>

  init(_ count: Int) { states = .allocate(capacity: count) }

  func deallocate() { states.deallocate() }

  func fill(_ state: BitState) { states.initialize(repeating: state) }

  /// Every index is made of as many bits as there are contexts for.
  @inline(__always)
  subscript(index: Int) -> UnsafeMutablePointer<BitState> {
    assert(states.indices.contains(index))
    return states.baseAddress.unsafelyUnwrapped + index
  }
}

/// Predicts bits from several contexts at once: what they say is weighed by how right each has been (logistic mixing;
/// Matt Mahoney, "Adaptive weighing of context models for lossless data compression", 2005).
struct BitMixer {
  /// How many contexts there are.
  static let contexts = 4
  /// How much each counts at first, in 65,536ths.
  private static let firstWeight = 18_000

  /// Per set of weights one for each context, in 65,536ths.
  private let weights: UnsafeMutableBufferPointer<Int32>
  private let tables: BitTables

  init(sets: Int, _ tables: BitTables) {
    weights = .allocate(capacity: sets * Self.contexts)
    self.tables = tables
  }

  func deallocate() { weights.deallocate() }

  /// Forgets everything.
  func reset() { weights.initialize(repeating: Int32(Self.firstWeight)) }

  /// Codes a bit; all that had a part in it learn from it.
  ///
  /// - Parameter set: Which set of weights to use.
  @inline(__always)
  func code(
    _ bit: Int, set: Int, _ first: UnsafeMutablePointer<BitState>, _ second: UnsafeMutablePointer<BitState>,
    _ third: UnsafeMutablePointer<BitState>, _ fourth: UnsafeMutablePointer<BitState>, with coder: inout some BitCoder
  ) -> Int {
    let weights = weights.baseAddress.unsafelyUnwrapped + set &* Self.contexts
    let inputs = (
      tables.stretch(first.pointee.probability), tables.stretch(second.pointee.probability),
      tables.stretch(third.pointee.probability), tables.stretch(fourth.pointee.probability)
    )
    let probability = tables.squash(
      (inputs.0 &* Int(weights[0]) &+ inputs.1 &* Int(weights[1]) &+ inputs.2 &* Int(weights[2])
        &+ inputs.3 &* Int(weights[3])) >> 16)
    let bit = coder.code(bit, probability: probability)
    let error = bit << 16 &- probability
    func learn(_ weight: Int, _ input: Int) {
      weights[weight] &+= Int32(truncatingIfNeeded: (input &* error &+ 1 << 13) >> 14)
    }
    learn(0, inputs.0)
    learn(1, inputs.1)
    learn(2, inputs.2)
    learn(3, inputs.3)
    first.pointee.update(bit, limit: BitState.mixedLimit, tables)
    second.pointee.update(bit, limit: BitState.mixedLimit, tables)
    third.pointee.update(bit, limit: BitState.mixedLimit, tables)
    fourth.pointee.update(bit, limit: BitState.mixedLimit, tables)
    return bit
  }
}

/// The logistic function, its inverse, and how fast a context learns: tables that are computed with integers, once, so
/// that every machine has the same.
struct BitTables: @unchecked Sendable {
  // The pointers are never written to after this is made, and never freed.
  static let shared = BitTables()

  /// Probabilities end at e to the power of this divided by 256.
  private static let range = 2800

  private let stretched: UnsafePointer<Int16>
  private let squashed: UnsafePointer<UInt16>
  private let rates: UnsafePointer<UInt16>

  private init() {
    let squashed = UnsafeMutablePointer<UInt16>.allocate(capacity: 2 * Self.range + 1)
    // e^0 in 2^-32, to be multiplied by e^(1/256).
    var power: UInt64 = 1 << 32
    for x in 0...Self.range {
      let probability = min(65_535, power / (power >> 16 + 1 << 16))
      squashed[Self.range + x] = UInt16(probability)
      squashed[Self.range - x] = UInt16(65_536 - probability)
      let product = power.multipliedFullWidth(by: 4_311_777_323)
      power = product.high << 32 | product.low >> 32
    }
    let stretched = UnsafeMutablePointer<Int16>.allocate(capacity: 4096)
    var x = -Self.range
    for step in 0..<4096 {
      while x < Self.range, Int(squashed[Self.range + x]) < step << 4 + 8 { x += 1 }
      stretched[step] = Int16(x)
    }
    let rates = UnsafeMutablePointer<UInt16>.allocate(capacity: BitState.limit + 1)
    for count in 0...BitState.limit { rates[count] = UInt16(131_072 / (2 * count + 3)) }
    self.stretched = UnsafePointer(stretched)
    self.squashed = UnsafePointer(squashed)
    self.rates = UnsafePointer(rates)
  }

  /// ln(p / (1 - p)) in 256ths, of a probability of so many 4,096ths and a half.
  @inline(__always)
  func stretch(_ probability: Int) -> Int { Int(stretched[probability]) }

  /// 1 / (1 + e^-x) in 65,536ths, 1 to 65,535, of x in 256ths.
  @inline(__always)
  func squash(_ x: Int) -> Int { Int(squashed[min(Self.range, max(-Self.range, x)) &+ Self.range]) }

  /// How far a context that has seen so many bits moves towards the next, in 65,536ths: 1 / (count + 1.5).
  @inline(__always)
  func rate(_ count: Int) -> Int { Int(rates[count]) }
}
