import COpenSSL
import GtachModel

/// What goes into a new certificate.
struct CertificateMaker {
  var subject: String
  var subjectKey: KeyObject
  var isAuthority: Bool
  /// The dates as RFC 5280 has them; a certificate without a known end ends at the last second of the year 9999. Other
  /// dates serve tests alone: no check looks at them.
  var notBefore = "19700101000000Z"
  var notAfter = "99991231235959Z"

  /// Makes and signs the certificate.
  ///
  /// - Parameter issuer: The authority; nil for a certificate that signs itself.
  /// - Throws: `ErrorCode.nameInvalid`, `ErrorCode.bug`.
  func make(issuer: Certificate?, issuerKey: KeyObject) throws(GtachError) -> Certificate {
    guard let pointer = X509_new() else { throw .openSSL(.bug, "cannot make a certificate") }
    let object = CertificateObject(owning: pointer)
    let name = X509_get_subject_name(pointer)
    try setCommonName(subject, of: name)
    let issuerPointer = issuer?.object.pointer ?? pointer
    // Positive and at most 20 bytes (RFC 5280, 4.1.2.2); random, so that no register of numbers has to be kept.
    var serial = SystemRandom.bytes(16)
    serial[0] = serial[0] & 0x7F | 0x40
    guard let number = BN_bin2bn(serial, Int32(serial.count), nil) else {
      throw .openSSL(.bug, "cannot make a certificate")
    }
    defer { BN_free(number) }
    guard X509_set_version(pointer, 2) == 1, BN_to_ASN1_INTEGER(number, X509_get_serialNumber(pointer)) != nil,
      X509_set_issuer_name(pointer, X509_get_subject_name(issuerPointer)) == 1,
      ASN1_TIME_set_string_X509(X509_getm_notBefore(pointer), notBefore) == 1,
      ASN1_TIME_set_string_X509(X509_getm_notAfter(pointer), notAfter) == 1,
      X509_set_pubkey(pointer, subjectKey.pointer) == 1
    else { throw .openSSL(.bug, "cannot make a certificate") }
    for (identifier, value) in extensions {
      guard gtach_add_extension(pointer, issuerPointer, identifier, value) == 1 else {
        throw .openSSL(.bug, "cannot make a certificate")
      }
    }
    guard X509_sign(pointer, issuerKey.pointer, nil) > 0 else { throw .openSSL(.bug, "cannot sign a certificate") }
    return try Certificate(object: object)
  }

  /// RFC 5280, 4.2.1: a node's certificate is good for TLS at either end and signs nothing.
  private var extensions: [(Int32, String)] {
    var list: [(Int32, String)] = [
      (NID_subject_key_identifier, "hash"), (NID_authority_key_identifier, "keyid:always"),
    ]
    if isAuthority {
      list.append((NID_basic_constraints, "critical,CA:TRUE,pathlen:0"))
      list.append((NID_key_usage, "critical,keyCertSign,cRLSign"))
    } else {
      list.append((NID_basic_constraints, "critical,CA:FALSE"))
      list.append((NID_key_usage, "critical,digitalSignature"))
      list.append((NID_ext_key_usage, "serverAuth,clientAuth"))
    }
    return list
  }
}

/// Gives a subject its only part, the common name.
///
/// - Throws: `ErrorCode.nameInvalid` for a name that is empty or longer than RFC 5280's 64 characters.
func setCommonName(_ name: String, of subject: OpaquePointer?) throws(GtachError) {
  let bytes = Array(name.utf8)
  guard (1...64).contains(name.unicodeScalars.count), !bytes.contains(0),
    X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0) == 1
  else {
    throw .openSSL(
      .nameInvalid, "\"\(name)\" cannot be a certificate's name", advice: "use a name of 1 to 64 characters")
  }
}

/// The common name of a subject that has exactly one.
///
/// - Throws: `ErrorCode.configurationInvalid`.
func readCommonName(of subject: OpaquePointer?) throws(GtachError) -> String {
  let position = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
  guard position >= 0, X509_NAME_get_index_by_NID(subject, NID_commonName, position) < 0,
    let value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, position))
  else { throw .openSSL(.configurationInvalid, "the certificate does not have one common name") }
  var start: UnsafeMutablePointer<UInt8>?
  let count = ASN1_STRING_to_UTF8(&start, value)
  guard count > 0, let start else {
    throw .openSSL(.configurationInvalid, "the certificate's common name is not text")
  }
  defer { CRYPTO_free(start, nil, 0) }
  return String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
}
