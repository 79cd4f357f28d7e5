/// A numeric IPv4 or IPv6 address, and from where it can be reached.
public struct NetworkAddress: Hashable, Sendable {
  /// From where an address can be reached.
  public enum Reach: Hashable, Sendable {
    /// From other machines, as far as there is a route.
    case network
    /// From the machines on one link; on each its zone says which link.
    case link
    /// From its own machine.
    case machine
    /// It is no single machine's: unspecified, multicast, broadcast, or an IPv4 address in the clothes of IPv6.
    case nobody
  }

  /// 4 or 16 bytes.
  public let bytes: [UInt8]

  /// Reads an address in digits (RFC 4291, section 2.2, with IPv4 in dotted decimal without leading zeros); nil for
  /// anything else, such as a host name or a zone.
  public init?(_ text: some StringProtocol) {
    guard let bytes = text.utf8.contains(UInt8(ascii: ":")) ? Self.ipv6(text) : Self.ipv4(text) else { return nil }
    self.bytes = bytes
  }

  /// From where it can be reached.
  public var reach: Reach {
    if bytes.count == 4 {
      switch (bytes[0], bytes[1]) {
      case (0, _), (224..., _): return .nobody
      case (127, _): return .machine
      case (169, 254): return .link
      default: return .network
      }
    }
    if bytes[0] == 0xFF || bytes.prefix(10).allSatisfy({ $0 == 0 }) {
      return bytes.prefix(15).allSatisfy { $0 == 0 } && bytes[15] == 1 ? .machine : .nobody
    }
    return bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80 ? .link : .network
  }

  private static func ipv4(_ text: some StringProtocol) -> [UInt8]? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let bytes = parts.compactMap { part -> UInt8? in
      guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }), part.utf8.count == 1 || !part.hasPrefix("0") else {
        return nil
      }
      return UInt8(part)
    }
    return parts.count == 4 && bytes.count == 4 ? bytes : nil
  }

  private static func ipv6(_ text: some StringProtocol) -> [UInt8]? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    // `::` gives an empty part, at either end two.
    guard parts.count <= 9 else { return nil }
    var groups: [UInt8] = []
    var gap: Int?
    for (place, part) in parts.enumerated() {
      if part.isEmpty {
        let isAtEnd = place == 0 || place == parts.count - 1
        if isAtEnd {
          // Of a pair at the beginning or end the inner one counts.
          guard place == 0 ? parts[1].isEmpty : parts[place - 1].isEmpty else { return nil }
        } else {
          guard gap == nil else { return nil }
          gap = groups.count
        }
      } else if place == parts.count - 1, part.contains("."), let tail = ipv4(part) {
        groups += tail
      } else {
        guard part.utf8.count <= 4, part.utf8.allSatisfy(isHexadecimal), let group = UInt16(part, radix: 16) else {
          return nil
        }
        groups += [UInt8(group >> 8), UInt8(truncatingIfNeeded: group)]
      }
    }
    guard let gap else { return groups.count == 16 ? groups : nil }
    guard groups.count <= 14 else { return nil }
    groups.insert(contentsOf: repeatElement(0, count: 16 - groups.count), at: gap)
    return groups
  }

  private static func isHexadecimal(_ character: UInt8) -> Bool {
    switch character {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }
}

extension Endpoint {
  /// From where it can be reached; nil for a host name.
  public var reach: NetworkAddress.Reach? {
    NetworkAddress(host.prefix { $0 != "%" })?.reach
  }
}
