#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// The owner of one file descriptor, which is closed when the last reference goes: no thread can meet a number that
/// was closed and given to another file meanwhile.
final class Descriptor: Sendable {
  /// The number that the kernel knows it by.
  let number: Int32

  /// Takes over an open descriptor, and keeps it from the programs that this one starts.
  init(owning number: Int32) {
    self.number = number
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
  }

  deinit { _ = close(number) }

  /// Makes reads and writes return EAGAIN instead of waiting.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func setNonBlocking() throws(GtachError) {
    let flags = fcntl(number, F_GETFL)
    guard flags >= 0, fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0 else {
      throw GtachError.system(.inputOutput, "cannot make a descriptor non-blocking", errno: errno)
    }
  }

  /// A pipe, non-blocking at both ends.
  ///
  /// - Throws: `ErrorCode.busy` where the process has no descriptors left.
  static func pipe() throws(GtachError) -> (reader: Descriptor, writer: Descriptor) {
    var numbers: [Int32] = [-1, -1]
    #if canImport(Darwin)
      let status = Darwin.pipe(&numbers)
    #else
      let status = Glibc.pipe(&numbers)
    #endif
    guard status == 0 else { throw GtachError.system(.busy, "cannot make a pipe", errno: errno) }
    let ends = (reader: Descriptor(owning: numbers[0]), writer: Descriptor(owning: numbers[1]))
    try ends.reader.setNonBlocking()
    try ends.writer.setNonBlocking()
    return ends
  }
}
