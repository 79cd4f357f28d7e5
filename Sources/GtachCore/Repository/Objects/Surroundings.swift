/// What stands around a place of the older bytes; zeros where nothing does.
struct Surroundings {
  /// The eight bytes from two before the place on, the first one lowest.
  let bytes: UInt64

  /// - Parameter place: At least 0.
  @inline(__always)
  init(of old: UnsafeRawBufferPointer, at place: Int) {
    if place >= 2, place &+ 6 <= old.count {
      let start = old.baseAddress.unsafelyUnwrapped + (place &- 2)
      bytes = UInt64(littleEndian: start.loadUnaligned(as: UInt64.self))
    } else {
      bytes = Self.edge(of: old, at: place)
    }
  }

  private static func edge(of old: UnsafeRawBufferPointer, at place: Int) -> UInt64 {
    (place - 2..<place + 6).reversed().reduce(0) { $0 << 8 | (old.indices.contains($1) ? UInt64(old[$1]) : 0) }
  }

  /// The two bytes before, the nearer one highest.
  @inline(__always)
  var before: Int { Int(bytes & 0xFFFF) }

  /// The word that begins here.
  @inline(__always)
  var word: UInt32 { UInt32(truncatingIfNeeded: bytes >> 16) }

  /// The upper half of that word.
  @inline(__always)
  var after: Int { Int(bytes >> 32 & 0xFFFF) }
}
