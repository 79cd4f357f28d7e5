#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// The process's signals.
public enum Signals {
  /// Makes a write to a connection that is gone fail with EPIPE instead of ending the process. A program started by
  /// this one inherits it unless `posix_spawn` is told to restore the default (POSIX_SPAWN_SETSIGDEF).
  public static func ignoreBrokenPipe() {
    _ = signal(SIGPIPE, SIG_IGN)
  }

  /// Calls back on a thread of its own at the first SIGINT, SIGTERM or SIGHUP from now on. At a further SIGINT or
  /// SIGTERM the process ends by it, at once: somebody does not want to wait. A further SIGHUP means nothing: the kernel
  /// and the shell send one each. Only the first call in a process may succeed. SIGHUP, which comes when a terminal or
  /// an SSH session is closed, stays ignored where whoever started the program had it so, as nohup does.
  ///
  /// - Parameters:
  ///   - callback: Has the program end in an orderly way.
  ///   - last: Is called before the process ends at once.
  /// - Throws: `ErrorCode.busy` where the system has no thread or descriptor left, `ErrorCode.bug` where the signals
  ///   are taken already.
  public static func onTermination(
    _ callback: @escaping @Sendable () -> Void, atOnce last: @escaping @Sendable () -> Void
  ) throws(GtachError) {
    guard terminationPipe < 0 else { throw GtachError(.bug, "somebody handles SIGINT, SIGTERM and SIGHUP already") }
    let (reader, writer) = try Descriptor.pipe()
    _ = try WorkerThread(name: "signals") {
      var isEnding = false
      while true {
        var entry = pollfd(fd: reader.number, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, -1)
        var number: UInt8 = 0
        guard read(reader.number, &number, 1) == 1 else { continue }
        if !isEnding {
          isEnding = true
          callback()
        } else if Int32(number) != SIGHUP {
          last()
          end(by: Int32(number))
        }
      }
    }
    // The handler may run at any instant until the process ends, so its end of the pipe is never closed.
    terminationPipe = dup(writer.number)
    _ = fcntl(terminationPipe, F_SETFD, FD_CLOEXEC)
    for number in [SIGINT, SIGTERM, SIGHUP] where number != SIGHUP || !isIgnored(SIGHUP) {
      var action = sigaction()
      #if canImport(Darwin)
        action.__sigaction_u.__sa_handler = handleTermination
      #else
        action.__sigaction_handler.sa_handler = handleTermination
      #endif
      action.sa_flags = Int32(SA_RESTART)
      guard sigaction(number, &action, nil) == 0 else {
        throw GtachError.system(.bug, "cannot handle signal \(number)", errno: errno)
      }
    }
    // Whoever started the program may have blocked them, and a blocked mask is inherited.
    var wanted = sigset_t()
    sigemptyset(&wanted)
    sigaddset(&wanted, SIGINT)
    sigaddset(&wanted, SIGTERM)
    sigaddset(&wanted, SIGHUP)
    pthread_sigmask(SIG_UNBLOCK, &wanted, nil)
  }

  /// Ends the process, as a signal does that nobody handles.
  private static func end(by number: Int32) -> Never {
    _ = signal(number, SIG_DFL)
    kill(getpid(), number)
    // Another thread may be the one to which it is delivered.
    while true { pause() }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    #if canImport(Darwin)
      let handler = action.__sigaction_u.__sa_handler
    #else
      let handler = action.__sigaction_handler.sa_handler
    #endif
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}

// Written once before the handler is installed and read by the handler, where nothing that locks or allocates may run.
nonisolated(unsafe) private var terminationPipe: Int32 = -1

/// Puts the signal's number into the pipe: `write` is one of the few calls that a handler may make (signal-safety(7)).
private func handleTermination(_ number: Int32) {
  let saved = errno
  var byte = UInt8(truncatingIfNeeded: number)
  _ = write(terminationPipe, &byte, 1)
  errno = saved
}
