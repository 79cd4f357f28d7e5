import GtachModel
import GtachSystem

/// A fleet of one test: an authority whose key is known.
struct TestFleet {
  let key: Ed25519PrivateKey
  let authority: Certificate

  init(name: String) throws(GtachError) {
    key = try Ed25519PrivateKey()
    authority = try Certificate.selfSignedAuthority(key: key, commonName: name)
  }

  var id: FleetID { FleetID(publicKey: authority.publicKey, hashing: SHA256()) }

  /// A new member.
  func member(_ name: String) throws(GtachError) -> (key: Ed25519PrivateKey, certificate: Certificate) {
    let memberKey = try Ed25519PrivateKey()
    let request = try CertificateRequest(key: memberKey, name: name)
    return (memberKey, try authority.sign(request, name: name, with: key))
  }
}

extension TestFleet {
  /// What a new member shows to others.
  func identity(_ name: String) throws(GtachError) -> TLSIdentity {
    let member = try member(name)
    return try TLSIdentity(key: member.key, certificate: member.certificate, authority: authority)
  }
}
