/// What is spoken inside TLS, by its ALPN name (RFC 7301).
public enum ApplicationProtocol: String, Hashable, Sendable, CaseIterable {
  /// Between members of a fleet: both sides have certificates of its authority.
  case gtach = "gtach/1"
  /// From a machine that has an invitation but no certificate yet.
  case join = "gtach-join/1"

  /// A list of protocols as ClientHello has it: each name behind its length in one byte.
  static func encode(_ names: [String]) -> [UInt8] {
    names.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + Array($0.utf8) }
  }
}
