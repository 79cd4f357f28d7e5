import GtachModel

/// What a member shows to others, and by what it judges them.
public struct TLSIdentity: Sendable {
  /// The node's private key.
  public let key: Ed25519PrivateKey
  /// The node's certificate.
  public let certificate: Certificate
  /// The authority of the fleet: whoever has a certificate by it is a member.
  public let authority: Certificate
  // Made once and shared by every connection.
  let context: TLSContext

  /// Checks that the three belong together.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` where they do not, `ErrorCode.bug` if the library refuses them.
  public init(key: Ed25519PrivateKey, certificate: Certificate, authority: Certificate) throws(GtachError) {
    let advice = "restore the node's files from a copy, or join the fleet again"
    guard key.publicKey == certificate.publicKey else {
      throw GtachError(.configurationInvalid, "the node's certificate is not about the node's key", advice: advice)
    }
    guard certificate.isSigned(by: authority) else {
      throw GtachError(
        .configurationInvalid, "the node's certificate is not signed by the fleet's authority", advice: advice)
    }
    self.init(
      key: key, certificate: certificate, authority: authority,
      context: try TLSContext(key: key, certificate: certificate, authority: authority))
  }

  private init(key: Ed25519PrivateKey, certificate: Certificate, authority: Certificate, context: TLSContext) {
    self.key = key
    self.certificate = certificate
    self.authority = authority
    self.context = context
  }

  /// The same member, whose connections write their secrets into a log.
  ///
  /// - Throws: `ErrorCode.bug` if the library refuses it.
  public func logging(to keyLog: TLSKeyLog) throws(GtachError) -> TLSIdentity {
    TLSIdentity(
      key: key, certificate: certificate, authority: authority,
      context: try TLSContext(key: key, certificate: certificate, authority: authority, keyLog: keyLog))
  }
}
