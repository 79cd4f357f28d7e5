import COpenSSL
import GtachModel

/// The settings of OpenSSL that connections share.
final class TLSContext: @unchecked Sendable {
  // Not changed once a connection was made from it; OpenSSL counts references to it under locks of its own.
  let pointer: OpaquePointer
  let keyLog: TLSKeyLog?

  /// Settings for either end of a connection.
  ///
  /// - Parameters:
  ///   - key: The private key of the certificate; nil for a side that shows none.
  ///   - certificate: What to show.
  ///   - authority: Who must have signed the other side's certificate, and what is sent behind one's own; nil lets
  ///     everybody in, so that the caller has to look at the certificate itself.
  ///   - keyLog: Where the secrets of all connections are written; nil, as it should be, where they are not.
  /// - Throws: `ErrorCode.bug` if the library refuses them.
  init(
    key: Ed25519PrivateKey?, certificate: Certificate?, authority: Certificate?, keyLog: TLSKeyLog? = nil
  ) throws(GtachError) {
    // OpenSSL writes with write(2), which knows no MSG_NOSIGNAL.
    Signals.ignoreBrokenPipe()
    guard let pointer = SSL_CTX_new(TLS_method()) else { throw .openSSL(.bug, "cannot set up TLS") }
    self.pointer = pointer
    self.keyLog = keyLog
    guard gtach_configure_context(pointer) == 1 else { throw .openSSL(.bug, "cannot set up TLS") }
    if let key, let certificate {
      guard SSL_CTX_use_certificate(pointer, certificate.object.pointer) == 1,
        SSL_CTX_use_PrivateKey(pointer, key.object.pointer) == 1
      else { throw .openSSL(.bug, "cannot set up TLS with this node's certificate") }
    }
    if let authority {
      guard X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), authority.object.pointer) == 1,
        X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(pointer), UInt(X509_V_FLAG_NO_CHECK_TIME)) == 1
      else { throw .openSSL(.bug, "cannot set up TLS with the fleet's authority") }
      if certificate != nil {
        // A machine that joins knows the authority by its key's hash only and finds it in the chain.
        guard gtach_add_chain_certificate(pointer, authority.object.pointer) == 1 else {
          throw .openSSL(.bug, "cannot set up TLS with the fleet's authority")
        }
      }
      SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    } else {
      SSL_CTX_set_verify(pointer, SSL_VERIFY_NONE, nil)
    }
    SSL_CTX_set_alpn_select_cb(pointer, selectApplicationProtocol, nil)
    if let keyLog {
      guard SSL_CTX_set_ex_data(pointer, keyLogSlot, Unmanaged.passUnretained(keyLog).toOpaque()) == 1 else {
        throw .openSSL(.bug, "cannot set up TLS with a log of its keys")
      }
      SSL_CTX_set_keylog_callback(pointer, appendToKeyLog)
    }
  }

  deinit { SSL_CTX_free(pointer) }
}

/// Which slot of an SSL object says whether this server lets machines join: the one that the library keeps for
/// applications.
let joinAllowedSlot: Int32 = 0

/// Chooses what a server speaks among what the client offers (RFC 7301, 3.2). Only a client that wants to join, and
/// only while that is allowed, need not show a certificate.
///
/// OpenSSL calls it after it has read the whole ClientHello and before it asks for a certificate, and has checked
/// that the offer is well-formed.
private func selectApplicationProtocol(
  connection: OpaquePointer?, chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
  chosenCount: UnsafeMutablePointer<UInt8>?, offer: UnsafePointer<UInt8>?, offerCount: UInt32,
  context: UnsafeMutableRawPointer?
) -> Int32 {
  guard let connection, let chosen, let chosenCount, let offer else { return SSL_TLSEXT_ERR_ALERT_FATAL }
  let bytes = UnsafeBufferPointer(start: offer, count: Int(offerCount))
  let joinAllowed = SSL_get_ex_data(connection, joinAllowedSlot) != nil
  for candidate in joinAllowed ? [ApplicationProtocol.gtach, .join] : [.gtach] {
    let name = Array(candidate.rawValue.utf8)
    var position = 0
    while position < bytes.count {
      let start = position + 1
      let end = start + Int(bytes[position])
      guard end <= bytes.count else { return SSL_TLSEXT_ERR_ALERT_FATAL }
      if bytes[start..<end].elementsEqual(name) {
        if candidate == .join { SSL_set_verify(connection, SSL_VERIFY_NONE, nil) }
        // The answer has to outlive this call, as the offer does.
        chosen.pointee = offer + start
        chosenCount.pointee = UInt8(name.count)
        return SSL_TLSEXT_ERR_OK
      }
      position = end
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL
}
