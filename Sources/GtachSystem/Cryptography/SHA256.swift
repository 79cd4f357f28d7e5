import COpenSSL
import GtachModel

/// SHA-256 (FIPS 180-4) of bytes that are all here.
public struct SHA256: Hashing {
  /// The one and only SHA-256.
  public init() {}

  /// The SHA-256 of the bytes.
  public func digest(of bytes: ArraySlice<UInt8>) -> Digest {
    bytes.withUnsafeBytes { Self.digest(of: $0) }
  }

  /// The SHA-256 of the bytes.
  public static func digest(of bytes: UnsafeRawBufferPointer) -> Digest {
    var result = [UInt8](repeating: 0, count: Digest.byteCount)
    guard EVP_Digest(bytes.baseAddress, bytes.count, &result, nil, algorithm.pointer, nil) == 1,
      let digest = Digest(result)
    else { preconditionFailure("OpenSSL cannot compute a SHA-256: \(takeOpenSSLReason() ?? "no reason given")") }
    return digest
  }

  /// Fetched once: looking an algorithm up costs more than hashing a small message.
  fileprivate static let algorithm = Algorithm()

  fileprivate final class Algorithm: @unchecked Sendable {
    // Immutable after its making, and EVP_MD is safe to share between threads.
    let pointer: OpaquePointer

    init() {
      guard let pointer = EVP_MD_fetch(nil, "SHA256", nil) else {
        preconditionFailure("this OpenSSL has no SHA-256: \(takeOpenSSLReason() ?? "no reason given")")
      }
      self.pointer = pointer
    }
  }
}

/// SHA-256 of bytes that come piece by piece. For one thread at a time.
public final class SHA256Stream {
  private let context: OpaquePointer

  /// The digest of no bytes so far.
  public init() {
    guard let context = EVP_MD_CTX_new() else { preconditionFailure("out of memory") }
    self.context = context
    restart()
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Appends bytes.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
      preconditionFailure("OpenSSL cannot compute a SHA-256: \(takeOpenSSLReason() ?? "no reason given")")
    }
  }

  /// Appends bytes.
  public func update(_ bytes: ArraySlice<UInt8>) { bytes.withUnsafeBytes { update($0) } }

  /// Appends bytes.
  public func update(_ bytes: [UInt8]) { update(bytes[...]) }

  /// The digest of everything appended since the start or the last `finish()`; the next bytes begin a new message.
  public func finish() -> Digest {
    var result = [UInt8](repeating: 0, count: Digest.byteCount)
    guard EVP_DigestFinal_ex(context, &result, nil) == 1, let digest = Digest(result) else {
      preconditionFailure("OpenSSL cannot compute a SHA-256: \(takeOpenSSLReason() ?? "no reason given")")
    }
    restart()
    return digest
  }

  private func restart() {
    guard EVP_DigestInit_ex2(context, SHA256.algorithm.pointer, nil) == 1 else {
      preconditionFailure("OpenSSL cannot compute a SHA-256: \(takeOpenSSLReason() ?? "no reason given")")
    }
  }
}
