#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// The addresses of this machine.
public enum NetworkInterfaces {
  /// Every address under which another machine may reach this one, in digits: IPv4 and IPv6 of interfaces that are up,
  /// without loopback; link-local IPv6 ones with their zone (`fe80::1%eth0`), which means something on this machine
  /// only.
  ///
  /// - Returns: In the kernel's order, each once.
  /// - Throws: `ErrorCode.inputOutput`.
  public static func addresses() throws(GtachError) -> [String] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else {
      throw GtachError.system(.inputOutput, "cannot list the network interfaces", errno: errno)
    }
    defer { freeifaddrs(list) }
    var result: [String] = []
    var next = list
    while let entry = next {
      next = entry.pointee.ifa_next
      let flags = Int32(truncatingIfNeeded: entry.pointee.ifa_flags)
      guard flags & Int32(IFF_UP) != 0, flags & Int32(IFF_LOOPBACK) == 0, let address = entry.pointee.ifa_addr else {
        continue
      }
      let length: Int
      switch Int32(address.pointee.sa_family) {
      case AF_INET: length = MemoryLayout<sockaddr_in>.size
      case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
      default: continue
      }
      let host = SocketAddress(copying: address, length: socklen_t(length)).endpoint.host
      if !result.contains(host) { result.append(host) }
    }
    return result
  }
}
