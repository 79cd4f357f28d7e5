import GtachModel

/// The difference of some bytes to others: stretches that are nearly those at some place of the older bytes, and
/// between them what is new, as bsdiff finds them (Colin Percival, "Naive differences of executable code", 2003). Where
/// bsdiff compresses the differences of the bytes, most of them zeros, `DifferenceModel` predicts them from the older
/// bytes.
///
/// Numbers are `VariableInteger`s:
///
///     number    how many new bytes there are in all, and where there are some
///     number    the length of their frame
///     number    the length of the surprises
///     the frame     the new bytes, one after the other, compressed by others
///     the surprises numbers: how many bytes do not change of which that is likely, before the next one that does
///     the rest      an arithmetic code
///
/// The code has, for each stretch until all bytes are there: by how much the distance between the two has changed, how
/// many bytes are copied, how many new ones follow, and what has changed in the copied ones.
public enum BinaryDifference {
  /// A stretch: bytes that are like older ones, and new ones after them.
  struct Stretch: Hashable {
    /// Where the older bytes begin.
    var place: Int
    var copied: Int
    var added: Int
  }

  /// Applies differences, one after the other. For one thread at a time.
  public final class Decoder {
    private let model = DifferenceModel()

    /// A decoder, with half a megabyte of memory for the model.
    public init() {}

    /// The newer bytes, of which there are `size`.
    ///
    /// - Parameter expand: Gives as many bytes as it is told, of a frame.
    /// - Throws: `ErrorCode.objectCorrupt` where it is not a difference of so many bytes to these, and what `expand`
    ///   throws. Nothing else is read, and nothing but the result is allocated.
    public func apply(
      _ difference: ArraySlice<UInt8>, to old: [UInt8], size: Int,
      expand: (_ frame: ArraySlice<UInt8>, _ size: Int) throws(GtachError) -> [UInt8]
    ) throws(GtachError) -> [UInt8] {
      var rest = difference
      guard let addedCount = VariableInteger.take(from: &rest), addedCount <= size,
        let frameCount = addedCount == 0 ? 0 : VariableInteger.take(from: &rest),
        let surpriseCount = VariableInteger.take(from: &rest), frameCount + surpriseCount <= rest.count
      else { throw Self.fail("it does not begin as one does") }
      let added = addedCount == 0 ? [] : try expand(rest.prefix(frameCount), addedCount)
      guard added.count == addedCount else { throw Self.fail("its new bytes are not as many as it says") }
      rest = rest.dropFirst(frameCount)
      model.reset()
      var result = [UInt8](repeating: 0, count: size)
      let failure = old.withUnsafeBytes { old in
        added.withUnsafeBytes { added in
          rest.dropFirst(surpriseCount).withUnsafeBytes { code in
            result.withUnsafeMutableBytes { new in
              var filler = Filler(
                model: model, old: old, added: added, new: new, surprises: rest.prefix(surpriseCount),
                bits: BitDecoder(code))
              return filler.fill()
            }
          }
        }
      }
      if let failure { throw Self.fail(failure) }
      return result
    }

    private static func fail(_ reason: String) -> GtachError {
      GtachError(.objectCorrupt, "a difference cannot be applied", reason: reason)
    }
  }
}

/// Fills the newer bytes, from the first to the last. The work is at most proportional to their number.
private struct Filler {
  let model: DifferenceModel
  let old: UnsafeRawBufferPointer
  var added: UnsafeRawBufferPointer
  let new: UnsafeMutableRawBufferPointer
  var surprises: ArraySlice<UInt8>
  var bits: BitDecoder
  /// How many bytes do not change of which that is likely, until one does.
  var calm = 0

  /// - Returns: Why that cannot be done, where it cannot.
  mutating func fill() -> String? {
    guard nextSurprise() else { return "its surprises cannot be read" }
    var (position, distance, addedBefore) = (0, 0, 0)
    while position < new.count {
      distance += model.signedNumber(0, .shift, with: &bits)
      let stretch = BinaryDifference.Stretch(
        place: position + distance, copied: model.number(0, .copied, with: &bits),
        added: model.number(0, .added, with: &bits))
      guard (1...new.count - position).contains(stretch.copied + stretch.added) else {
        return "it has more bytes than its chunk"
      }
      guard stretch.place >= 0, stretch.copied <= old.count - stretch.place else {
        return "it refers to what is outside of the prefix"
      }
      guard stretch.added <= added.count - addedBefore else { return "it has fewer new bytes than it uses" }
      if stretch.copied > 0 {
        guard copy(stretch, to: position) else { return "its surprises cannot be read" }
        position += stretch.copied
      }
      if stretch.added > 0 {
        UnsafeMutableRawBufferPointer(rebasing: new[position..<position + stretch.added])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: added[addedBefore..<addedBefore + stretch.added]))
        position += stretch.added
        addedBefore += stretch.added
      }
    }
    return bits.isAtEnd && surprises.isEmpty && calm > .max / 4 && addedBefore == added.count
      ? nil : "something follows it"
  }

  /// - Parameter stretch: Within the older bytes, and the newer ones from `position` on.
  private mutating func copy(_ stretch: BinaryDifference.Stretch, to position: Int) -> Bool {
    let end = position + stretch.copied
    let distance = stretch.place - position
    let bytes = new.baseAddress.unsafelyUnwrapped
    (bytes + position).copyMemory(from: old.baseAddress.unsafelyUnwrapped + stretch.place, byteCount: stretch.copied)
    model.beginStretch()
    var position = position
    while position < end {
      let expected = model.expected(from: position)
      let stop = min(end, expected, position &+ calm)
      let start = position
      while position &+ 4 <= stop, model.isQuiet(fourFrom: position &+ distance, of: old) { position &+= 4 }
      var around = Surroundings(of: old, at: position &+ distance)
      var isQuiet = model.isQuiet(around)
      while position < stop, isQuiet {
        position &+= 1
        around = Surroundings(of: old, at: position &+ distance)
        isQuiet = model.isQuiet(around)
      }
      calm &-= position &- start
      if position == end { break }
      if position == expected || !isQuiet {
        guard model.change(0, at: position, around, with: &bits) == 1 else {
          position &+= 1
          continue
        }
      } else {
        guard nextSurprise() else { return false }
        model.surprise(at: position, around)
      }
      var (word, width) = model.change(
        to: 0, room: end &- position, around, place: position &+ distance, position: position, with: &bits)
      for _ in 0..<width {
        bytes.storeBytes(of: UInt8(truncatingIfNeeded: word), toByteOffset: position, as: UInt8.self)
        word >>= 8
        position &+= 1
      }
    }
    return true
  }

  private mutating func nextSurprise() -> Bool {
    if surprises.isEmpty {
      calm = .max / 2
      return true
    }
    guard let number = VariableInteger.take(from: &surprises) else { return false }
    calm = number
    return true
  }
}
