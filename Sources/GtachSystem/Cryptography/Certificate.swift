import COpenSSL
import GtachModel

/// An X.509 certificate (RFC 5280) with an Ed25519 key (RFC 8410): that of a fleet's authority or of a node.
///
/// Never judged by the clock: a Pi without one may believe in 1970. They are valid from 1970-01-01 to 9999-12-31, which
/// is RFC 5280's way of saying that no end is known, and checks skip the dates altogether. Revocation, not expiry, ends
/// a membership.
public struct Certificate: Sendable {
  let object: CertificateObject
  /// The 32 bytes of the Ed25519 key that the certificate is about.
  public let publicKey: [UInt8]
  /// The subject's name: the fleet's or the node's. For people; never used as identity.
  public let commonName: String

  /// Reads the first certificate of a PEM text (RFC 7468) of at most 64 KiB.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` for what is not a certificate or is about another kind of key.
  public init(pem: String) throws(GtachError) {
    let pointer = readPEM(pem) { (start, count) -> OpaquePointer? in
      guard let memory = BIO_new_mem_buf(start, count) else { return nil }
      defer { BIO_free(memory) }
      return PEM_read_bio_X509(memory, nil, nil, nil)
    }
    guard let pointer else { throw .openSSL(.configurationInvalid, "cannot read a certificate") }
    try self.init(object: CertificateObject(owning: pointer))
  }

  /// Takes over what OpenSSL read.
  init(object: CertificateObject) throws(GtachError) {
    guard let publicKey = KeyObject.ed25519PublicKey(of: X509_get0_pubkey(object.pointer)) else {
      throw .openSSL(.configurationInvalid, "the certificate is not about an Ed25519 key")
    }
    self.object = object
    self.publicKey = publicKey
    commonName = try readCommonName(of: X509_get_subject_name(object.pointer))
  }

  /// The certificate as PEM (RFC 7468).
  ///
  /// - Throws: `ErrorCode.bug` if the library cannot write it.
  public func pem() throws(GtachError) -> String {
    try pemText { PEM_write_bio_X509($0, object.pointer) }
  }

  /// Makes the certificate of a new fleet's authority.
  ///
  /// - Throws: `ErrorCode.nameInvalid` for a name that is empty or longer than 64 characters.
  public static func selfSignedAuthority(
    key: Ed25519PrivateKey, commonName: String
  ) throws(GtachError) -> Certificate {
    try CertificateMaker(subject: commonName, subjectKey: key.object, isAuthority: true)
      .make(issuer: nil, issuerKey: key.object)
  }

  /// Signs a node's request in the name of this authority.
  ///
  /// - Parameters:
  ///   - request: What the node asks for; only its key is taken over.
  ///   - name: The name that the certificate gives to the node.
  ///   - key: The authority's private key.
  /// - Throws: `ErrorCode.bug` for another authority's key, `ErrorCode.nameInvalid` for a name that is empty or longer
  ///   than 64 characters.
  public func sign(
    _ request: CertificateRequest, name: String, with key: Ed25519PrivateKey
  ) throws(GtachError) -> Certificate {
    guard key.publicKey == publicKey else { throw GtachError(.bug, "this is not the key of the authority") }
    return try CertificateMaker(subject: name, subjectKey: request.key, isAuthority: false)
      .make(issuer: self, issuerKey: key.object)
  }

  /// Whether this certificate was signed by that authority's key and may be used for TLS by a client or a server.
  public func isSigned(by authority: Certificate) -> Bool {
    defer { ERR_clear_error() }
    guard let store = X509_STORE_new() else { return false }
    defer { X509_STORE_free(store) }
    guard X509_STORE_add_cert(store, authority.object.pointer) == 1, let context = X509_STORE_CTX_new() else {
      return false
    }
    defer { X509_STORE_CTX_free(context) }
    guard X509_STORE_CTX_init(context, store, object.pointer, nil) == 1,
      X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER) == 1
    else { return false }
    X509_STORE_CTX_set_flags(context, UInt(X509_V_FLAG_NO_CHECK_TIME))
    return X509_verify_cert(context) == 1
  }
}

/// A request for a certificate (PKCS #10, RFC 2986), signed by the key that it is about.
public struct CertificateRequest: Sendable {
  private let object: RequestObject
  let key: KeyObject
  /// The 32 bytes of the Ed25519 key that a certificate is asked for.
  public let publicKey: [UInt8]
  /// The name that the node suggests for itself.
  public let commonName: String

  /// Makes a request.
  ///
  /// - Throws: `ErrorCode.nameInvalid` for a name that is empty or longer than 64 characters.
  public init(key: Ed25519PrivateKey, name: String) throws(GtachError) {
    guard let pointer = X509_REQ_new() else { throw .openSSL(.bug, "cannot make a certificate request") }
    let object = RequestObject(owning: pointer)
    try setCommonName(name, of: X509_REQ_get_subject_name(pointer))
    guard X509_REQ_set_version(pointer, 0) == 1, X509_REQ_set_pubkey(pointer, key.object.pointer) == 1,
      X509_REQ_sign(pointer, key.object.pointer, nil) > 0
    else { throw .openSSL(.bug, "cannot make a certificate request") }
    try self.init(object: object)
  }

  /// Reads a request of at most 64 KiB and checks that whoever made it has the private key.
  ///
  /// - Throws: `ErrorCode.peerUntrusted`.
  public init(pem: String) throws(GtachError) {
    let pointer = readPEM(pem) { (start, count) -> OpaquePointer? in
      guard let memory = BIO_new_mem_buf(start, count) else { return nil }
      defer { BIO_free(memory) }
      return PEM_read_bio_X509_REQ(memory, nil, nil, nil)
    }
    guard let pointer else { throw .openSSL(.peerUntrusted, "cannot read a certificate request") }
    try self.init(object: RequestObject(owning: pointer))
  }

  private init(object: RequestObject) throws(GtachError) {
    guard let keyPointer = X509_REQ_get_pubkey(object.pointer) else {
      throw .openSSL(.peerUntrusted, "the certificate request has no key")
    }
    key = KeyObject(owning: keyPointer)
    guard let publicKey = KeyObject.ed25519PublicKey(of: keyPointer) else {
      throw .openSSL(.peerUntrusted, "the certificate request is not about an Ed25519 key")
    }
    guard X509_REQ_verify(object.pointer, keyPointer) == 1 else {
      throw .openSSL(.peerUntrusted, "the certificate request is not signed by its own key")
    }
    self.object = object
    self.publicKey = publicKey
    do throws(GtachError) {
      commonName = try readCommonName(of: X509_REQ_get_subject_name(object.pointer))
    } catch {
      throw GtachError(.peerUntrusted, error.message, reason: error.reason)
    }
  }

  /// The request as PEM (RFC 7468).
  ///
  /// - Throws: `ErrorCode.bug` if the library cannot write it.
  public func pem() throws(GtachError) -> String {
    try pemText { PEM_write_bio_X509_REQ($0, object.pointer) }
  }
}

/// The owner of an OpenSSL certificate.
final class CertificateObject: @unchecked Sendable {
  // Never changed once it is shared; OpenSSL locks what it caches inside.
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { X509_free(pointer) }
}

/// The owner of an OpenSSL certificate request.
private final class RequestObject: @unchecked Sendable {
  // Never changed once it is shared.
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { X509_REQ_free(pointer) }
}
