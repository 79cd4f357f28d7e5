#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// What accepting has in common over TCP and Unix sockets.
enum AcceptLoop {
  /// Waits for the next connection of a listening, non-blocking socket.
  ///
  /// - Parameter take: Becomes the owner of the connection's descriptor.
  /// - Throws: `ErrorCode.peerTimeout` at the deadline, `ErrorCode.cancelled`, `ErrorCode.inputOutput`.
  static func next<Connection>(
    from socket: Descriptor, deadline: Instant?, cancellation: Cancellation?,
    take: (Int32, SocketAddress) -> Connection
  ) throws(GtachError) -> Connection {
    while true {
      var number: Int32 = -1
      let address = SocketAddress(filledBy: { number = accept(socket.number, $0, $1) })
      if number >= 0 { return take(number, address) }
      switch errno {
      case EAGAIN, EWOULDBLOCK:
        guard try Readiness.wait(for: (socket.number, .reading), until: deadline, cancellation: cancellation) else {
          throw GtachError(.peerTimeout, "nobody has connected")
        }
      case EMFILE, ENFILE, ENOBUFS, ENOMEM:
        // The connection stays in the kernel's queue, and poll would return at once: wait for others to end.
        let pause = MonotonicClock.now().advanced(byMilliseconds: scarcityPauseMilliseconds)
        _ = try Readiness.wait(for: nil, until: deadline.map { min($0, pause) } ?? pause, cancellation: cancellation)
        if let deadline, MonotonicClock.milliseconds(until: deadline) == 0 {
          throw GtachError(.peerTimeout, "this process has no room for another connection")
        }
      case EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP, EFAULT:
        throw GtachError.system(.inputOutput, "cannot accept connections", errno: errno)
      default:
        // accept(2): a connection that failed before it was accepted gives its own network error here.
        continue
      }
    }
  }

  private static let scarcityPauseMilliseconds: Int64 = 100
}

extension Descriptor {
  /// Ends a connection in both directions, which wakes every thread that waits for it. The descriptor stays open until
  /// its last owner goes.
  ///
  /// - Parameter lingering: Until when to read, and drop, what the peer still sends until it closes its side too: a
  ///   socket that is closed with unread bytes resets the connection, and the peer loses what was sent to it last. At
  ///   most 64 KiB are read.
  func endConnection(lingering: Instant?, cancellation: Cancellation?) {
    if let lingering {
      _ = shutdown(number, Int32(SHUT_WR))
      var buffer = [UInt8](repeating: 0, count: 4096)
      var budget = 64 * 1024
      while budget > 0 {
        let count = read(number, &buffer, buffer.count)
        if count > 0 {
          budget -= count
        } else if count < 0, errno == EINTR {
          continue
        } else if count < 0, errno == EAGAIN {
          // This is a courtesy to the peer: at the deadline, or where waiting fails, it is over.
          do throws(GtachError) {
            guard try Readiness.wait(for: (number, .reading), until: lingering, cancellation: cancellation) else {
              break
            }
          } catch { break }
        } else {
          break
        }
      }
    }
    _ = shutdown(number, Int32(SHUT_RDWR))
  }
}
