/// A point on a clock that only goes forward, in milliseconds since an arbitrary start: the `now` of every decision.
///
/// The daemon reads it from the kernel's monotonic clock, the simulator counts it itself.
public struct Instant: Hashable, Comparable, Sendable {
  /// Milliseconds since the clock's start.
  public let milliseconds: Int64

  /// The instant that many milliseconds after the clock's start.
  public init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// This instant moved by a number of milliseconds.
  public func advanced(byMilliseconds amount: Int64) -> Instant { Instant(milliseconds: milliseconds + amount) }

  /// Whether the left one is earlier.
  public static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }
}
