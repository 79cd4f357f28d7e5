/// A node's link to the network: what it sends goes out in segments, from one connection after the other; what it is
/// sent comes in in the order in which it was sent.
struct Link {
  /// The most bytes that are sent without looking at other connections.
  static let segmentBytes = 16 << 10

  /// Bytes per second, each way.
  let bytesPerSecond: Int
  /// What waits to be sent to each neighbour: units, and how many bytes are left of them.
  private var queues: [[(unit: Int, bytes: Int)]]
  /// The neighbours for whom something waits, ascending, and the one whose turn it is at the earliest.
  private var waiting: [Int] = []
  private var next = 0
  /// Whether a segment is on its way out.
  private(set) var isSending = false
  /// When the last byte that is known of has come in.
  private var inFreeAt: Int64 = 0
  /// Bytes that went out.
  private(set) var sentBytes = 0

  init(bytesPerSecond: Int, neighbours: Int) {
    self.bytesPerSecond = bytesPerSecond
    queues = [[(unit: Int, bytes: Int)]](repeating: [], count: neighbours)
  }

  /// How long it takes to send so many bytes, in microseconds.
  func duration(_ bytes: Int) -> Int64 { Int64(bytes) * 1_000_000 / Int64(bytesPerSecond) }

  /// Puts a unit behind those that wait for a neighbour.
  mutating func queue(_ unit: Int, bytes: Int, to neighbour: Int) {
    if queues[neighbour].isEmpty {
      waiting.insert(neighbour, at: waiting.firstIndex { $0 > neighbour } ?? waiting.count)
    }
    queues[neighbour].append((unit, bytes))
  }

  /// Forgets what waits for a neighbour.
  mutating func clear(_ neighbour: Int) {
    // What is on its way out is sent.
    let kept = isSending && next == neighbour ? 1 : 0
    queues[neighbour] = Array(queues[neighbour].prefix(kept))
    if kept == 0 { waiting.removeAll { $0 == neighbour } }
  }

  /// Begins to send a segment, where one waits and none is on its way.
  ///
  /// - Returns: How long that takes, in microseconds.
  mutating func begin() -> Int64? {
    guard !isSending, let first = waiting.first else { return nil }
    next = waiting.first { $0 >= next } ?? first
    isSending = true
    return duration(min(Self.segmentBytes, queues[next][0].bytes))
  }

  /// A segment is sent.
  ///
  /// - Returns: To which neighbour, of which unit, how many bytes, and whether they were its last.
  mutating func finish() -> (neighbour: Int, unit: Int, bytes: Int, isLast: Bool) {
    isSending = false
    let neighbour = next
    let (unit, left) = queues[neighbour][0]
    let bytes = min(Self.segmentBytes, left)
    sentBytes += bytes
    queues[neighbour][0].bytes -= bytes
    let isLast = left == bytes
    if isLast {
      queues[neighbour].removeFirst()
      if queues[neighbour].isEmpty { waiting.removeAll { $0 == neighbour } }
    }
    next += 1
    return (neighbour, unit, bytes, isLast)
  }

  /// When a segment is in that leaves the network at some instant, in microseconds.
  mutating func arrival(of bytes: Int, at time: Int64) -> Int64 {
    inFreeAt = max(time, inFreeAt + duration(bytes))
    return inFreeAt
  }
}
