#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif

/// The content of A and AAAA records as text.
enum NumericAddress {
  /// The address in numbers, with `%ZONE` where it is link-local IPv6; nil for one that no peer can have (unspecified,
  /// multicast, loopback) and for bytes that are no address.
  static func text(_ bytes: [UInt8], family: DiscoveryTable.Family, interface: UInt32) -> String? {
    switch family {
    case .ipv4:
      guard bytes.count == 4, (1...223).contains(bytes[0]), bytes[0] != 127 else { return nil }
      return bytes.map(String.init).joined(separator: ".")
    case .ipv6:
      guard bytes.count == 16, bytes[0] != 0xFF, bytes.prefix(15).contains(where: { $0 != 0 }) else { return nil }
      var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
      guard inet_ntop(AF_INET6, bytes, &buffer, socklen_t(buffer.count)) != nil else { return nil }
      let text = string(buffer)
      guard bytes[0] == 0xFE, bytes[1] & 0xC0 == 0x80 else { return text }
      guard interface != 0 else { return nil }
      var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
      return text + "%" + (if_indextoname(interface, &name) == nil ? String(interface) : string(name))
    }
  }

  private static func string(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
