#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// The one place where a thread waits for a descriptor.
enum Readiness {
  /// What to wait for.
  enum Interest: Sendable {
    case reading
    case writing
  }

  /// Waits until the descriptor can be read or written, has failed or was hung up.
  ///
  /// - Parameters:
  ///   - target: The descriptor and what to wait for; nil waits for the deadline or the cancellation alone.
  ///   - deadline: When to give up; nil is never.
  ///   - cancellation: What else ends the wait.
  /// - Returns: False at the deadline.
  /// - Throws: `ErrorCode.cancelled`, `ErrorCode.inputOutput`.
  static func wait(
    for target: (descriptor: Int32, interest: Interest)?, until deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) -> Bool {
    let events = target?.interest == .writing ? POLLOUT : POLLIN
    // poll passes over an entry whose descriptor is negative.
    var entries = [
      pollfd(fd: target?.descriptor ?? -1, events: Int16(events), revents: 0),
      pollfd(fd: cancellation?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      var timeout: Int32 = -1
      if let deadline { timeout = Int32(clamping: MonotonicClock.milliseconds(until: deadline)) }
      let count = poll(&entries, 2, timeout)
      if count < 0 {
        guard errno == EINTR else {
          throw GtachError.system(.inputOutput, "cannot wait for a descriptor", errno: errno)
        }
        continue
      }
      if entries[1].revents != 0 { throw Cancellation.error }
      if entries[0].revents != 0 { return true }
      if let deadline, MonotonicClock.milliseconds(until: deadline) == 0 { return false }
    }
  }
}
