import GtachModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif

/// What other threads want of the discovery thread, and the pipe that wakes it.
final class DiscoveryCommands: @unchecked Sendable {
  /// What came together since the last look.
  struct Pending {
    /// Stop for good.
    var stop = false
    /// The newest TXT record, where it was changed.
    var text: [UInt8]?
    /// The instances to look up anew.
    var refresh: Set<String> = []
  }

  // The pending commands are touched only under the monitor.
  private let monitor = Monitor()
  private var pending = Pending()
  private let reader: Descriptor
  private let writer: Descriptor

  /// - Throws: `ErrorCode.busy` where the process has no descriptors left.
  init() throws(GtachError) { (reader, writer) = try Descriptor.pipe() }

  /// Readable while there is something to take.
  var descriptor: Int32 { reader.number }

  /// Adds a command and wakes the thread.
  func post(_ change: (inout Pending) -> Void) {
    monitor.withLock { change(&pending) }
    // A full pipe wakes as well.
    var byte: UInt8 = 1
    _ = write(writer.number, &byte, 1)
  }

  /// Takes what is pending.
  func take() -> Pending {
    monitor.withLock {
      defer { pending = Pending(stop: pending.stop) }
      return pending
    }
  }

  /// Empties the pipe; what is pending stays.
  func drain() {
    var bytes = [UInt8](repeating: 0, count: 64)
    while read(reader.number, &bytes, bytes.count) > 0 {}
  }
}
