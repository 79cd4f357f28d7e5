/// Where a node listens: a numeric address or a host name, and a TCP port.
public struct Endpoint: Hashable, Sendable {
  /// A numeric IPv4 or IPv6 address (with `%ZONE` where link-local), or a host name.
  public let host: String
  /// The TCP port.
  public let port: UInt16

  /// An endpoint from its parts.
  public init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Reads `HOST:PORT`, an IPv6 address in brackets: `[fe80::1%eth0]:7420`.
  ///
  /// - Throws: `ErrorCode.usage`.
  public init(_ text: String) throws(GtachError) {
    let wrong = GtachError(
      .usage, "\"\(text)\" is not HOST:PORT", advice: "write for example 192.168.1.20:7420 or [fe80::1%eth0]:7420")
    guard let colon = text.lastIndex(of: ":") else { throw wrong }
    let digits = text[text.index(after: colon)...]
    guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else { throw wrong }
    var host = String(text[..<colon])
    let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
    if isBracketed { host = String(host.dropFirst().dropLast()) }
    // What is in brackets is an IPv6 address, and only that is: so each endpoint has one spelling.
    guard host.contains(":") == isBracketed, host.utf8.allSatisfy(Self.mayOccurInHost), !host.isEmpty else {
      throw wrong
    }
    self.init(host: host, port: port)
  }

  /// Letters, digits, and `.` `-` `_` `:` `%`.
  private static func mayOccurInHost(_ character: UInt8) -> Bool {
    switch character {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x2D, 0x5F, 0x3A, 0x25: true
    default: false
    }
  }
}

extension Endpoint: CustomStringConvertible, Codable {
  /// `HOST:PORT`, an IPv6 address in brackets.
  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  /// Reads `HOST:PORT`.
  public init(from decoder: any Decoder) throws { self = try StrictJSON.parsed(decoder, Self.init(_:)) }
  /// Writes `HOST:PORT`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
