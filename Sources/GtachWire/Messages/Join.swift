import GtachModel

/// Asks for a certificate of the fleet (JSON); the only frame of a machine that is no member yet.
public struct Join: Hashable, Sendable {
  /// The secret of the invitation token.
  public let secret: InvitationSecret
  /// The certificate request (PKCS#10, RFC 2986) in PEM, signed with the key that the machine made for itself.
  public let request: String

  /// A request from its fields.
  public init(secret: InvitationSecret, request: String) {
    self.secret = secret
    self.request = request
  }
}

extension Join: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .join }

  var flaw: String? {
    (1...Limits.certificateBytes).contains(request.utf8.count) ? nil : "request has \(request.utf8.count) bytes"
  }
}
