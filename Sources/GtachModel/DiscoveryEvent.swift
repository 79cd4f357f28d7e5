/// A node as it advertises itself on the LAN (DNS-SD, RFC 6763). A hint and never the truth: anybody may advertise
/// anything.
public struct Service: Hashable, Sendable {
  /// The instance name: unique on the LAN at one time, and changed by the system where two want the same.
  public let name: String
  /// Where it listens: numeric addresses, IPv4 first, link-local IPv6 with its zone last.
  public let endpoints: [Endpoint]
  /// The pairs of its TXT record. Keys are in lower case; of a key that occurs twice the first counts (RFC 6763,
  /// section 6.4). A key without `=` has an empty value.
  public let text: [String: String]

  /// A service from its parts.
  public init(name: String, endpoints: [Endpoint], text: [String: String]) {
    self.name = name
    self.endpoints = endpoints
    self.text = text
  }
}

/// What discovery tells, each change once.
public enum DiscoveryEvent: Hashable, Sendable {
  /// The system's discovery works, or works again.
  case available
  /// The system's discovery does not work, and why. What was found before is remembered; nothing is lost by this.
  case unavailable(GtachError)
  /// A service is new, or its addresses or its TXT record changed. One's own is found too.
  case found(Service)
  /// The service of that instance name is gone.
  case lost(name: String)
}
