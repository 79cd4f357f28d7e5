/// Where windows of eight bytes of the newer bytes stand in the older ones: hashes with the places of each, the last
/// one first. Most windows of the older bytes stand nowhere in the newer: those are not kept, which is most of the work
/// spared. A suffix array finds no more that is of use, in ten times the time.
struct CommonWindows {
  private static let windowBytes = 8
  /// How many bits of a hash say whether a window stands in the newer bytes, and where its places are kept.
  private static let filterBits: UInt64 = 21
  private static let tableBits: UInt64 = 18
  /// How many places are looked at.
  private static let maximumCandidates = 64
  /// A match of so many bytes that goes on as before is good enough.
  private static let sufficientBytes = 24

  private struct Entry {
    let place: Int32
    /// The entry of the same hash before, or -1.
    let earlier: Int32
  }

  private let old: UnsafeRawBufferPointer
  private let new: UnsafeRawBufferPointer
  /// For each hash the entry that was added last, or -1.
  private var heads = [Int32](repeating: -1, count: 1 << Self.tableBits)
  private var entries: [Entry] = []

  /// - Parameters: To be there as long as this is.
  init(of new: UnsafeRawBufferPointer, in old: UnsafeRawBufferPointer) {
    (self.old, self.new) = (old, new)
    guard old.count >= Self.windowBytes, new.count >= Self.windowBytes else { return }
    entries.reserveCapacity(2 * new.count)
    var filter = [UInt64](repeating: 0, count: 1 << (Self.filterBits - 6))
    filter.withUnsafeMutableBufferPointer { filter in
      for place in 0...new.count - Self.windowBytes {
        let number = Self.hash(of: new, at: place) >> (64 - Self.filterBits)
        filter[Int(number >> 6)] |= 1 << (number & 63)
      }
      var last: UInt64?
      for place in 0...old.count - Self.windowBytes {
        let hash = Self.hash(of: old, at: place)
        let number = hash >> (64 - Self.filterBits)
        // Of a run of equal windows, as in zeros, the first one is enough.
        guard filter[Int(number >> 6)] >> (number & 63) & 1 == 1, hash != last else { continue }
        last = hash
        let slot = Int(hash >> (64 - Self.tableBits))
        entries.append(Entry(place: Int32(place), earlier: heads[slot]))
        heads[slot] = Int32(entries.count - 1)
      }
    }
  }

  /// The longest match that is found of what stands at a place of the newer bytes; of equals the nearest to going on as
  /// before.
  ///
  /// - Parameters:
  ///   - start: The place.
  ///   - distance: How far the older bytes stand from the newer ones, going on as before.
  func longestMatch(at start: Int, near distance: Int) -> (place: Int, length: Int) {
    let expected = start + distance
    var best = (place: 0, length: 0)
    if old.indices.contains(expected) { best = (expected, matchLength(expected, start)) }
    guard best.length < Self.sufficientBytes, start <= new.count - Self.windowBytes else { return best }
    var next = Int(heads[Int(Self.hash(of: new, at: start) >> (64 - Self.tableBits))])
    var remaining = Self.maximumCandidates
    while next >= 0, remaining > 0 {
      let place = Int(entries[next].place)
      next = Int(entries[next].earlier)
      remaining -= 1
      let length = matchLength(place, start)
      if length > best.length || (length == best.length && abs(place - expected) < abs(best.place - expected)) {
        best = (place, length)
      }
    }
    return best
  }

  @inline(__always)
  private func matchLength(_ place: Int, _ start: Int) -> Int {
    let limit = min(old.count &- place, new.count &- start)
    var length = 0
    while length &+ 8 <= limit {
      let difference = Self.word(of: old, at: place &+ length) ^ Self.word(of: new, at: start &+ length)
      if difference != 0 { return length &+ difference.trailingZeroBitCount / 8 }
      length &+= 8
    }
    while length < limit, old[place &+ length] == new[start &+ length] { length &+= 1 }
    return length
  }

  @inline(__always)
  private static func hash(of bytes: UnsafeRawBufferPointer, at place: Int) -> UInt64 {
    word(of: bytes, at: place) &* 0x9E37_79B9_7F4A_7C15
  }

  /// Eight bytes, the first one lowest.
  @inline(__always)
  private static func word(of bytes: UnsafeRawBufferPointer, at place: Int) -> UInt64 {
    assert(place >= 0 && place + 8 <= bytes.count)
    let start = bytes.baseAddress.unsafelyUnwrapped + place
    return UInt64(littleEndian: start.loadUnaligned(as: UInt64.self))
  }
}
