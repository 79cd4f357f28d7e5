import GtachModel

/// A metadata file taken apart, its signatures not checked yet: TUF specification 1.0, section 4.2.
struct SignedMetadata: Sendable {
  /// The object that the signatures cover.
  let signed: MetadataObject
  /// Its canonical form: the message of the signatures.
  let message: [UInt8]
  /// Signatures by key id.
  let signatures: [String: [UInt8]]

  /// Reads a file that should hold metadata of this role.
  ///
  /// - Throws: `ErrorCode.metadataMalformed`.
  init(_ bytes: [UInt8], file: String, role: MetadataRole) throws(GtachError) {
    let value: JSONValue
    do throws(GtachError) {
      value = try JSONParser.parse(bytes)
    } catch {
      throw GtachError.metadata(.metadataMalformed, file, error.reason ?? error.message)
    }
    let envelope = try MetadataObject(value, file: file)
    signed = try envelope.object("signed")
    guard try signed.string("_type") == role.type else { throw signed.failure("_type", "is not \"\(role.type)\"") }
    guard try signed.string("spec_version").hasPrefix("1.") else {
      throw signed.failure("spec_version", "is not 1.x: a newer gtach may be needed to read it")
    }
    message = JSONValue.object(signed.fields).canonicalBytes
    var signatures: [String: [UInt8]] = [:]
    for (position, element) in try envelope.array("signatures").enumerated() {
      let signature = try MetadataObject(element, file: file, path: "signatures[\(position)]")
      // What is not hexadecimal is no signature, and is not one that counts; it does not spoil the others.
      let bytes = Hexadecimal.decode(try signature.string("sig")) ?? []
      guard signatures.updateValue(bytes, forKey: try signature.string("keyid")) == nil else {
        throw signature.failure("keyid", "signs a second time")
      }
    }
    self.signatures = signatures
  }

  /// Requires the signatures of as many different keys as the role's threshold says.
  ///
  /// - Throws: `ErrorCode.metadataUnsigned`.
  func requireSignatures(of role: RoleKeys, named name: String, checking: any SignatureChecking) throws(GtachError) {
    // Keys are counted, not ids: one key under two ids is one signer.
    var signers: Set<[UInt8]> = []
    for (id, signature) in signatures {
      guard let key = role.keys[id], !signers.contains(key) else { continue }
      if checking.isValid(signature: signature, over: message, publicKey: key) { signers.insert(key) }
    }
    guard signers.count >= role.threshold else {
      throw GtachError.metadata(
        .metadataUnsigned, signed.file,
        "\(signers.count) of the \(role.threshold) signatures that \(name) requires are there and valid")
    }
  }
}

/// Another metadata file, as the role above it describes it.
struct MetaFile: Hashable, Sendable {
  let version: Int
  /// Length in bytes, where it is told.
  let length: Int?
  let digest: Digest?

  init(_ object: MetadataObject) throws(GtachError) {
    version = try object.integer("version", atLeast: 1)
    length = object.has("length") ? try object.integer("length", atLeast: 0) : nil
    digest = object.has("hashes") ? try Digest(sha256In: object) : nil
  }

  /// Requires that the bytes are those that were described.
  ///
  /// - Throws: `ErrorCode.metadataMismatch`.
  func requireMatch(_ bytes: [UInt8], file: String, hashing: any Hashing) throws(GtachError) {
    if let length, bytes.count != length {
      throw GtachError.metadata(.metadataMismatch, file, "it has \(bytes.count) bytes where \(length) are listed")
    }
    if let digest, hashing.digest(of: bytes) != digest {
      throw GtachError.metadata(.metadataMismatch, file, "its SHA-256 is not the one that is listed")
    }
  }
}

extension Digest {
  /// Reads `hashes.sha256` of an object.
  init(sha256In object: MetadataObject) throws(GtachError) {
    let hashes = try object.object("hashes")
    guard let digest = Digest(hex: try hashes.string("sha256")) else {
      throw hashes.failure("sha256", "is not 64 hexadecimal digits")
    }
    self = digest
  }
}
