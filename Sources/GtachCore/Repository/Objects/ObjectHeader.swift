import GtachModel

/// What an object begins with: what its decoder needs before, and how its body is to be read.
///
///     1 byte    bits 0-1 the body, bit 2 what the prefix is made of (0 pieces, 1 chunks), bits 3-7 of how many parts
///     each piece: signed number: how far from the end of the piece before it begins (the first: from the start of the
///               archive), number: its length; both in units of 256 bytes
///     each chunk: the first 8 bytes of its SHA-256
///     the body
///
/// Numbers are `VariableInteger`s. The last unit of the older archive may be short.
public struct ObjectHeader: Hashable, Sendable {
  /// What is to stand before the chunk.
  public enum Prefix: Hashable, Sendable {
    /// Nothing.
    case none
    /// Stretches of an older archive, in this order.
    case pieces([Range<Int>])
    /// Chunks that precede this one in its own archive, in this order, each named by the start of its SHA-256.
    case chunks([UInt64])
  }

  /// How the body becomes the chunk.
  public enum Body: UInt8, Hashable, Sendable {
    /// A bare zstd frame after the prefix.
    case frame = 0
    /// A `BinaryDifference` to the prefix.
    case difference = 1
  }

  /// The unit of a piece's place and length in bytes.
  public static let pieceUnit = 256
  /// The most pieces of a prefix.
  public static let maximumPieces = 16
  /// How many bytes pieces may be in all beyond the length of their chunk.
  public static let maximumExcess = 2 << 20
  /// The most chunks of a prefix.
  public static let maximumChunks = 8

  /// What is to stand before the chunk.
  public let prefix: Prefix
  /// How the body becomes the chunk.
  public let body: Body

  /// A header.
  public init(prefix: Prefix, body: Body) {
    self.prefix = prefix
    self.body = body
  }

  /// The header as bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8]
    switch prefix {
    case .none: bytes = [body.rawValue]
    case .pieces(let pieces):
      bytes = [body.rawValue | UInt8(pieces.count) << 3]
      var position = 0
      for piece in pieces {
        precondition(piece.lowerBound % Self.pieceUnit == 0)
        let end = (piece.upperBound + Self.pieceUnit - 1) / Self.pieceUnit
        VariableInteger.append(signed: piece.lowerBound / Self.pieceUnit - position, to: &bytes)
        VariableInteger.append(end - piece.lowerBound / Self.pieceUnit, to: &bytes)
        position = end
      }
    case .chunks(let names):
      bytes = [body.rawValue | 4 | UInt8(names.count) << 3]
      for name in names {
        for shift in stride(from: 56, through: 0, by: -8) {
          bytes.append(UInt8(truncatingIfNeeded: name >> UInt64(shift)))
        }
      }
    }
    return bytes
  }

  /// Takes the header off the front of an object.
  ///
  /// - Parameters:
  ///   - chunkSize: The length of the object's chunk in bytes.
  ///   - archiveSize: The length of the older archive in bytes; 0 where there is none.
  /// - Throws: `ErrorCode.objectCorrupt`, also where it wants a larger prefix than it may.
  public init(takenFrom object: inout ArraySlice<UInt8>, chunkSize: Int, archiveSize: Int) throws(GtachError) {
    guard let first = object.popFirst() else { throw Self.fail("it is empty") }
    guard let body = Body(rawValue: first & 3) else { throw Self.fail("its body is of an unknown kind") }
    self.body = body
    let count = Int(first >> 3)
    switch (count, first & 4) {
    case (0, 0): prefix = .none
    case (1...Self.maximumPieces, 0):
      prefix = .pieces(
        try Self.pieces(count, from: &object, maximumBytes: chunkSize + Self.maximumExcess, archiveSize: archiveSize))
    case (1...Self.maximumChunks, 4):
      var names: [UInt64] = []
      for _ in 0..<count {
        guard object.count >= 8 else { throw Self.fail("it ends too early") }
        names.append(object.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
        object = object.dropFirst(8)
      }
      prefix = .chunks(names)
    default: throw Self.fail("its prefix has \(count) parts")
    }
  }

  private static func pieces(
    _ count: Int, from object: inout ArraySlice<UInt8>, maximumBytes: Int, archiveSize: Int
  ) throws(GtachError) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var (position, total) = (0, 0)
    for _ in 0..<count {
      guard let distance = VariableInteger.takeSigned(from: &object), let length = VariableInteger.take(from: &object)
      else { throw fail("its prefix cannot be read") }
      let start = position + distance
      position = start + length
      // Only the last unit of the archive may be short.
      guard start >= 0, length > 0, (position - 1) * pieceUnit < archiveSize else {
        throw fail("its prefix is outside of the older archive")
      }
      let piece = start * pieceUnit..<min(position * pieceUnit, archiveSize)
      total += piece.count
      guard total <= maximumBytes else { throw fail("its prefix has more than \(maximumBytes) bytes") }
      pieces.append(piece)
    }
    return pieces
  }

  private static func fail(_ reason: String) -> GtachError {
    GtachError(.objectCorrupt, "an object cannot be read", reason: reason)
  }
}
