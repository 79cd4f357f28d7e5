import COpenSSL
import GtachModel

/// The owner of an OpenSSL key, public or private.
final class KeyObject: @unchecked Sendable {
  // Never changed after its making, and OpenSSL reads it from any thread.
  let pointer: OpaquePointer

  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit { EVP_PKEY_free(pointer) }

  /// The 32 bytes of an Ed25519 public key; nil for a key of another kind.
  static func ed25519PublicKey(of pointer: OpaquePointer?) -> [UInt8]? {
    guard let pointer, EVP_PKEY_get_base_id(pointer) == EVP_PKEY_ED25519 else { return nil }
    var bytes = [UInt8](repeating: 0, count: Ed25519.keyByteCount)
    var count = bytes.count
    guard EVP_PKEY_get_raw_public_key(pointer, &bytes, &count) == 1, count == bytes.count else { return nil }
    return bytes
  }
}

/// What OpenSSL writes into a memory BIO, as text.
///
/// - Parameter write: Writes and returns OpenSSL's 1 for success.
func pemText(_ write: (OpaquePointer) -> Int32) throws(GtachError) -> String {
  guard let memory = BIO_new(BIO_s_mem()) else { throw .openSSL(.bug, "cannot write PEM") }
  defer { BIO_free(memory) }
  guard write(memory) == 1 else { throw .openSSL(.bug, "cannot write PEM") }
  var bytes = [UInt8](repeating: 0, count: BIO_ctrl_pending(memory))
  var count = 0
  guard BIO_read_ex(memory, &bytes, bytes.count, &count) == 1 else { throw .openSSL(.bug, "cannot write PEM") }
  return String(decoding: bytes[..<count], as: UTF8.self)
}

/// Reads PEM of at most 64 KiB.
///
/// - Parameter read: Gets the bytes and their number; nil for what it cannot read.
func readPEM<Result>(
  _ pem: String, _ read: (UnsafePointer<CChar>, Int32) -> Result?
) -> Result? {
  let bytes = pem.utf8.prefix(64 * 1024 + 1).map { CChar(bitPattern: $0) }
  guard bytes.count <= 64 * 1024 else { return nil }
  return bytes.withUnsafeBufferPointer { buffer in
    guard let start = buffer.baseAddress else { return nil }
    return read(start, Int32(buffer.count))
  }
}
