#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// A request to stop, which wakes every wait that was given it. It cannot be taken back.
///
/// Behind it is a pipe whose reading end becomes readable for good, so that `poll` sees it beside a socket. One may be
/// shared by any number of threads and connections.
public final class Cancellation: Sendable {
  private let reader: Descriptor
  private let writer: Descriptor

  /// A request that was not made yet.
  ///
  /// - Throws: `ErrorCode.busy` where the process has no descriptors left.
  public init() throws(GtachError) {
    (reader, writer) = try Descriptor.pipe()
  }

  /// The descriptor that becomes readable (POLLIN) once cancelled. Nobody may read from it.
  public var descriptor: Int32 { reader.number }

  /// Makes the request. Doing so again changes nothing.
  public func cancel() {
    // A pipe that is too full to take the byte is readable already.
    var byte: UInt8 = 1
    _ = write(writer.number, &byte, 1)
  }

  /// Whether `cancel()` was called.
  public var isCancelled: Bool {
    var entry = pollfd(fd: reader.number, events: Int16(POLLIN), revents: 0)
    return poll(&entry, 1, 0) > 0
  }

  /// Throws once cancelled.
  ///
  /// - Throws: `ErrorCode.cancelled`.
  public func check() throws(GtachError) {
    if isCancelled { throw Self.error }
  }

  /// Sleeps until the instant, for good where it is nil.
  ///
  /// - Throws: `ErrorCode.cancelled` as soon as cancelled.
  public func sleep(until deadline: Instant?) throws(GtachError) {
    _ = try Readiness.wait(for: nil, until: deadline, cancellation: self)
  }

  static let error = GtachError(.cancelled, "stopped on request")
}
