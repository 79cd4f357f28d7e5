#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import CSystem
import GtachModel

/// Tells when the addresses of this machine may have changed. The kernel says so on a socket of its own, so that nobody
/// has to look again and again: rtnetlink(7) on Linux, the routing socket of route(4) on macOS.
public final class NetworkChanges: Sendable {
  private let socket: Descriptor

  /// Begins to listen.
  ///
  /// - Throws: `ErrorCode.inputOutput` where the kernel, or what confines this process, has no such socket.
  public init() throws(GtachError) {
    #if canImport(Glibc)
      let number = gtach_open_network_changes()
    #else
      let number = Darwin.socket(PF_ROUTE, SOCK_RAW, AF_UNSPEC)
    #endif
    guard number >= 0 else {
      throw GtachError.system(.inputOutput, "the kernel does not tell of changed addresses", errno: errno)
    }
    socket = Descriptor(owning: number)
    try socket.setNonBlocking()
  }

  /// Waits for the next change, and takes all that have come together for one.
  ///
  /// - Throws: `ErrorCode.cancelled`, `ErrorCode.inputOutput`.
  public func wait(cancellation: Cancellation) throws(GtachError) {
    _ = try Readiness.wait(for: (socket.number, .reading), until: nil, cancellation: cancellation)
    // What has changed, whoever asks sees better by itself: messages may have been lost.
    var message = [UInt8](repeating: 0, count: 8 << 10)
    while true {
      let count = recv(socket.number, &message, message.count, 0)
      if count > 0 || (count < 0 && (errno == EINTR || errno == ENOBUFS)) { continue }
      guard count < 0, errno == EAGAIN || errno == EWOULDBLOCK else {
        throw GtachError.system(.inputOutput, "the kernel tells no more of changed addresses", errno: errno)
      }
      return
    }
  }
}
