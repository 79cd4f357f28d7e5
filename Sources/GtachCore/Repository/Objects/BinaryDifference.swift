import GtachModel

/// The difference of some bytes to others as bsdiff makes it (Colin Percival, "Naive differences of executable code",
/// 2003): stretches that are nearly those at some place of the older bytes, as the differences of their bytes, which are
/// mostly zeros and otherwise repeat themselves; and between them what is new.
public struct BinaryDifference: Hashable, Sendable {
  /// For each stretch three numbers: how far from the end of the older stretch before it begins (the first: from the
  /// start), how many bytes are like older ones, and how many new ones follow.
  public var control: [UInt8]
  /// The differences of the stretches, one after the other.
  public var differences: [UInt8]
  /// What is new, one after the other.
  public var additions: [UInt8]

  /// A difference from its parts.
  public init(control: [UInt8] = [], differences: [UInt8] = [], additions: [UInt8] = []) {
    self.control = control
    self.differences = differences
    self.additions = additions
  }

  /// The newer bytes.
  ///
  /// - Throws: `ErrorCode.objectCorrupt` where it is not a difference to these bytes. Nothing but them is ever read.
  public func applied(to old: [UInt8]) throws(GtachError) -> [UInt8] {
    var control = control[...]
    var differences = differences[...]
    var additions = additions[...]
    var result: [UInt8] = []
    result.reserveCapacity(differences.count + additions.count)
    var place = 0
    while !control.isEmpty {
      guard let seek = VariableInteger.takeSigned(from: &control), let copied = VariableInteger.take(from: &control),
        let added = VariableInteger.take(from: &control)
      else { throw fail("its control cannot be read") }
      place += seek
      guard copied <= differences.count, added <= additions.count else { throw fail("it wants more bytes than it has") }
      guard place >= 0, place + copied <= old.count else { throw fail("it refers to what is outside of the prefix") }
      for (older, difference) in zip(old[place..<place + copied], differences.prefix(copied)) {
        result.append(older &+ difference)
      }
      result += additions.prefix(added)
      differences = differences.dropFirst(copied)
      additions = additions.dropFirst(added)
      place += copied
    }
    guard differences.isEmpty, additions.isEmpty else { throw fail("something is left over") }
    return result
  }

  private func fail(_ reason: String) -> GtachError {
    GtachError(.objectCorrupt, "a difference cannot be applied", reason: reason)
  }
}
