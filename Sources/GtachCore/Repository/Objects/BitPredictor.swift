/// Predicts bits from several contexts at once: each context remembers how often it was followed by a 1, and what they
/// say is weighed by how right each has been (logistic mixing; Matt Mahoney, "Adaptive weighing of context models for
/// lossless data compression", 2005). Integers only: every machine computes the same.
final class BitPredictor {
  /// The slot of each context for the next bit, to be set before `code`.
  let slots: UnsafeMutablePointer<Int>
  /// How many slots each context has, as a power of two.
  let slotBits: Int
  private let contextCount: Int
  private let weightCount: Int
  private let unknown: BitState
  private let firstWeight: Int
  private var isUsed = true
  private let states: UnsafeMutablePointer<BitState>
  /// Per set of weights one for each context, in 65,536ths.
  private let weights: UnsafeMutablePointer<Int>
  private let inputs: UnsafeMutablePointer<Int>
  private let tables = BitTables.shared

  /// - Parameters:
  ///   - probability: How likely a 1 is in a context that nothing is known of, in 4,096ths.
  ///   - weight: How much each context counts at first, in 65,536ths.
  init(contexts: Int, slotBits: Int, probability: UInt16, weightSets: Int, weight: Int) {
    contextCount = contexts
    weightCount = contexts * weightSets
    unknown = BitState(probability: probability)
    firstWeight = weight
    self.slotBits = slotBits
    slots = .allocate(capacity: contexts)
    slots.initialize(repeating: 0, count: contexts)
    inputs = .allocate(capacity: contexts)
    inputs.initialize(repeating: 0, count: contexts)
    states = .allocate(capacity: contexts << slotBits)
    weights = .allocate(capacity: weightCount)
    reset()
  }

  /// Forgets everything. Cheaper than a new one, of which the system would have to find the memory.
  func reset() {
    guard isUsed else { return }
    states.initialize(repeating: unknown, count: contextCount << slotBits)
    weights.initialize(repeating: firstWeight, count: weightCount)
    isUsed = false
  }

  deinit {
    slots.deallocate()
    inputs.deallocate()
    states.deallocate()
    weights.deallocate()
  }

  /// Chooses the slot of a context by a number that stands for what is known.
  @inline(__always)
  func select(_ context: Int, _ key: UInt32) {
    let hash = (key &* 0x9E37_79B1) >> UInt32(32 - slotBits)
    slots[context] = context << slotBits | Int(hash)
  }

  /// Codes a bit and learns from it.
  ///
  /// - Parameter set: Which set of weights to use.
  @inline(__always)
  func code(_ bit: Int, set: Int, with coder: inout some BitCoder) -> Int {
    isUsed = true
    let weights = weights + set * contextCount
    var sum = 0
    for context in 0..<contextCount {
      let input = tables.stretch(states[slots[context]].probability)
      inputs[context] = input
      sum &+= input &* weights[context]
    }
    let probability = tables.squash(sum >> 16)
    let bit = coder.code(bit, probability: probability)
    let error = bit << 16 &- probability
    for context in 0..<contextCount {
      weights[context] &+= (inputs[context] &* error &+ 1 << 13) >> 14
      states[slots[context]].update(bit, tables)
    }
    return bit
  }
}

/// What one context knows: the probability of a 1 in 4,096ths in the upper 12 bits, and in the lower 4 how many bits it
/// has seen. It believes the first bits quickly and later ones more slowly.
struct BitState {
  /// A context that nothing is known of.
  static let unknown = BitState(probability: 2048)

  private var state: UInt16

  init(probability: UInt16) { state = probability << 4 }

  /// The probability of a 1, in 4,096ths.
  @inline(__always)
  var probability: Int { Int(state >> 4) }

  @inline(__always)
  mutating func update(_ bit: Int, _ tables: BitTables) {
    let count = Int(state & 15)
    let change = ((bit << 12 &- probability) &* tables.rate(count) &+ 1 << 15) >> 16
    let result = min(4095, max(1, probability &+ change))
    state = UInt16(truncatingIfNeeded: result << 4 | min(BitTables.countLimit, count &+ 1))
  }

  /// Codes a bit of which only this context knows something.
  mutating func code(_ bit: Int, with coder: inout some BitCoder) -> Int {
    let bit = coder.code(bit, probability: probability << 4)
    update(bit, BitTables.shared)
    return bit
  }
}

/// The logistic function, its inverse, and how fast a context learns: tables that are computed with integers, once.
struct BitTables: @unchecked Sendable {
  // The pointers are never written to after this is made, and never freed.
  static let shared = BitTables()

  /// The most bits that a context counts.
  static let countLimit = 10
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
    let rates = UnsafeMutablePointer<UInt16>.allocate(capacity: Self.countLimit + 1)
    for count in 0...Self.countLimit { rates[count] = UInt16(131_072 / (2 * count + 3)) }
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
