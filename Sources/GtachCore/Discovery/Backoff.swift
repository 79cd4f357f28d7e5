import GtachModel

/// How long to leave a peer alone that failed: twice as long each time, up to a limit, a quarter more or less at
/// random so that a fleet that lost its switch does not come back in step.
public struct Backoff: Hashable, Sendable {
  /// The first pause in milliseconds.
  public static let firstMilliseconds: Int64 = 1_000
  /// The longest pause in milliseconds.
  public static let longestMilliseconds: Int64 = 60_000

  /// Failures since the last success.
  public private(set) var failures = 0
  /// The instant before which nothing is tried; nil where nothing failed.
  public private(set) var until: Instant?

  /// A peer that has not failed.
  public init() {}

  /// Counts a failure and sets the pause.
  public mutating func fail(now: Instant, using generator: inout some RandomNumberGenerator) {
    let doubled = Self.firstMilliseconds << Int64(min(failures, 10))
    let pause = min(doubled, Self.longestMilliseconds)
    let jitter = Int64.random(in: -(pause / 4)...(pause / 4), using: &generator)
    failures += 1
    until = now.advanced(byMilliseconds: pause + jitter)
  }

  /// Forgives everything: it answered, or there is news that makes a new attempt worth while.
  public mutating func reset() { self = Backoff() }

  /// Whether something may be tried now.
  public func allows(now: Instant) -> Bool { until.map { $0 <= now } ?? true }
}
