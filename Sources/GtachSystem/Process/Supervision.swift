#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// Reads what a child writes, and waits for its end or for the deadline.
///
/// That a child ended and that its output ended are two things: it may close its output and go on, or end and leave a
/// grandchild with the pipe. So a thread waits for the end, and this one polls the pipe and that thread's signal.
struct Supervision {
  let child: pid_t
  let name: String
  let output: Descriptor
  let exited: Cancellation
  let maximumOutputBytes: Int

  func run(until deadline: Instant, cancellation: Cancellation?) throws(GtachError) -> ChildProcess.Completion {
    let (child, exited) = (child, exited)
    let waiter: WorkerThread
    do throws(GtachError) {
      waiter = try WorkerThread(name: "child \(child)") {
        // WNOWAIT leaves the dead child in the process table, so that its number stays its own until it is reaped
        // below.
        var information = siginfo_t()
        while waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        exited.cancel()
      }
    } catch {
      killGroup()
      _ = reap()
      throw error
    }
    var tail = Tail(maximumBytes: maximumOutputBytes)
    let ending: Ending
    do throws(GtachError) {
      ending = try watch(into: &tail, until: deadline, cancellation: cancellation)
    } catch {
      killGroup()
      waiter.join()
      _ = reap()
      throw error
    }
    if ending != .exited { killGroup() }
    waiter.join()
    // What it wrote before its end is in the pipe; a grandchild that goes on writing is not waited for.
    if ending == .exited { _ = try drain(into: &tail) }
    let exit = reap()
    if ending == .cancelled { throw Cancellation.error }
    return ChildProcess.Completion(
      exit: ending == .timedOut ? .timedOut : exit, output: tail.bytes, isTruncated: tail.isTruncated)
  }

  private enum Ending { case exited, timedOut, cancelled }

  private func watch(
    into tail: inout Tail, until deadline: Instant, cancellation: Cancellation?
  ) throws(GtachError) -> Ending {
    var outputIsOpen = true
    while true {
      // poll passes over an entry whose descriptor is negative.
      var entries = [
        pollfd(fd: exited.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: outputIsOpen ? output.number : -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: cancellation?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
      ]
      let remaining = MonotonicClock.milliseconds(until: deadline)
      if poll(&entries, 3, Int32(clamping: remaining)) < 0, errno != EINTR {
        throw GtachError.system(.inputOutput, "cannot wait for \(name)", errno: errno)
      }
      if entries[0].revents != 0 { return .exited }
      if entries[2].revents != 0 { return .cancelled }
      if remaining == 0 { return .timedOut }
      if entries[1].revents != 0 { outputIsOpen = try drain(into: &tail) }
    }
  }

  /// Reads what is there, at most 1 MiB at a time, so that a program that never stops writing meets its deadline.
  ///
  /// - Returns: Whether more may come.
  private func drain(into tail: inout Tail) throws(GtachError) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    for _ in 0..<16 {
      let count = systemRead(output.number, &buffer, buffer.count)
      if count > 0 {
        tail.append(buffer[..<count])
      } else if count == 0 {
        return false
      } else if errno == EAGAIN {
        return true
      } else if errno != EINTR {
        throw GtachError.system(.inputOutput, "cannot read the output of \(name)", errno: errno)
      }
    }
    return true
  }

  private func killGroup() {
    kill(-child, SIGKILL)
    kill(child, SIGKILL)
  }

  private func reap() -> ChildProcess.Exit {
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    // The macros WIFEXITED, WEXITSTATUS and WTERMSIG, which Swift does not see.
    return status & 0x7F == 0 ? .status(status >> 8 & 0xFF) : .signal(status & 0x7F)
  }
}

/// The last bytes of many.
struct Tail {
  private let maximumBytes: Int
  private var kept: [UInt8] = []
  private(set) var isTruncated = false

  init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

  var bytes: [UInt8] { Array(kept.suffix(maximumBytes)) }

  mutating func append(_ bytes: ArraySlice<UInt8>) {
    kept += bytes
    if kept.count > maximumBytes { isTruncated = true }
    // Twice as much is held, so that not every byte moves all others.
    if kept.count > 2 * maximumBytes + 65_536 { kept = Array(kept.suffix(maximumBytes)) }
  }
}
