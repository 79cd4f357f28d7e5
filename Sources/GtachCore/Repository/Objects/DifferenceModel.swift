/// What is likely in a `BinaryDifference`: codes it bit by bit, and learns from every bit. Encoder and decoder each have
/// one, fed with the same bits. Every constant in here is part of the format.
///
/// In the next build of a program most stretches are the same but for the addresses in them: which bytes of the older
/// build are one can be learnt from the bytes beside them (an instruction, or the rest of the address), and how they
/// change from where they point to, because everything that points across an insertion changes alike.
final class DifferenceModel {
  /// What stands at a place of the older bytes.
  struct Surroundings {
    /// The byte there and the three after it, the lowest first; zeros beyond the end.
    var word: UInt32 = 0
    /// The byte before and the one before that.
    var before: UInt32 = 0
    /// The address that the word is a distance to, if it is one.
    var target: UInt32 = 0
  }

  private let changes = BitPredictor(contexts: 4, slotBits: 16, probability: 82, weightSets: 12, weight: 20_000)
  private let values = BitPredictor(contexts: 5, slotBits: 17, probability: 2048, weightSets: 16, weight: 24_000)
  private let additions = BitPredictor(contexts: 5, slotBits: 17, probability: 2048, weightSets: 8, weight: 24_000)
  private var numbers = Array(repeating: BitState.unknown, count: Number.allCases.count * NumberStates.count)

  /// How many bytes ago one changed.
  private var sinceChange = 1000
  /// The differences of the byte before and of the one before that.
  private var (last, secondLast) = (0, 0)
  /// The last two different differences that were not zero.
  private var (value, earlierValue): (UInt32, UInt32) = (0, 0)

  /// Forgets everything.
  func reset() {
    changes.reset()
    values.reset()
    additions.reset()
    for position in numbers.indices { numbers[position] = .unknown }
    restart()
    (value, earlierValue) = (0, 0)
  }

  /// Begins after something else than a copied byte.
  func restart() {
    sinceChange = 1000
    (last, secondLast) = (0, 0)
  }

  /// Codes the difference of a byte to an older one.
  @inline(__always)
  func difference(_ actual: Int, to old: Surroundings, with coder: inout some BitCoder) -> Int {
    let near = UInt32(min(sinceChange, 4))
    let first = old.word & 0xFF
    // The addition to the byte before may have carried over into this one.
    let carry: UInt32 = Int(old.before & 0xFF) + last > 255 ? 1 : 0
    changes.select(0, old.before | near << 16)
    changes.select(1, old.word >> 16 | near << 16)
    changes.select(2, UInt32(last | secondLast << 8) | carry << 16)
    changes.select(3, old.target >> 12 ^ (old.before & 0xFF) << 20 ^ near << 28)
    var difference = 0
    if changes.code(actual == 0 ? 0 : 1, set: distanceClass, with: &coder) == 1 {
      let contexts = (
        value | earlierValue << 8, old.before, first, UInt32(last) | carry << 9 | (secondLast == 0 ? 0 : 1) << 8,
        old.target >> 12
      )
      let adjoins = sinceChange == 0 ? 8 : 0
      var prefix: UInt32 = 1
      for position in stride(from: 7, through: 0, by: -1) {
        let mark = prefix &* 0x85EB_CA77
        values.select(0, contexts.0 &* 0xC2B2_AE3D ^ mark)
        values.select(1, contexts.1 &* 0xC2B2_AE3D ^ mark)
        values.select(2, contexts.2 &* 0xC2B2_AE3D ^ mark)
        values.select(3, contexts.3 &* 0xC2B2_AE3D ^ mark)
        values.select(4, contexts.4 &* 0xC2B2_AE3D ^ mark)
        prefix = prefix << 1 | UInt32(values.code(actual >> position & 1, set: adjoins | position, with: &coder))
      }
      difference = Int(prefix & 0xFF)
      if UInt32(difference) != value { (value, earlierValue) = (UInt32(difference), value) }
      sinceChange = 0
    } else {
      sinceChange &+= 1
    }
    (last, secondLast) = (difference, last)
    return difference
  }

  private var distanceClass: Int {
    switch sinceChange {
    case ..<8: sinceChange
    case ..<16: 8
    case ..<32: 9
    case ..<128: 10
    default: 11
    }
  }

  /// Codes a new byte.
  ///
  /// - Parameters:
  ///   - recent: The three bytes before it, the last one lowest.
  ///   - old: What would stand here if the stretch before went on.
  func addition(_ actual: Int, after recent: UInt32, beside old: Surroundings, with coder: inout some BitCoder) -> Int {
    let goesOn: UInt32 = old.before & 0xFF == recent & 0xFF ? 1 : 0
    let contexts = (
      recent & 0xFF, recent & 0xFFFF, recent & 0xFF_FFFF, recent >> 8 & 0xFFFF, old.word & 0xFFFF | goesOn << 16
    )
    var prefix: UInt32 = 1
    for position in stride(from: 7, through: 0, by: -1) {
      let mark = prefix &* 0x85EB_CA77
      additions.select(0, contexts.0 &* 0xC2B2_AE3D ^ mark)
      additions.select(1, contexts.1 &* 0xC2B2_AE3D ^ mark)
      additions.select(2, contexts.2 &* 0xC2B2_AE3D ^ mark)
      additions.select(3, contexts.3 &* 0xC2B2_AE3D ^ mark)
      additions.select(4, contexts.4 &* 0xC2B2_AE3D ^ mark)
      prefix = prefix << 1 | UInt32(additions.code(actual >> position & 1, set: position, with: &coder))
    }
    return Int(prefix & 0xFF)
  }

  /// The numbers that describe a stretch.
  enum Number: Int, CaseIterable {
    /// By how many bytes the two are further apart than in the stretch before, and in which direction.
    case shift
    /// How many bytes are like older ones.
    case copied
    /// How many new ones follow.
    case added
  }

  private enum NumberStates {
    static let sign = 0
    static let lengths = 1
    static let upperBits = lengths + 32
    static let count = upperBits + 32 * 8
  }

  /// Codes a number of 0 to 2^24: how many bits it has, and then these, the upper three as something that can be known.
  func number(_ actual: Int, _ kind: Number, with coder: inout some BitCoder) -> Int {
    let states = kind.rawValue * NumberStates.count
    let length = Int.bitWidth - 1 - (actual + 1).leadingZeroBitCount
    var bits = 0
    while bits < 24,
      numbers[states + NumberStates.lengths + bits].code(bits < length ? 1 : 0, with: &coder) == 1
    {
      bits += 1
    }
    var (result, context) = (1, 1)
    for position in stride(from: bits - 1, through: 0, by: -1) {
      let bit = (actual + 1) >> position & 1
      if bits - position <= 3 {
        let state = states + NumberStates.upperBits + bits * 8 + context
        result = result << 1 | numbers[state].code(bit, with: &coder)
        context = context << 1 | result & 1
      } else {
        result = result << 1 | coder.code(bit, probability: 1 << 15)
      }
    }
    return result - 1
  }

  /// Codes a number with a sign.
  func signedNumber(_ actual: Int, _ kind: Number, with coder: inout some BitCoder) -> Int {
    let magnitude = number(abs(actual), kind, with: &coder)
    guard magnitude > 0 else { return 0 }
    let isNegative = numbers[kind.rawValue * NumberStates.count + NumberStates.sign]
      .code(actual < 0 ? 1 : 0, with: &coder)
    return isNegative == 1 ? -magnitude : magnitude
  }
}
