#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// Where the command line meets the daemon: a socket in the file system that only its owner may use (mode 0600).
public final class UnixSocketListener: Sendable {
  /// The socket's path.
  public let path: String
  private let socket: Descriptor
  private let identity: FileIdentity?

  /// Starts to listen. A socket that a dead process has left behind is replaced; one that somebody answers on is not,
  /// and neither is a file of another kind.
  ///
  /// - Parameter path: The socket's path, whose directory exists.
  /// - Throws: `ErrorCode.busy` where another process listens there, `ErrorCode.configurationInvalid` for a path that
  ///   cannot be a socket's, `ErrorCode.notPermitted`, `ErrorCode.inputOutput`.
  public init(path: String) throws(GtachError) {
    let address = try UnixSocketAddress(path: path)
    self.path = path
    // Looking, removing and binding must be one step for two daemons that start at once: the directory is the lock.
    let directory = try Self.lockDirectory(of: path)
    defer { _ = flock(directory.number, LOCK_UN) }
    try Self.removeStaleSocket(at: address)
    let socket = try UnixSocketAddress.makeSocket()
    // Linux takes the mode of the file from that of the socket; elsewhere it is set before anybody can connect.
    _ = fchmod(socket.number, 0o600)
    guard address.withPointer({ bind(socket.number, $0, $1) }) == 0 else {
      throw Self.failure("cannot make the socket \(path)", errno: errno)
    }
    identity = FileIdentity(path: path)
    guard chmod(path, 0o600) == 0, listen(socket.number, Self.backlog) == 0 else {
      let error = Self.failure("cannot listen on the socket \(path)", errno: errno)
      _ = unlink(path)
      throw error
    }
    self.socket = socket
  }

  /// Takes over the listening socket that systemd has given this process (sd_listen_fds(3)); it stays systemd's to
  /// remove.
  ///
  /// - Returns: nil where there is none.
  /// - Throws: `ErrorCode.configurationInvalid` where there are several, or no Unix socket that listens.
  public static func inherited() throws(GtachError) -> UnixSocketListener? {
    guard let count = Console.environment("LISTEN_FDS"), Console.environment("LISTEN_PID") == "\(getpid())" else {
      return nil
    }
    var (status, address, length) = (stat(), sockaddr_un(), socklen_t(MemoryLayout<sockaddr_un>.size))
    let isNamed = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(firstInherited, $0, &length) == 0 }
    }
    guard count == "1", fstat(firstInherited, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK, isNamed,
      Int32(address.sun_family) == AF_UNIX
    else {
      throw GtachError(
        .configurationInvalid, "this process was started with something else than one Unix socket",
        reason: "LISTEN_FDS is \(count)", advice: "have one ListenStream= in the socket unit, with a path")
    }
    let socket = Descriptor(owning: firstInherited)
    try socket.setNonBlocking()
    return UnixSocketListener(inherited: socket)
  }

  private init(inherited socket: Descriptor) {
    path = "systemd's"
    identity = nil
    self.socket = socket
  }

  // SD_LISTEN_FDS_START
  private static let firstInherited: Int32 = 3

  deinit {
    // Whoever has replaced the file meanwhile keeps it.
    if let identity, FileIdentity(path: path) == identity { _ = unlink(path) }
  }

  /// Waits for the next connection.
  ///
  /// - Parameters:
  ///   - deadline: When to give up; nil waits for good.
  ///   - cancellation: What ends the wait, and every later one on the connection.
  /// - Throws: `ErrorCode.peerTimeout` at the deadline, `ErrorCode.cancelled`, `ErrorCode.inputOutput`.
  public func accept(deadline: Instant?, cancellation: Cancellation?) throws(GtachError) -> UnixSocketConnection {
    let descriptor = try AcceptLoop.next(from: socket, deadline: deadline, cancellation: cancellation) { number, _ in
      Descriptor(owning: number)
    }
    try descriptor.setNonBlocking()
    return UnixSocketConnection(socket: descriptor, cancellation: cancellation)
  }

  private static func lockDirectory(of path: String) throws(GtachError) -> Descriptor {
    var directory = "."
    if let slash = path.lastIndex(of: "/") { directory = slash == path.startIndex ? "/" : String(path[..<slash]) }
    let number = open(directory, O_RDONLY | O_DIRECTORY)
    guard number >= 0 else { throw failure("cannot make the socket \(path)", errno: errno) }
    let descriptor = Descriptor(owning: number)
    let deadline = MonotonicClock.now().advanced(byMilliseconds: lockPatienceMilliseconds)
    while flock(number, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        throw failure("cannot lock the directory \(directory)", errno: errno)
      }
      guard MonotonicClock.milliseconds(until: deadline) > 0 else {
        throw GtachError(.busy, "another process is about to listen on the socket \(path)")
      }
      let pause = MonotonicClock.now().advanced(byMilliseconds: lockPauseMilliseconds)
      _ = try Readiness.wait(for: nil, until: pause, cancellation: nil)
    }
    return descriptor
  }

  private static func removeStaleSocket(at address: UnixSocketAddress) throws(GtachError) {
    var status = stat()
    guard lstat(address.path, &status) == 0 else {
      if errno == ENOENT { return }
      throw failure("cannot make the socket \(address.path)", errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw GtachError(
        .configurationInvalid, "cannot make the socket \(address.path)", reason: "there is another file of that name",
        advice: "move it away")
    }
    let probe = try UnixSocketAddress.makeSocket()
    // Only a refusal proves that nobody is there: a full queue or a lack of rights means that somebody is.
    if address.withPointer({ connect(probe.number, $0, $1) }) == 0 || errno != ECONNREFUSED {
      throw GtachError(
        .busy, "another process listens on the socket \(address.path)",
        advice: "stop it first, or use another --home")
    }
    guard unlink(address.path) == 0 || errno == ENOENT else {
      throw failure("cannot remove the stale socket \(address.path)", errno: errno)
    }
  }

  private static func failure(_ message: String, errno number: Int32) -> GtachError {
    switch number {
    case EACCES, EPERM, EROFS: GtachError.system(.notPermitted, message, errno: number)
    case EADDRINUSE: GtachError.system(.busy, message, errno: number)
    default: GtachError.system(.inputOutput, message, errno: number)
    }
  }

  private static let backlog: Int32 = 16
  private static let lockPatienceMilliseconds: Int64 = 2000
  private static let lockPauseMilliseconds: Int64 = 20
}

/// Which file a path means: its number on its device.
private struct FileIdentity: Equatable, Sendable {
  let device: UInt64
  let number: UInt64

  init?(path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    device = UInt64(truncatingIfNeeded: status.st_dev)
    number = UInt64(truncatingIfNeeded: status.st_ino)
  }
}
