import GtachModel

/// How the body of an object holds a `BinaryDifference`:
///
///     number    length of the control in bytes
///     number    how many bytes are new; the rest of the chunk are differences
///     then either one bare frame of control, differences and additions, one after the other; or
///     number    length of the frame of the control, number: of the differences
///     three bare frames: control, differences, and additions, this one after the prefix; none where nothing is in it
public struct DifferenceLayout: Hashable, Sendable {
  /// The frames, as they stand in the body.
  public enum Frames: Hashable, Sendable {
    /// One for everything.
    case joined(ArraySlice<UInt8>)
    /// One each.
    case separate(control: ArraySlice<UInt8>, differences: ArraySlice<UInt8>, additions: ArraySlice<UInt8>)
  }

  /// The length of the control in bytes, never longer than the chunk.
  public let control: Int
  /// The length of the differences in bytes.
  public let differences: Int
  /// The length of the additions in bytes; together with the differences exactly the chunk's.
  public let additions: Int
  /// The frames.
  public let frames: Frames

  /// Lays frames out for a difference.
  public init(_ difference: BinaryDifference, frames: Frames) {
    control = difference.control.count
    differences = difference.differences.count
    additions = difference.additions.count
    self.frames = frames
  }

  /// Reads a body.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where lengths do not fit each other or the chunk.
  public init(readFrom body: ArraySlice<UInt8>, isJoined: Bool, chunkSize: Int) throws(GtachError) {
    var rest = body
    func number() throws(GtachError) -> Int {
      guard let number = VariableInteger.take(from: &rest) else { throw Self.fail("its lengths cannot be read") }
      return number
    }
    control = try number()
    additions = try number()
    differences = chunkSize - additions
    guard control <= chunkSize, additions <= chunkSize else { throw Self.fail("it is longer than its chunk") }
    if isJoined {
      frames = .joined(rest)
    } else {
      let first = try number()
      let second = try number()
      guard first <= rest.count, second <= rest.count - first else { throw Self.fail("it ends too early") }
      frames = .separate(
        control: rest.prefix(first), differences: rest.dropFirst(first).prefix(second),
        additions: rest.dropFirst(first + second))
    }
  }

  /// The body.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    VariableInteger.append(control, to: &bytes)
    VariableInteger.append(additions, to: &bytes)
    switch frames {
    case .joined(let frame): bytes += frame
    case .separate(let control, let differences, let additions):
      VariableInteger.append(control.count, to: &bytes)
      VariableInteger.append(differences.count, to: &bytes)
      bytes += control
      bytes += differences
      bytes += additions
    }
    return bytes
  }

  private static func fail(_ reason: String) -> GtachError {
    GtachError(.objectCorrupt, "a difference cannot be read", reason: reason)
  }
}
