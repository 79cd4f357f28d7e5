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
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { throw wrong }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      throw wrong
    }
    guard !host.isEmpty else { throw wrong }
    self.init(host: host, port: port)
  }
}

extension Endpoint: CustomStringConvertible, Codable {
  /// `HOST:PORT`, an IPv6 address in brackets.
  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
  /// Reads `HOST:PORT`.
  public init(from decoder: any Decoder) throws { try self.init(decoder.singleValueContainer().decode(String.self)) }
  /// Writes `HOST:PORT`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
