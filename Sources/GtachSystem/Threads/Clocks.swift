#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// The kernel's clock that only goes forward (CLOCK_MONOTONIC): every deadline is a point on it.
public enum MonotonicClock {
  /// The present.
  public static func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Milliseconds from now to the instant, at least 0.
  static func milliseconds(until instant: Instant) -> Int64 {
    let (difference, overflow) = instant.milliseconds.subtractingReportingOverflow(now().milliseconds)
    return overflow ? (instant.milliseconds < 0 ? 0 : .max) : max(0, difference)
  }
}

/// The calendar's clock, which on a machine without a battery for it may be years off.
public enum SystemClock {
  /// The present, as far as this machine knows it.
  public static func now() -> Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(secondsSinceEpoch: Int64(time.tv_sec))
  }
}
