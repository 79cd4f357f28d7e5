import GtachModel

/// The difference of some bytes to others: stretches that are nearly those at some place of the older bytes, and between
/// them what is new, as bsdiff finds them (Colin Percival, "Naive differences of executable code", 2003). Where bsdiff
/// compresses the differences of the bytes, most of them zeros, `DifferenceModel` predicts them from the older bytes.
///
/// The format is the arithmetic code of, for each stretch until all bytes are there: by how much the distance between
/// the two has changed, how many bytes are copied, how many new ones follow, the differences of the copied bytes, and
/// the new bytes.
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

    /// A decoder, with 3 MB of memory for the model.
    public init() {}

    /// The newer bytes, of which there are `size`.
    ///
    /// - Throws: `ErrorCode.objectCorrupt` where it is not a difference of so many bytes to these. Nothing else is read,
    ///   and nothing but the result is allocated.
    public func apply(
      _ difference: ArraySlice<UInt8>, to old: [UInt8], size: Int
    ) throws(GtachError) -> [UInt8] {
      // Zeros at the end are left out.
      guard difference.last != 0 else { throw fail("something follows it") }
      model.reset()
      var decoder = BitDecoder(difference)
      var result: [UInt8] = []
      result.reserveCapacity(size)
      var shift = 0
      while result.count < size {
        shift += model.signedNumber(0, .shift, with: &decoder)
        let stretch = Stretch(
          place: result.count + shift, copied: model.number(0, .copied, with: &decoder),
          added: model.number(0, .added, with: &decoder))
        guard (1...size - result.count).contains(stretch.copied + stretch.added) else {
          throw fail("it has more bytes than its chunk")
        }
        guard stretch.place >= 0, stretch.copied <= old.count - stretch.place else {
          throw fail("it refers to what is outside of the prefix")
        }
        append(stretch, of: old, to: &result, from: &decoder)
      }
      guard decoder.isAtEnd else { throw fail("something follows it") }
      return result
    }

    private func append(_ stretch: Stretch, of old: [UInt8], to result: inout [UInt8], from decoder: inout BitDecoder) {
      old.withUnsafeBytes { old in
        var window = OldBytes(old, at: stretch.place)
        for _ in 0..<stretch.copied {
          let difference = model.difference(0, to: window.surroundings, with: &decoder)
          result.append(UInt8(truncatingIfNeeded: Int(window.surroundings.word) &+ difference))
          window.advance()
        }
        guard stretch.added > 0 else { return }
        model.restart()
        var recent = result.suffix(3).reduce(0) { $0 << 8 | UInt32($1) }
        for _ in 0..<stretch.added {
          let byte = model.addition(0, after: recent, beside: window.surroundings, with: &decoder)
          result.append(UInt8(truncatingIfNeeded: byte))
          recent = recent << 8 | UInt32(byte)
          window.advance()
        }
      }
    }

    private func fail(_ reason: String) -> GtachError {
      GtachError(.objectCorrupt, "a difference cannot be applied", reason: reason)
    }
  }
}

/// Goes through the older bytes and beyond their end.
struct OldBytes {
  private let bytes: UnsafeRawBufferPointer
  private var place: Int
  private(set) var surroundings: DifferenceModel.Surroundings

  /// - Parameter place: At least 0.
  init(_ bytes: UnsafeRawBufferPointer, at place: Int) {
    self.bytes = bytes
    self.place = place
    surroundings = DifferenceModel.Surroundings()
    for distance in [2, 1] where place >= distance && place - distance < bytes.count {
      surroundings.before = surroundings.before << 8 | UInt32(bytes[place - distance])
    }
    look()
  }

  @inline(__always)
  mutating func advance() {
    surroundings.before = (surroundings.before << 8 | surroundings.word & 0xFF) & 0xFFFF
    place &+= 1
    look()
  }

  @inline(__always)
  private mutating func look() {
    if place &+ 4 <= bytes.count {
      surroundings.word = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    } else {
      surroundings.word = 0
      for offset in 0..<4 where place + offset < bytes.count {
        surroundings.word |= UInt32(bytes[place + offset]) << UInt32(8 * offset)
      }
    }
    surroundings.target = UInt32(truncatingIfNeeded: place) &+ surroundings.word
  }
}
