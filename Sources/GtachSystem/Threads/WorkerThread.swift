#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// A thread of the operating system that runs one function.
///
/// It frees itself when the function returns, whether or not anybody joins it: a daemon that starts one per connection
/// leaks nothing.
public final class WorkerThread: Sendable {
  /// Stack of a worker in bytes: enough for JSON decoding and the TLS library, small enough for 512 MB of memory (only
  /// pages that were touched count).
  public static let stackByteCount = 512 * 1024

  private let completion = Completion()

  /// Starts a thread.
  ///
  /// - Parameters:
  ///   - name: What debuggers and `ps -L` show, cut after 15 bytes by Linux.
  ///   - body: What the thread does.
  /// - Throws: `ErrorCode.busy` where the system has no room for another thread.
  public init(name: String, body: @escaping @Sendable () -> Void) throws(GtachError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackByteCount)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    let start = Unmanaged.passRetained(Start(name: name, body: body, completion: completion))
    #if canImport(Darwin)
      var thread: pthread_t?
    #else
      var thread = pthread_t()
    #endif
    let status = pthread_create(&thread, &attributes, workerThreadMain, start.toOpaque())
    guard status == 0 else {
      start.release()
      throw GtachError.system(.busy, "cannot start the thread \"\(name)\"", errno: status)
    }
  }

  /// Waits until the thread's function has returned. Any number of threads may wait; none may wait for itself.
  public func join() { completion.wait() }
}

/// Whether a thread's function has returned.
private final class Completion: @unchecked Sendable {
  private let monitor = Monitor()
  private var finished = false

  func finish() {
    monitor.withLock {
      finished = true
      monitor.broadcast()
    }
  }

  func wait() {
    monitor.withLock {
      while !finished { _ = monitor.wait(until: nil) }
    }
  }
}

/// What a new thread needs to know, handed over as one retained pointer.
private final class Start {
  let name: String
  let completion: Completion
  private var body: (@Sendable () -> Void)?

  init(name: String, body: @escaping @Sendable () -> Void, completion: Completion) {
    self.name = name
    self.body = body
    self.completion = completion
  }

  func run() {
    nameThisThread(name)
    body?()
    // What the function captured goes before anybody who joined continues.
    body = nil
    completion.finish()
  }
}

/// Gives the calling thread a name for debuggers; a thread without one works as well.
private func nameThisThread(_ name: String) {
  #if canImport(Darwin)
    pthread_setname_np(name)
  #else
    // Glibc hides pthread_setname_np from Swift; the kernel offers the same as a file (proc(5)).
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    let bytes = Array(name.utf8.prefix(15))
    _ = write(file, bytes, bytes.count)
    _ = close(file)
  #endif
}

#if canImport(Darwin)
  private func workerThreadMain(_ context: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    Unmanaged<Start>.fromOpaque(context).takeRetainedValue().run()
    return nil
  }
#else
  private func workerThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<Start>.fromOpaque(context).takeRetainedValue().run()
    return nil
  }
#endif
