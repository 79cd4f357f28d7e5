/// How much of one sender waits for a thread that takes from many. Where that is too much the sender waits, so that it
/// cannot fill the memory of this machine; the others go on, and whoever takes never waits.
public final class Backlog: @unchecked Sendable {
  // Everything below is touched only under the monitor.
  private let monitor = Monitor()
  private let limit: Int
  private var amount = 0
  private var isReleased = false

  /// A backlog of nothing.
  ///
  /// - Parameter limit: How much may wait before a sender does.
  public init(limit: Int) { self.limit = limit }

  /// Whether a sender need not wait.
  public var hasRoom: Bool { monitor.withLock { isReleased || amount < limit } }

  /// Waits until less than the limit waits, or nobody is to wait any more.
  public func waitForRoom() {
    monitor.withLock {
      while !isReleased, amount >= limit { _ = monitor.wait(until: nil) }
    }
  }

  /// So much more waits.
  public func add(_ more: Int) { monitor.withLock { amount += more } }

  /// So much was taken.
  public func remove(_ less: Int) {
    monitor.withLock {
      amount -= less
      monitor.broadcast()
    }
  }

  /// Nobody is to wait any more: what waits is of no more interest.
  public func release() {
    monitor.withLock {
      isReleased = true
      monitor.broadcast()
    }
  }
}
