#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// A mutex with a condition variable whose timeouts are points on the monotonic clock, so that a jump of the calendar
/// (a Pi that hears of the time for the first time) neither shortens nor lengthens a wait.
final class Monitor: @unchecked Sendable {
  // On the heap, because pthread objects must not move; "unchecked", because they are their own synchronisation.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

  init() {
    mutex.initialize(to: pthread_mutex_t())
    pthread_mutex_init(mutex, nil)
    condition.initialize(to: pthread_cond_t())
    #if canImport(Darwin)
      pthread_cond_init(condition, nil)
    #else
      var attributes = pthread_condattr_t()
      pthread_condattr_init(&attributes)
      pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
      pthread_cond_init(condition, &attributes)
      pthread_condattr_destroy(&attributes)
    #endif
  }

  deinit {
    pthread_cond_destroy(condition)
    condition.deallocate()
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  /// Runs the body while no other thread runs one under this monitor.
  func withLock<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body()
  }

  /// Gives up the lock until signalled or until the instant; only inside `withLock`. May wake for no reason, so the
  /// caller looks at its condition again.
  ///
  /// - Returns: False once the instant has passed.
  func wait(until deadline: Instant?) -> Bool {
    guard let deadline else {
      pthread_cond_wait(condition, mutex)
      return true
    }
    let remaining = MonotonicClock.milliseconds(until: deadline)
    guard remaining > 0 else { return false }
    #if canImport(Darwin)
      var interval = timespec(tv_sec: Int(remaining / 1000), tv_nsec: Int(remaining % 1000) * 1_000_000)
      pthread_cond_timedwait_relative_np(condition, mutex, &interval)
    #else
      var end = timespec(
        tv_sec: time_t(deadline.milliseconds / 1000), tv_nsec: Int(deadline.milliseconds % 1000) * 1_000_000)
      pthread_cond_timedwait(condition, mutex, &end)
    #endif
    return true
  }

  /// Wakes one waiting thread.
  func signal() { pthread_cond_signal(condition) }

  /// Wakes every waiting thread.
  func broadcast() { pthread_cond_broadcast(condition) }
}
