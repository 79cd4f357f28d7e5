import GtachModel

/// How many leases a node holds, or grants, at a time.
///
/// Four, by the ablation of the swarm's policy: a node that takes from more than it serves, or the other way round,
/// starves somebody. But a lease that runs far slower than others did, because its other end is on a slower link, fills
/// only a part of its place: a node between slow ones takes as many more as it can without asking more of its own link
/// than four fast ones would.
public struct LeaseRoom: Sendable {
  /// How many leases of full speed a node has.
  public static let usual = 4
  /// The most that it has if all are slow.
  public static let most = UploadLimits.mostPeers
  /// How long it takes until a lease's speed is known, in measurements.
  private static let warmUp = 3
  /// How much of the best speed is left after a measurement in which no lease had it: half of it after half a minute. A
  /// burst is soon forgotten, and a node that has moved to a slower network learns what is fast there.
  private static let memory = 0.9975
  /// How much of a lease's speed is that of the last measurement.
  private static let newest = 0.4

  /// The speed of one lease.
  public struct Speed: Sendable {
    private var average = 0.0
    private var measurements = 0
    private var bytes = 0

    /// The speed of a lease that was granted just now.
    public init() {}

    /// So many bytes came or went by it.
    public mutating func count(_ bytes: Int) { self.bytes += bytes }

    /// A measurement's time is over.
    mutating func measure() {
      measurements += 1
      average += newest * (Double(bytes) - average)
      bytes = 0
    }

    /// Bytes per measurement; nil where that is not known yet.
    var value: Double? {
      guard measurements >= warmUp else { return nil }
      // What the average lacks as it began with nothing.
      var lacking = 1.0
      for _ in 0..<min(measurements, 30) { lacking *= 1 - newest }
      return average / (1 - lacking)
    }
  }

  /// How many leases there may be now.
  public private(set) var count: Int
  private let limit: Int
  /// The most bytes that a lease made in one measurement, not long ago: what a fast one does here.
  private var best = 0.0

  /// The room of a node that has just started.
  ///
  /// - Parameter limit: How many leases there may be, however slow they are.
  public init(limit: Int = most) {
    self.limit = limit
    count = min(limit, Self.usual)
  }

  /// Measures all leases there are, and finds out for how many more there is room. To be called at equal intervals.
  public mutating func measure(_ speeds: inout [Speed]) {
    for position in speeds.indices { speeds[position].measure() }
    best = max(best * Self.memory, speeds.compactMap(\.value).max() ?? 0)
    guard best > 0 else { return }
    let filled = speeds.reduce(0.0) { $0 + min(1, ($1.value ?? best) / best) }
    count = min(limit, Self.most, max(Self.usual, speeds.count + Int(Double(Self.usual) - filled)))
  }
}
