import GtachCore

/// What is to be simulated.
public struct Scenario: Hashable, Sendable {
  /// Something that goes wrong.
  public enum Fault: String, CaseIterable, Hashable, Sendable {
    /// Nodes crash, and come back with what they had stored.
    case crash
    /// Connections break and are made anew.
    case cut
    /// Some nodes send damaged units.
    case corrupt
    /// Some nodes say that they have what they have not.
    case lie
    /// Some nodes take questions and never answer.
    case stall
    /// For a while half of the nodes do not reach the other half.
    case partition
    /// Half of the nodes have links of 40 Mbit/s.
    case slow
    /// Nodes begin within three seconds instead of together.
    case late
  }

  /// From which everything random follows: the same seed replays the run.
  public var seed: UInt64
  /// How many nodes fetch the release.
  public var receivers: Int
  /// How many have it at the beginning.
  public var sources: Int
  /// Bytes of the release's objects.
  public var releaseBytes: Int
  /// Bytes of a unit; the last has what is left.
  public var unitBytes: Int
  /// Bytes per second of each link, each way.
  public var bytesPerSecond: Int
  /// One way's delay, in microseconds.
  public var delayMicroseconds: Int64
  /// What goes wrong.
  public var faults: Set<Fault>

  /// A scenario; all links have 100 Mbit/s and half a millisecond.
  ///
  /// - Parameter unitBytes: nil for the size that a release of that many bytes has.
  public init(
    seed: UInt64, receivers: Int, sources: Int = 1, releaseBytes: Int, unitBytes: Int? = nil, faults: Set<Fault> = []
  ) {
    self.seed = seed
    self.receivers = receivers
    self.sources = sources
    self.releaseBytes = releaseBytes
    self.unitBytes = unitBytes ?? UnitList.unitSize(objectBytes: releaseBytes)
    bytesPerSecond = 100_000_000 / 8
    delayMicroseconds = 500
    self.faults = faults
  }

  /// How many units the release has.
  public var units: Int { (releaseBytes + unitBytes - 1) / unitBytes }

  /// Bytes of a unit.
  func bytes(ofUnit unit: Int) -> Int { min(unitBytes, releaseBytes - unit * unitBytes) }

  /// The least time that anybody needs for all of the bytes, in microseconds.
  public var idealMicroseconds: Int64 { Int64(releaseBytes) * 1_000_000 / Int64(bytesPerSecond) }
}
