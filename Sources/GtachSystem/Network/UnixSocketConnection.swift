#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import CSystem
import GtachModel

/// A connection between the daemon and the command line of one machine, which carries lines of bytes.
///
/// Two threads may use it at once, one that sends and one that receives.
public final class UnixSocketConnection: @unchecked Sendable {
  /// The longest line in bytes, without its end.
  public static let maximumLineByteCount = 1024 * 1024

  private let socket: Descriptor
  private let cancellation: Cancellation?
  // Touched only under the lock, which nobody holds while waiting.
  private let lock = Monitor()
  private var buffer: [UInt8] = []
  private var searched = 0
  private var ended = false
  private var closed = false

  init(socket: Descriptor, cancellation: Cancellation?) {
    self.socket = socket
    self.cancellation = cancellation
    Signals.ignoreBrokenPipe()
  }

  deinit { close() }

  /// Connects to whoever listens at the path.
  ///
  /// - Parameters:
  ///   - path: The socket's path.
  ///   - deadline: When to give up; nil waits for good.
  ///   - cancellation: What ends the wait, and every later one on this connection.
  /// - Throws: `ErrorCode.peerUnreachable` where nobody listens there, `ErrorCode.notPermitted` where the socket is
  ///   another user's, `ErrorCode.configurationInvalid` for a path that cannot be a socket's, `ErrorCode.peerTimeout`,
  ///   `ErrorCode.cancelled`.
  public static func connect(
    path: String, deadline: Instant?, cancellation: Cancellation?
  ) throws(GtachError) -> UnixSocketConnection {
    let address = try UnixSocketAddress(path: path)
    let socket = try UnixSocketAddress.makeSocket()
    while true {
      if address.withPointer({ connectSocket(socket.number, $0, $1) }) == 0 { break }
      let number = errno
      switch number {
      case EAGAIN, EINTR:
        // Linux: the listener's queue is full, and poll says nothing about when it no longer is (unix(7)).
        let pause = MonotonicClock.now().advanced(byMilliseconds: queuePauseMilliseconds)
        _ = try Readiness.wait(for: nil, until: deadline.map { min($0, pause) } ?? pause, cancellation: cancellation)
        if let deadline, MonotonicClock.milliseconds(until: deadline) == 0 {
          throw GtachError(.peerTimeout, "the daemon at \(path) does not answer")
        }
      case EACCES, EPERM:
        throw GtachError.system(
          .notPermitted, "cannot connect to the daemon at \(path)", errno: number,
          advice: "run this as the user whose daemon it is")
      default:
        throw GtachError.system(
          .peerUnreachable, "no daemon answers at \(path)", errno: number, advice: "start one: gtach node")
      }
    }
    return UnixSocketConnection(socket: socket, cancellation: cancellation)
  }

  /// The number of the user at the other end, as the kernel says: who that was when the connection was made.
  ///
  /// - Throws: `ErrorCode.notPermitted` where the kernel does not say.
  public func peerUser() throws(GtachError) -> UInt32 {
    #if canImport(Darwin)
      var (user, group) = (uid_t(0), gid_t(0))
      let status = getpeereid(socket.number, &user, &group)
    #else
      var user: UInt32 = 0
      let status = gtach_peer_user(socket.number, &user)
    #endif
    guard status == 0 else {
      throw GtachError.system(.notPermitted, "nobody knows who is at the other end of the socket", errno: errno)
    }
    return user
  }

  /// Sends a line; its end is added. At most one thread may send at a time.
  ///
  /// - Parameters:
  ///   - line: At most `maximumLineByteCount` bytes, without a line feed.
  ///   - deadline: When the last byte has to be in the kernel's hands; nil waits for good.
  /// - Throws: `ErrorCode.frameOversize` and `ErrorCode.bug` for another line, `ErrorCode.peerTimeout`,
  ///   `ErrorCode.peerClosed`, `ErrorCode.cancelled`.
  public func sendLine(_ line: [UInt8], deadline: Instant?) throws(GtachError) {
    guard line.count <= Self.maximumLineByteCount else { throw Self.oversize }
    guard !line.contains(Self.lineFeed) else { throw GtachError(.bug, "a line has a line feed inside") }
    try sendRaw(line + [Self.lineFeed], deadline: deadline)
  }

  /// Sends bytes as they are.
  func sendRaw(_ bytes: [UInt8], deadline: Instant?) throws(GtachError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      try checkOpen()
      let count = rest.withUnsafeBytes { write(socket.number, $0.baseAddress, $0.count) }
      let number = errno
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if number == EAGAIN {
        try wait(for: .writing, deadline: deadline)
      } else if number != EINTR {
        throw GtachError.system(.peerClosed, "the other side has closed the connection", errno: number)
      }
    }
  }

  /// Receives a line, without its end. At most one thread may receive at a time.
  ///
  /// - Parameter deadline: When the line has to be complete; nil waits for good.
  /// - Returns: Nil once the other side has closed the connection after a whole line.
  /// - Throws: `ErrorCode.frameOversize` for a line that is too long, `ErrorCode.peerClosed` where the connection ends
  ///   within a line, `ErrorCode.peerTimeout`, `ErrorCode.cancelled`.
  public func receiveLine(deadline: Instant?) throws(GtachError) -> [UInt8]? {
    var piece = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
      if let line = try takeLine() { return line }
      let (isEnded, isEmpty) = lock.withLock { (ended, buffer.isEmpty) }
      if isEnded {
        if isEmpty { return nil }
        throw GtachError(.peerClosed, "the other side has closed the connection within a line")
      }
      try checkOpen()
      let count = read(socket.number, &piece, piece.count)
      let number = errno
      if count > 0 {
        lock.withLock { buffer.append(contentsOf: piece[..<count]) }
      } else if count == 0 {
        lock.withLock { ended = true }
      } else if number == EAGAIN {
        try wait(for: .reading, deadline: deadline)
      } else if number != EINTR {
        throw GtachError.system(.peerClosed, "the other side has closed the connection", errno: number)
      }
    }
  }

  /// Ends the connection; other threads that wait for it get `ErrorCode.cancelled`. Doing so again changes nothing.
  public func close() {
    let first = lock.withLock {
      let first = !closed
      closed = true
      return first
    }
    if first { socket.endConnection(lingering: nil, cancellation: nil) }
  }

  private func takeLine() throws(GtachError) -> [UInt8]? {
    try lock.withLock { () throws(GtachError) -> [UInt8]? in
      guard let end = buffer[searched...].firstIndex(of: Self.lineFeed) else {
        searched = buffer.count
        guard buffer.count <= Self.maximumLineByteCount else { throw Self.oversize }
        return nil
      }
      guard end <= Self.maximumLineByteCount else { throw Self.oversize }
      let line = Array(buffer[..<end])
      buffer.removeSubrange(...end)
      searched = 0
      return line
    }
  }

  private func checkOpen() throws(GtachError) {
    if lock.withLock({ closed }) { throw GtachError(.cancelled, "the connection was closed on this side") }
  }

  private func wait(for interest: Readiness.Interest, deadline: Instant?) throws(GtachError) {
    guard try Readiness.wait(for: (socket.number, interest), until: deadline, cancellation: cancellation) else {
      throw GtachError(.peerTimeout, "the other side takes too long")
    }
  }

  private static let lineFeed: UInt8 = 0x0A
  private static let queuePauseMilliseconds: Int64 = 20
  private static let oversize = GtachError(
    .frameOversize, "a line is longer than \(maximumLineByteCount) bytes")
}

// Inside the class `connect` means its own function.
private func connectSocket(_ descriptor: Int32, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> Int32 {
  connect(descriptor, address, length)
}
