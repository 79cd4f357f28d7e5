/// What is likely in a `BinaryDifference`, learnt from what has been coded before. Encoder and decoder each have one,
/// fed with the same. Every constant in here is part of the format.
///
/// In the next build of a program most stretches are the same but for the addresses in them. Where in the older build
/// there is one can be learnt from the bytes around it (an instruction before it, its own upper bytes); and by how much
/// it changes from where it points to, because everything that points across an insertion changes alike. So what is
/// coded are changes of words of four bytes, not of bytes, and no work is done for a byte beside which none has changed
/// so far but looking that up twice.
final class DifferenceModel {
  /// A context that is at least so likely to be followed by a change is worth a bit for each byte, in 4,096ths.
  private static let likely: UInt16 = 300
  /// What is thought of a context that nothing is known of: less than that.
  private static let first = BitState(probability: 20)
  /// A word is looked up by its upper bits.
  private static let regionBits: UInt32 = 12
  private static let tableBits = 12
  private static let wordBits = 14
  private static let candidateCount = 5

  private let tables = BitTables.shared
  /// Whether a byte changes, by: the two bytes before it; the two that are two and three bytes after it; the upper bits
  /// of the word; the byte before it and how far away the changes before are.
  private let before = BitStates(1 << 16)
  private let after = BitStates(1 << 16)
  private let words = BitStates(1 << wordBits)
  private let rhythms = BitStates(1 << 13)
  private let mixer = BitMixer(sets: 6, .shared)
  /// By how much words change, by where they point to and by what they are; then the last three changes.
  private let targets = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 1 << tableBits)
  private let values = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: 1 << tableBits)
  private var recent: (UInt32, UInt32, UInt32) = (0, 0, 0)
  private let candidates = UnsafeMutablePointer<UInt32>.allocate(capacity: candidateCount)
  private let hits = BitStates(candidateCount * 8)
  private let widths = BitStates(3)
  private let bytes = BitStates(4 * 4 * 256)
  private let numbers = BitStates(Number.allCases.count * NumberStates.count)

  /// Where in the newer bytes the last change began, how far from the one before, and how far that was from its own.
  private var (lastStart, gap, earlierGap) = (0, 0, 0)
  /// Where in this stretch the last change ended.
  private var lastEnd = 0

  init() { reset() }

  deinit {
    for states in [before, after, words, rhythms, hits, widths, bytes, numbers] { states.deallocate() }
    mixer.deallocate()
    targets.deallocate()
    values.deallocate()
    candidates.deallocate()
  }

  /// Forgets everything.
  func reset() {
    for states in [before, after, words, rhythms] { states.fill(Self.first) }
    for states in [hits, widths, bytes, numbers] { states.fill(.unknown) }
    mixer.reset()
    targets.initialize(repeating: 0)
    values.initialize(repeating: 0)
    recent = (0, 0, 0)
    (lastStart, gap, earlierGap) = (-100_000, 0, 0)
    beginStretch()
  }

  /// Begins a stretch: what was right before it is no neighbour.
  func beginStretch() { lastEnd = -100_000 }

  // MARK: Where something changes

  /// Whether a change here would be a surprise as far as the bytes around it say.
  @inline(__always)
  func isQuiet(_ old: Surroundings) -> Bool {
    max(before[old.before].pointee.state, after[old.after].pointee.state) < Self.likely << 4
  }

  /// Whether `isQuiet` is true of a place and of the three after it. False also where the older bytes begin or end, so
  /// that it is asked for each on its own.
  @inline(__always)
  func isQuiet(fourFrom place: Int, of old: UnsafeRawBufferPointer) -> Bool {
    guard place >= 2, place &+ 10 <= old.count else { return false }
    let start = old.baseAddress.unsafelyUnwrapped + place
    let earlier = UInt64(littleEndian: (start - 2).loadUnaligned(as: UInt64.self))
    let later = UInt64(littleEndian: (start + 2).loadUnaligned(as: UInt64.self))
    func highest(_ shift: UInt64) -> UInt16 {
      max(
        before[Int(truncatingIfNeeded: earlier &>> shift & 0xFFFF)].pointee.state,
        after[Int(truncatingIfNeeded: later &>> shift & 0xFFFF)].pointee.state)
    }
    return max(max(highest(0), highest(8)), max(highest(16), highest(24))) < Self.likely << 4
  }

  /// The first place from `position` on that is near the last change, or as far from it as that was from the one
  /// before; there a bit is worth its while whatever stands there.
  @inline(__always)
  func expected(from position: Int) -> Int {
    if position &- lastEnd < 2 { return position }
    let (first, second) = (lastStart &+ gap, lastStart &+ earlierGap)
    return min(first >= position ? first : .max, second >= position ? second : .max)
  }

  /// Codes whether the byte changes.
  @inline(__always)
  func change(_ actual: Int, at position: Int, _ old: Surroundings, with coder: inout some BitCoder) -> Int {
    let near = min(position &- lastEnd, 4)
    let regular = (position == lastStart &+ gap ? 1 : 0) | (position == lastStart &+ earlierGap ? 2 : 0)
    return mixer.code(
      actual, set: near < 2 ? near : 2 &+ regular, before[old.before], after[old.after], words[wordSlot(old)],
      rhythms[rhythm(old, near: near, regular: regular)], with: &coder)
  }

  /// Learns that a byte has changed where that was unlikely.
  func surprise(at position: Int, _ old: Surroundings) {
    let slot = rhythm(old, near: min(position &- lastEnd, 4), regular: 0)
    for state in [before[old.before], after[old.after], words[wordSlot(old)], rhythms[slot]] {
      state.pointee.update(1, limit: BitState.mixedLimit, tables)
    }
  }

  @inline(__always)
  private func wordSlot(_ old: Surroundings) -> Int { Self.hash(old.word >> Self.regionBits, bits: Self.wordBits) }

  @inline(__always)
  private func rhythm(_ old: Surroundings, near: Int, regular: Int) -> Int {
    old.before >> 8 | near << 8 | regular << 11
  }

  // MARK: How it changes

  /// Codes by how much the word that begins with a changed byte changes.
  ///
  /// - Parameters:
  ///   - newer: The newer word; without meaning to a decoder.
  ///   - room: How many bytes there are from here to the end of the stretch.
  ///   - place: Where the word stands in the older bytes.
  ///   - position: Where it comes to stand in the newer.
  /// - Returns: The newer word, and how many bytes of it are known: 1 to 4, and no more than `room`.
  @inline(__always)
  func change(
    to newer: UInt32, room: Int, _ old: Surroundings, place: Int, position: Int, with coder: inout some BitCoder
  ) -> (word: UInt32, width: Int) {
    let target = Self.hash((UInt32(truncatingIfNeeded: place) &+ old.word) >> Self.regionBits, bits: Self.tableBits)
    let value = Self.hash(old.word >> Self.regionBits, bits: Self.tableBits)
    (candidates[0], candidates[1]) = (targets[target], values[value])
    (candidates[2], candidates[3], candidates[4]) = recent
    var (delta, width) = (UInt32(0), min(room, 4))
    if let candidate = candidate(newer &- old.word, width: width, with: &coder) {
      delta = candidate
      (targets[target], values[value]) = (delta, delta)
    } else {
      (delta, width) = explicit(newer, old.word, width: width, with: &coder)
      if width > 1 { (targets[target], values[value]) = (delta, delta) }
    }
    if recent.0 != delta { recent = (delta, recent.0, recent.1 == delta ? recent.2 : recent.1) }
    (earlierGap, gap, lastStart) = (gap, position &- lastStart, position)
    lastEnd = position &+ width
    return (old.word &+ delta, width)
  }

  /// The first candidate that is right, if one is.
  @inline(__always)
  private func candidate(_ actual: UInt32, width: Int, with coder: inout some BitCoder) -> UInt32? {
    let mask = UInt32.max >> UInt32(32 &- 8 &* width)
    let agreeing =
      (candidates[0] == candidates[1] ? 1 : 0) | (candidates[0] == candidates[2] ? 2 : 0)
      | (candidates[1] == candidates[2] ? 4 : 0)
    var number = 0
    while number < Self.candidateCount {
      defer { number &+= 1 }
      let candidate = candidates[number]
      // The first byte has changed; and what was wrong once still is.
      if candidate & 0xFF == 0 || isKnown(number) { continue }
      let isRight = (candidate ^ actual) & mask == 0 ? 1 : 0
      if hits[number &* 8 | agreeing].pointee.code(isRight, tables, with: &coder) == 1 { return candidate }
    }
    return nil
  }

  @inline(__always)
  private func isKnown(_ number: Int) -> Bool {
    var earlier = 0
    while earlier < number {
      if candidates[earlier] == candidates[number] { return true }
      earlier &+= 1
    }
    return false
  }

  /// A difference of one to three bytes with a sign, or of the first byte alone.
  private func explicit(
    _ newer: UInt32, _ older: UInt32, width: Int, with coder: inout some BitCoder
  ) -> (delta: UInt32, width: Int) {
    let actual = Int32(bitPattern: newer &- older)
    var kind = 3
    if width == 4 {
      if (-1 << 7..<1 << 7).contains(actual) {
        kind = 0
      } else if newer ^ older > 0xFF {
        kind = (-1 << 15..<1 << 15).contains(actual) ? 1 : (-1 << 23..<1 << 23).contains(actual) ? 2 : 3
      }
    }
    let upper = widths[0].pointee.code(kind >> 1, tables, with: &coder)
    kind = upper << 1 | widths[1 + upper].pointee.code(kind & 1, tables, with: &coder)
    if kind == 3 { return (byte(newer &- older, context: 15, with: &coder), 1) }
    var delta: UInt32 = 0
    for position in stride(from: kind, through: 0, by: -1) {
      delta = delta << 8 | byte((newer &- older) >> UInt32(8 * position), context: kind << 2 | position, with: &coder)
    }
    let unused = Int32(24 - 8 * kind)
    return (UInt32(bitPattern: Int32(bitPattern: delta << UInt32(unused)) >> unused), width)
  }

  /// The lowest byte of a number, its highest bit first.
  @inline(__always)
  private func byte(_ actual: UInt32, context: Int, with coder: inout some BitCoder) -> UInt32 {
    var result = 1
    for position in stride(from: 7, through: 0, by: -1) {
      let bit = Int(actual >> UInt32(position) & 1)
      result = result << 1 | bytes[context << 8 | result].pointee.code(bit, tables, with: &coder)
    }
    return UInt32(truncatingIfNeeded: result & 0xFF)
  }

  @inline(__always)
  private static func hash(_ key: UInt32, bits: Int) -> Int {
    Int((key &* 0x9E37_79B1) >> UInt32(truncatingIfNeeded: 32 &- bits))
  }

  // MARK: Numbers

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
      numbers[states + NumberStates.lengths + bits].pointee.code(bits < length ? 1 : 0, tables, with: &coder) == 1
    {
      bits += 1
    }
    var (result, context) = (1, 1)
    for position in stride(from: bits - 1, through: 0, by: -1) {
      let bit = (actual + 1) >> position & 1
      if bits - position <= 3 {
        let state = states + NumberStates.upperBits + bits * 8 + context
        result = result << 1 | numbers[state].pointee.code(bit, tables, with: &coder)
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
    let isNegative = numbers[kind.rawValue * NumberStates.count + NumberStates.sign].pointee
      .code(actual < 0 ? 1 : 0, tables, with: &coder)
    return isNegative == 1 ? -magnitude : magnitude
  }
}
