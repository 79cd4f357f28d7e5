#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// An address of the socket layer, as the kernel takes it.
struct SocketAddress: Sendable {
  private let storage: sockaddr_storage
  private let length: socklen_t

  /// The family: AF_INET or AF_INET6.
  var family: Int32 { Int32(storage.ss_family) }

  /// Copies an address.
  init(copying address: UnsafePointer<sockaddr>, length: socklen_t) {
    var storage = sockaddr_storage()
    let count = min(Int(length), MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutableBytes(of: &storage) { $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: count)) }
    self.storage = storage
    self.length = socklen_t(count)
  }

  /// An address that a call such as `accept` or `getsockname` fills in.
  init(filledBy call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Void) {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, &length) }
    }
    self.storage = storage
    self.length = length
  }

  /// Lends the address to a call such as `connect` or `bind`.
  func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var copy = storage
    return withUnsafePointer(to: &copy) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
    }
  }

  /// The address in digits, with its port. An IPv4 address that came to an IPv6 socket (`::ffff:192.0.2.1`, RFC 4291)
  /// is given as what it is; a link-local one has its zone (`fe80::1%eth0`, RFC 4007).
  var endpoint: Endpoint {
    var host = [CChar](repeating: 0, count: 256)
    var service = [CChar](repeating: 0, count: 32)
    let status = withPointer {
      getnameinfo(
        $0, $1, &host, socklen_t(host.count), &service, socklen_t(service.count), NI_NUMERICHOST | NI_NUMERICSERV)
    }
    guard status == 0 else { return Endpoint(host: "?", port: 0) }
    var text = string(of: host)
    let mapped = "::ffff:"
    if text.hasPrefix(mapped), text.contains(".") { text = String(text.dropFirst(mapped.count)) }
    return Endpoint(host: text, port: UInt16(string(of: service)) ?? 0)
  }

  private func string(of buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
