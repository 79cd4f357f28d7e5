import GtachModel
import Testing

@testable import GtachSystem

@Suite("Certificates")
struct CertificateTests {
  @Test("a node's certificate is signed by its fleet's authority and by no other")
  func signing() throws {
    let fleet = try TestFleet(name: "workshop")
    let other = try TestFleet(name: "workshop")
    let member = try fleet.member("pi-1")
    #expect(member.certificate.commonName == "pi-1")
    #expect(member.certificate.publicKey == member.key.publicKey)
    #expect(fleet.authority.commonName == "workshop")
    #expect(fleet.authority.publicKey == fleet.key.publicKey)
    #expect(member.certificate.isSigned(by: fleet.authority))
    #expect(!member.certificate.isSigned(by: other.authority))
    #expect(!fleet.authority.isSigned(by: other.authority))
    // A node may not play authority.
    let request = try CertificateRequest(key: Ed25519PrivateKey(), name: "mole")
    let forged = try member.certificate.sign(request, name: "mole", with: member.key)
    #expect(!forged.isSigned(by: member.certificate))
    #expect(!forged.isSigned(by: fleet.authority))
  }

  @Test("an authority signs with its own key only")
  func wrongKey() throws {
    let fleet = try TestFleet(name: "workshop")
    let request = try CertificateRequest(key: Ed25519PrivateKey(), name: "pi-1")
    let error = thrownError {
      try fleet.authority.sign(request, name: "pi-1", with: Ed25519PrivateKey())
    }
    #expect(error?.code == .bug)
  }

  @Test("certificates and requests survive PEM")
  func pem() throws {
    let fleet = try TestFleet(name: "Werkstatt Süd")
    let authority = try Certificate(pem: fleet.authority.pem())
    #expect(authority.commonName == "Werkstatt Süd")
    let key = try Ed25519PrivateKey()
    let request = try CertificateRequest(pem: CertificateRequest(key: key, name: "pi-2").pem())
    #expect(request.publicKey == key.publicKey)
    #expect(request.commonName == "pi-2")
    let certificate = try Certificate(pem: authority.sign(request, name: "pi-3", with: fleet.key).pem())
    #expect(certificate.commonName == "pi-3")
    #expect(certificate.isSigned(by: fleet.authority))
    #expect(certificate.isSigned(by: authority))
  }

  @Test(
    "the calendar does not matter: certificates of the past and of the future are as good as any",
    arguments: [("19700101000000Z", "19800101000000Z"), ("22000101000000Z", "22010101000000Z")])
  func calendar(notBefore: String, notAfter: String) throws {
    let key = try Ed25519PrivateKey()
    let nodeKey = try Ed25519PrivateKey()
    var maker = CertificateMaker(subject: "fleet", subjectKey: key.object, isAuthority: true)
    maker.notBefore = notBefore
    maker.notAfter = notAfter
    let authority = try maker.make(issuer: nil, issuerKey: key.object)
    maker.subject = "node"
    maker.subjectKey = nodeKey.object
    maker.isAuthority = false
    let certificate = try maker.make(issuer: authority, issuerKey: key.object)
    #expect(certificate.isSigned(by: authority))
    #expect(try !certificate.isSigned(by: TestFleet(name: "fleet").authority))
  }

  @Test("a request whose signature or name was changed is refused")
  func damagedRequest() throws {
    let text = try CertificateRequest(key: Ed25519PrivateKey(), name: "pi-1").pem()
    let lines = text.split(separator: "\n").map { Array($0.utf8) }
    var refused = 0
    // Each digit of the text in turn (but the last ones of a line, which may be padding) becomes another one: what
    // still parses fails its own signature.
    for line in 1..<(lines.count - 1) {
      for position in 0..<(lines[line].count - 3) {
        var damaged = lines
        let digit = damaged[line][position]
        damaged[line][position] = digit == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        let error = thrownError {
          try CertificateRequest(pem: String(decoding: Array(damaged.joined(separator: [0x0A])), as: UTF8.self) + "\n")
        }
        #expect(error?.code == .peerUntrusted)
        refused += 1
      }
    }
    #expect(refused > 150)
  }

  @Test("what is not PEM is refused", arguments: ["", "x", String(repeating: "-", count: 200_000)])
  func notPEM(text: String) {
    #expect(throws: GtachError.self) { try CertificateRequest(pem: text) }
    let error = thrownError { try Certificate(pem: text) }
    #expect(error?.code == .configurationInvalid)
  }

  @Test("a certificate about a key of another kind is refused")
  func otherKey() throws {
    // openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other
    let text = """
      -----BEGIN CERTIFICATE-----
      MIIBdTCCARugAwIBAgIUf964Xahmfpe5ma/6X4gGMqcGY3owCgYIKoZIzj0EAwIw
      EDEOMAwGA1UEAwwFb3RoZXIwHhcNMjYxMTIwMTQxMjEyWhcNMjYxMjIwMTQxMjEy
      WjAQMQ4wDAYDVQQDDAVvdGhlcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNq+
      zY3Ktpk/Ju1z63tRKfyj2v9htU3g/GwEQlLzXplOvztOtL8oiNgqHvcK9mCbHkaX
      cdE1/5WRx+ohfX+qE9mjUzBRMB0GA1UdDgQWBBRPg0ZZnTwLVP8dHIB1Qy4KYNp8
      SzAfBgNVHSMEGDAWgBRPg0ZZnTwLVP8dHIB1Qy4KYNp8SzAPBgNVHRMBAf8EBTAD
      AQH/MAoGCCqGSM49BAMCA0gAMEUCIER4S6GB0AZpN9G/GcdtBxEOuxF0J2Fb2yam
      qsTsoaV4AiEApFq7CF/3/8ivTpHlrNYpp7W/cU6G6Wb/TBa4eUosCv8=
      -----END CERTIFICATE-----
      """
    let error = thrownError { try Certificate(pem: text) }
    #expect(error?.message.contains("Ed25519") == true)
  }

  @Test("names are 1 to 64 characters", arguments: ["", String(repeating: "x", count: 65), "a\0b"])
  func names(name: String) throws {
    let key = try Ed25519PrivateKey()
    let error = thrownError { try CertificateRequest(key: key, name: name) }
    #expect(error?.code == .nameInvalid)
    #expect(throws: GtachError.self) { try Certificate.selfSignedAuthority(key: key, commonName: name) }
  }
}
