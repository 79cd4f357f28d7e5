#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// The address of a Unix socket: a path in the file system.
struct UnixSocketAddress {
  /// How many bytes a path may have: 107 on Linux, 103 on macOS.
  static let maximumPathByteCount = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

  let path: String
  private let storage: sockaddr_un

  /// Checks a path.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` for one that is empty, too long for the kernel or has a zero byte.
  init(path: String) throws(GtachError) {
    let bytes = Array(path.utf8)
    guard (1...Self.maximumPathByteCount).contains(bytes.count), !bytes.contains(0) else {
      throw GtachError(
        .configurationInvalid, "\"\(path)\" cannot be the path of a socket",
        reason: "it has \(bytes.count) bytes, and this system allows 1 to \(Self.maximumPathByteCount)",
        advice: "choose a shorter directory with --home or GTACH_HOME")
    }
    var storage = sockaddr_un()
    storage.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &storage.sun_path) { $0.copyBytes(from: bytes) }
    self.path = path
    self.storage = storage
  }

  /// Lends the address to a call such as `connect` or `bind`.
  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var copy = storage
    return withUnsafePointer(to: &copy) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }

  /// A new socket for such addresses, non-blocking.
  ///
  /// - Throws: `ErrorCode.busy` where the process has no descriptors left.
  static func makeSocket() throws(GtachError) -> Descriptor {
    let number = socket(AF_UNIX, streamSocketType, 0)
    guard number >= 0 else { throw GtachError.system(.busy, "cannot make a socket", errno: errno) }
    let descriptor = Descriptor(owning: number)
    try descriptor.setNonBlocking()
    return descriptor
  }
}
