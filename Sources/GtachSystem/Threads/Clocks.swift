#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import CSystem
import GtachModel

/// The kernel's clock that only goes forward (CLOCK_MONOTONIC): every deadline is a point on it.
public enum MonotonicClock {
  /// The present.
  public static func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Sleeps until an instant.
  ///
  /// - Throws: `ErrorCode.cancelled` as soon as cancelled.
  public static func sleep(until instant: Instant, cancellation: Cancellation?) throws(GtachError) {
    _ = try Readiness.wait(for: nil, until: instant, cancellation: cancellation)
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

  /// The time of day in the machine's time zone, and whether somebody keeps the clock right.
  public static func local() -> LocalTime {
    var seconds = time_t(now().secondsSinceEpoch)
    var parts = tm()
    // Without it, localtime_r(3) goes by the time zone of the first call for ever.
    tzset()
    // A time that has no local one is not to be relied on.
    guard localtime_r(&seconds, &parts) != nil else { return LocalTime(secondsOfDay: 0, isSynchronised: false) }
    return LocalTime(
      secondsOfDay: Int(parts.tm_hour) * 3600 + Int(parts.tm_min) * 60 + min(59, Int(parts.tm_sec)),
      isSynchronised: isSynchronised)
  }

  private static var isSynchronised: Bool {
    #if canImport(Darwin)
      // timed does not set the kernel's flag, but a Mac has a battery for its clock.
      return true
    #else
      // Where the kernel does not say, as in some containers, nobody knows.
      return gtach_is_clock_synchronised() == 1
    #endif
  }
}
