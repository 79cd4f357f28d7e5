#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import COpenSSL
import GtachModel

/// A file of the secrets of TLS connections, as Wireshark reads it (NSS Key Log Format): for who looks at a captured
/// session, and nobody else. Whoever has it can read all that those connections carried.
public final class TLSKeyLog: @unchecked Sendable {
  private let path: String
  private let descriptor: Descriptor
  // The two below are touched only under the lock.
  private let lock = Monitor()
  private var failure: GtachError?

  /// Opens the file, or makes it; what is there stays.
  ///
  /// - Throws: `ErrorCode.notPermitted` where others could read it, or it is no file; `ErrorCode.inputOutput`,
  ///   `ErrorCode.notFound`, `ErrorCode.diskFull` where it cannot be made.
  public init(path: String) throws(GtachError) {
    let number = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
    guard number >= 0 else { throw FileSystem.failure("cannot write TLS keys to \(path)", errno) }
    descriptor = Descriptor(owning: number)
    self.path = path
    let status = try FileSystem.status(of: descriptor, path: path)
    guard status.kind == .file, status.permissions & 0o077 == 0 else {
      throw GtachError(
        .notPermitted, "TLS keys are not written to \(path)",
        reason: status.kind == .file ? "others may read it" : "it is no file", advice: "name a file that is not there")
    }
  }

  /// Adds a line. OpenSSL's callback cannot report anything, so a failure waits for `check`.
  func append(_ line: UnsafePointer<CChar>) {
    let bytes = UnsafeRawBufferPointer(start: line, count: strlen(line)) + [UInt8(ascii: "\n")]
    lock.withLock {
      guard failure == nil else { return }
      do throws(GtachError) {
        try FileSystem.writeFully(bytes[...], to: descriptor, path: path)
      } catch {
        failure = error
      }
    }
  }

  /// Throws what has kept a line from being written: half a log would make a session look broken.
  func check() throws(GtachError) {
    try lock.withLock { () throws(GtachError) in if let failure { throw failure } }
  }
}

/// Which slot of a context holds its key log, not retained: the one that the library keeps for applications.
let keyLogSlot: Int32 = 0

/// What OpenSSL calls with each line, within the handshake and on its thread.
func appendToKeyLog(connection: OpaquePointer?, line: UnsafePointer<CChar>?) {
  guard let connection, let line, let log = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), keyLogSlot) else { return }
  // The session holds the context, and that holds the log.
  Unmanaged<TLSKeyLog>.fromOpaque(log).takeUnretainedValue().append(line)
}
