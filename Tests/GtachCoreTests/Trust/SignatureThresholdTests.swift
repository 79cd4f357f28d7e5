import GtachModel
import Testing

@testable import GtachCore

@Suite("Keys and thresholds")
struct SignatureThresholdTests {
  static let keys = ["a", "b", "c"].map { TestSigner($0) }

  /// A root of three keys with a threshold of two, signed by some.
  private func root(signedBy signers: [TestSigner], _ change: (inout [String: JSONValue]) -> Void = { _ in }) throws
    -> [UInt8]
  {
    let fleet = try TestFleet(rootKeys: Self.keys, rootThreshold: 2)
    var fields = try fleet.fields(.root)
    change(&fields)
    return TestFleet.sign(fields, by: signers)
  }

  private func outcome(_ root: [UInt8]) -> ErrorCode? {
    failureCode {
      try TrustedMetadata(pinnedRoot: root, checking: TestFleet.checking, hashing: TestFleet.hashing)
    }
  }

  @Test("as many keys as the threshold says must sign")
  func threshold() throws {
    let (a, b, c) = (Self.keys[0], Self.keys[1], Self.keys[2])
    for enough in [[a, b], [b, c], [a, c], [a, b, c], [a, TestSigner("stranger"), c]] {
      #expect(try outcome(root(signedBy: enough)) == nil)
    }
    for tooFew in [[], [a], [c], [a, TestSigner("stranger")]] {
      #expect(try outcome(root(signedBy: tooFew)) == .metadataUnsigned)
    }
  }

  @Test("the same key signing twice is refused")
  func duplicateSignatures() throws {
    #expect(try outcome(root(signedBy: [Self.keys[0], Self.keys[0]])) == .metadataMalformed)
    #expect(try outcome(root(signedBy: [Self.keys[0], Self.keys[1], Self.keys[1]])) == .metadataMalformed)
  }

  @Test("a role that lists the same key twice is refused")
  func duplicateKeyIDs() throws {
    let id = RoleKeys.id(publicKey: Self.keys[0].publicKey, hashing: TestFleet.hashing)
    let bytes = try root(signedBy: [Self.keys[0]]) { fields in
      fields["roles"]?["root"]?["keyids"] = .array([.string(id), .string(id)])
    }
    #expect(outcome(bytes) == .metadataMalformed)
  }

  @Test("one key under two ids counts once")
  func sameKeyTwice() throws {
    // Another description of the same key has another, correct id.
    let key = Self.keys[0]
    var described = RoleKeys.describe(publicKey: key.publicKey)
    described["x-note"] = .string("the same key")
    let id = TestFleet.hashing.digest(of: described.canonicalBytes).hex
    let fields = try TestFleet(rootKeys: Self.keys, rootThreshold: 2).fields(.root)
    var changed = fields
    changed["keys"]?[id] = described
    changed["roles"]?["root"]?["keyids"] = .array([
      .string(id), .string(RoleKeys.id(publicKey: key.publicKey, hashing: TestFleet.hashing)),
    ])
    guard case .object(var envelope) = try JSONParser.parse(TestFleet.sign(changed, by: [key])),
      case .array(let signatures) = envelope["signatures"], var second = signatures.first
    else {
      Issue.record("the signed root has no signature")
      return
    }
    second["keyid"] = .string(id)
    envelope["signatures"] = .array(signatures + [second])
    #expect(outcome(JSONValue.object(envelope).fileBytes) == .metadataUnsigned)
  }

  @Test("malformed keys and thresholds are refused")
  func malformedKeys() throws {
    let genuine = RoleKeys.describe(publicKey: Self.keys[0].publicKey)
    func entered(_ key: JSONValue, id: String? = nil) throws -> [UInt8] {
      try root(signedBy: Self.keys) { fields in
        fields["keys"]?[id ?? TestFleet.hashing.digest(of: key.canonicalBytes).hex] = key
      }
    }
    #expect(try outcome(entered(genuine)) == nil)
    for text in [
      "", "00", String(repeating: "0", count: 63), String(repeating: "G", count: 64),
      String(repeating: "A", count: 64), String(repeating: "0", count: 66),
    ] {
      var key = genuine
      key["keyval"]?["public"] = .string(text)
      #expect(try outcome(entered(key)) == .metadataMalformed)
    }
    for field in ["keytype", "scheme", "keyval"] {
      for value: JSONValue? in [nil, .null, .integer(1), .array([])] {
        var key = genuine
        key[field] = value
        #expect(try outcome(entered(key)) == .metadataMalformed)
      }
    }
    #expect(try outcome(entered(.string("no object"))) == .metadataMalformed)
    #expect(try outcome(entered(genuine, id: String(repeating: "0", count: 64))) == .metadataMalformed)
    for threshold: JSONValue? in [nil, .integer(0), .integer(-1), .string("1"), .null] {
      let bytes = try root(signedBy: Self.keys) { $0["roles"]?["root"]?["threshold"] = threshold }
      #expect(outcome(bytes) == .metadataMalformed)
    }
  }

  @Test("a key of a kind that nothing here can check is no error, and does not count")
  func foreignKey() throws {
    let foreign = JSONValue.object([
      "keytype": .string("rsa"), "scheme": .string("rsassa-pss-sha256"), "keyval": .object(["public": .string("PEM")]),
    ])
    let id = TestFleet.hashing.digest(of: foreign.canonicalBytes).hex
    func bytes(_ signers: [TestSigner]) throws -> [UInt8] {
      try root(signedBy: signers) { fields in
        fields["keys"]?[id] = foreign
        fields["roles"]?["root"]?["keyids"] = .array(
          [.string(id)] + Self.keys.map { .string(RoleKeys.id(publicKey: $0.publicKey, hashing: TestFleet.hashing)) })
      }
    }
    #expect(try outcome(bytes(Self.keys)) == nil)
    #expect(try outcome(bytes([Self.keys[0]])) == .metadataUnsigned)
  }

  @Test("a role without keys that are known can never be satisfied")
  func unknownKeyIDs() throws {
    let bytes = try root(signedBy: Self.keys) { $0["roles"]?["root"]?["keyids"] = .array([.string("0000")]) }
    #expect(outcome(bytes) == .metadataUnsigned)
  }

  @Test("signatures that are no hexadecimal do not count and do not spoil the others")
  func malformedSignature() throws {
    guard case .object(var envelope) = try JSONParser.parse(root(signedBy: Self.keys)),
      case .array(var signatures) = envelope["signatures"]
    else {
      Issue.record("the signed root has no signature")
      return
    }
    signatures[0]["sig"] = .string("zz")
    envelope["signatures"] = .array(signatures)
    #expect(outcome(JSONValue.object(envelope).fileBytes) == nil)
    signatures[1]["sig"] = .string("")
    envelope["signatures"] = .array(signatures)
    #expect(outcome(JSONValue.object(envelope).fileBytes) == .metadataUnsigned)
  }

  @Test("a root without consistent snapshots, or of another major version of the specification, is refused")
  func unsupported() throws {
    #expect(
      outcome(try root(signedBy: Self.keys) { $0["consistent_snapshot"] = .boolean(false) }) == .metadataMalformed)
    #expect(try outcome(root(signedBy: Self.keys) { $0["spec_version"] = .string("2.0.0") }) == .metadataMalformed)
  }
}
