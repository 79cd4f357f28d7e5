import GtachModel

/// Makes the receiver a member of the fleet (JSON).
public struct Welcome: Hashable, Sendable {
  /// The new member's certificate in PEM.
  public let certificate: String
  /// The certificate of the fleet's authority in PEM.
  public let authority: String
  /// The TUF root (`1.root.json` or a later one) that the new member pins.
  public let root: [UInt8]

  /// An answer from its fields.
  public init(certificate: String, authority: String, root: [UInt8]) {
    self.certificate = certificate
    self.authority = authority
    self.root = root
  }
}

extension Welcome: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .welcome }

  var flaw: String? {
    for (name, text) in [("certificate", certificate), ("authority", authority)] {
      if !(1...Limits.certificateBytes).contains(text.utf8.count) { return "\(name) has \(text.utf8.count) bytes" }
    }
    return (1...Limits.rootBytes).contains(root.count) ? nil : "root has \(root.count) bytes"
  }

  private enum CodingKeys: String, CodingKey { case certificate, authority, root }

  /// Reads the fields; the root comes as base64 (RFC 4648, section 4).
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    certificate = try container.decode(String.self, forKey: .certificate)
    authority = try container.decode(String.self, forKey: .authority)
    guard let root = Base64.standard.decode(try container.decode(String.self, forKey: .root)) else {
      throw DecodingError.dataCorruptedError(forKey: .root, in: container, debugDescription: "not base64")
    }
    self.root = root
  }

  /// Writes the fields; the root as base64 (RFC 4648, section 4).
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(certificate, forKey: .certificate)
    try container.encode(authority, forKey: .authority)
    try container.encode(Base64.standard.encode(root), forKey: .root)
  }
}
