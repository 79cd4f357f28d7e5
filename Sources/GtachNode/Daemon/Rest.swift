import GtachModel

/// When a daemon gives back the memory that it can have again: after a pause in which nothing happened, as it will
/// probably be followed by another.
///
/// Nobody is woken for that: it is done when what has ended the pause is handled. Only before the first time it is
/// waited for a pause, as to a node without neighbours nothing may happen for a day.
struct Rest {
  /// How long a pause is, in milliseconds.
  static let pauseMilliseconds: Int64 = 5_000

  private var hasRested = false

  /// Until when to wait for something to happen.
  func deadline(beside next: Instant?, now: Instant) -> Instant? {
    guard !hasRested else { return next }
    let pause = now.advanced(byMilliseconds: Self.pauseMilliseconds)
    return next.map { min($0, pause) } ?? pause
  }

  /// Something happened, or the deadline has come.
  mutating func isDue(waitedSince began: Instant, now: Instant) -> Bool {
    guard began.advanced(byMilliseconds: Self.pauseMilliseconds) <= now else { return false }
    hasRested = true
    return true
  }
}
