/// SHA-256, done by whoever may call a C library; decisions that need it take one of these.
public protocol Hashing: Sendable {
  /// The SHA-256 of the bytes.
  func digest(of bytes: ArraySlice<UInt8>) -> Digest
}

extension Hashing {
  /// The SHA-256 of the bytes.
  public func digest(of bytes: [UInt8]) -> Digest { digest(of: bytes[...]) }
}

/// Ed25519 signature checks (RFC 8032).
public protocol SignatureChecking: Sendable {
  /// Whether the 64-byte signature over the message was made by the owner of the 32-byte public key. Anything of
  /// another length is not a valid signature.
  func isValid(signature: [UInt8], over message: [UInt8], publicKey: [UInt8]) -> Bool
}

/// An Ed25519 private key that can sign (RFC 8032).
public protocol Signing: Sendable {
  /// The 32 bytes of the public key.
  var publicKey: [UInt8] { get }
  /// The 64-byte signature over the message.
  ///
  /// - Throws: `ErrorCode.bug` if the library refuses the key.
  func sign(_ message: [UInt8]) throws(GtachError) -> [UInt8]
}
