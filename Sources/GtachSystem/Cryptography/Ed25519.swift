import COpenSSL
import GtachModel

/// Ed25519 signature checks (RFC 8032).
public struct Ed25519: SignatureChecking {
  /// Length of a public key and of a private key's seed in bytes.
  public static let keyByteCount = 32
  /// Length of a signature in bytes.
  public static let signatureByteCount = 64

  /// The one and only Ed25519.
  public init() {}

  /// Whether the 64-byte signature over the message was made by the owner of the 32-byte public key.
  public func isValid(signature: [UInt8], over message: [UInt8], publicKey: [UInt8]) -> Bool {
    guard signature.count == Self.signatureByteCount, publicKey.count == Self.keyByteCount else { return false }
    // A signature that does not fit leaves errors in this thread's queue, which belong to nobody after this.
    defer { ERR_clear_error() }
    guard let pointer = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, publicKey, publicKey.count) else {
      return false
    }
    let key = KeyObject(owning: pointer)
    guard let context = EVP_MD_CTX_new() else { return false }
    defer { EVP_MD_CTX_free(context) }
    return EVP_DigestVerifyInit(context, nil, nil, nil, key.pointer) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}

/// An Ed25519 private key (RFC 8032).
public struct Ed25519PrivateKey: Signing {
  let object: KeyObject
  /// The 32 bytes of the public key.
  public let publicKey: [UInt8]
  /// The 32 bytes that the whole key follows from: keep them secret.
  public let rawSeed: [UInt8]

  /// Makes a new key.
  ///
  /// - Throws: `ErrorCode.bug` if the library cannot.
  public init() throws(GtachError) {
    try self.init(rawSeed: SystemRandom.bytes(Ed25519.keyByteCount))
  }

  /// The key that follows from 32 bytes.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` for any other number of bytes.
  public init(rawSeed: [UInt8]) throws(GtachError) {
    guard rawSeed.count == Ed25519.keyByteCount else {
      throw GtachError(
        .configurationInvalid, "an Ed25519 key has \(Ed25519.keyByteCount) bytes, this one has \(rawSeed.count)")
    }
    guard let pointer = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, rawSeed, rawSeed.count) else {
      throw .openSSL(.bug, "cannot make an Ed25519 key")
    }
    try self.init(object: KeyObject(owning: pointer))
  }

  /// Reads a key from PEM (PKCS #8, RFC 5958 and RFC 8410) without a password.
  ///
  /// - Throws: `ErrorCode.configurationInvalid`.
  public init(pem: String) throws(GtachError) {
    guard let pointer = readPEM(pem, { gtach_read_private_key($0, $1) }) else {
      throw .openSSL(.configurationInvalid, "cannot read a private key")
    }
    try self.init(object: KeyObject(owning: pointer))
  }

  private init(object: KeyObject) throws(GtachError) {
    var seed = [UInt8](repeating: 0, count: Ed25519.keyByteCount)
    var count = seed.count
    guard let publicKey = KeyObject.ed25519PublicKey(of: object.pointer),
      EVP_PKEY_get_raw_private_key(object.pointer, &seed, &count) == 1, count == seed.count
    else {
      throw .openSSL(
        .configurationInvalid, "the private key is not an Ed25519 key", advice: "gtach reads keys that gtach made")
    }
    self.object = object
    self.publicKey = publicKey
    rawSeed = seed
  }

  /// The key as PEM (PKCS #8), without a password: keep it secret.
  ///
  /// - Throws: `ErrorCode.bug` if the library cannot write it.
  public func pem() throws(GtachError) -> String {
    try pemText { PEM_write_bio_PKCS8PrivateKey($0, object.pointer, nil, nil, 0, nil, nil) }
  }

  /// The 64-byte signature over the message.
  ///
  /// - Throws: `ErrorCode.bug` if the library refuses the key.
  public func sign(_ message: [UInt8]) throws(GtachError) -> [UInt8] {
    guard let context = EVP_MD_CTX_new() else { throw .openSSL(.bug, "cannot sign") }
    defer { EVP_MD_CTX_free(context) }
    var signature = [UInt8](repeating: 0, count: Ed25519.signatureByteCount)
    var count = signature.count
    guard EVP_DigestSignInit(context, nil, nil, nil, object.pointer) == 1,
      EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == signature.count
    else { throw .openSSL(.bug, "cannot sign") }
    return signature
  }
}
