#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// A lock between processes, and between threads of one: an exclusive flock(2) on a file, given back when the last
/// reference goes, or when the process does, however it ends.
///
/// Who only asks (`isHeld`) has a shared one for a moment, and hinders nobody who takes the lock.
public final class FileLock: Sendable {
  private let descriptor: Descriptor

  /// Waits for the lock of a file, which is made where it is missing.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - deadline: How long to wait: nil for as long as it takes, an instant that has passed not at all.
  ///   - cancellation: What else ends the wait. A lock that is free is had all the same: what tidies up after an
  ///     interruption needs it.
  /// - Throws: `ErrorCode.busy` at the deadline; `ErrorCode.cancelled`; `ErrorCode.inputOutput`, `ErrorCode.diskFull`,
  ///   `ErrorCode.notFound` where the file cannot be made.
  public init(path: String, wait deadline: Instant?, cancellation: Cancellation? = nil) throws(GtachError) {
    while true {
      let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
      guard number >= 0 else { throw FileSystem.failure("cannot lock \(path)", errno) }
      let candidate = Descriptor(owning: number)
      try Self.lock(number, path: path, wait: deadline, cancellation: cancellation)
      // Whoever held it before may have removed the file: then this lock is one that nobody else will meet.
      var status = stat()
      if stat(path, &status) == 0,
        try FileStatus(status).number == FileSystem.status(of: candidate, path: path).number
      {
        descriptor = candidate
        return
      }
    }
  }

  /// Whether somebody has the lock of a file.
  ///
  /// - Throws: `ErrorCode.inputOutput` where the file is there and cannot be opened or locked.
  public static func isHeld(path: String) throws(GtachError) -> Bool {
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard number >= 0 else {
      if errno == ENOENT { return false }
      throw FileSystem.failure("cannot ask for the lock of \(path)", errno)
    }
    let descriptor = Descriptor(owning: number)
    return try isHeldExclusively(descriptor.number, path: path)
  }

  /// Whether a lock is had by somebody who does not only ask. It is nobody's of the descriptor's afterwards.
  private static func isHeldExclusively(_ number: Int32, path: String) throws(GtachError) -> Bool {
    while flock(number, LOCK_SH | LOCK_NB) != 0 {
      if errno == EWOULDBLOCK { return true }
      guard errno == EINTR else { throw FileSystem.failure("cannot ask for the lock of \(path)", errno) }
    }
    _ = flock(number, LOCK_UN)
    return false
  }

  private static func lock(
    _ number: Int32, path: String, wait deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) {
    // flock(2) has no deadline of its own: with one, ask again after a pause that grows.
    let isPatient = deadline == nil && cancellation == nil
    var pauseMilliseconds: Int64 = 1
    while flock(number, isPatient ? LOCK_EX : LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else { throw FileSystem.failure("cannot lock \(path)", errno) }
      if isPatient { continue }
      let now = MonotonicClock.now()
      let isLate = deadline.map { $0 <= now } ?? false
      if isLate, try isHeldExclusively(number, path: path) {
        throw GtachError(
          .busy, "\(path) is locked", reason: "another process works on it", advice: "try again when it is done")
      }
      let next = now.advanced(byMilliseconds: pauseMilliseconds)
      let pause = isLate ? next : min(deadline ?? next, next)
      _ = try Readiness.wait(for: nil, until: pause, cancellation: cancellation)
      pauseMilliseconds = min(pauseMilliseconds * 2, 50)
    }
  }

  // Closing is not enough: a child that another thread has forked, and that has not reached its exec yet, has a copy of
  // the descriptor, and the lock would be its.
  deinit { _ = flock(descriptor.number, LOCK_UN) }
}
