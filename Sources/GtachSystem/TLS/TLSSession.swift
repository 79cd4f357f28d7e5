#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import COpenSSL
import GtachModel

/// One OpenSSL connection over a non-blocking socket: each call is one attempt that never waits.
///
/// An SSL object may not be in two calls at once, so a lock guards it, which nobody holds while waiting: one thread
/// can send while another receives.
final class TLSSession: @unchecked Sendable {
  /// How an attempt ended.
  enum Attempt: Sendable {
    /// That many bytes were moved.
    case done(Int)
    /// Try again once the socket can be read or written.
    case wait(Readiness.Interest)
    /// The peer has said that it sends no more (close_notify).
    case end
  }

  let socket: Descriptor
  let remote: Endpoint
  // Everything below is touched only under the lock.
  private let lock = Monitor()
  private let context: TLSContext
  private let pointer: OpaquePointer
  private var established = false
  private var closed = false
  private var failure: GtachError?

  /// A session before its handshake.
  ///
  /// - Parameter offer: The protocols that a client offers; nil for a server.
  init(
    socket: Descriptor, remote: Endpoint, context: TLSContext, offer: [String]?, joinAllowed: Bool
  ) throws(GtachError) {
    self.socket = socket
    self.remote = remote
    self.context = context
    guard let pointer = SSL_new(context.pointer) else { throw .openSSL(.bug, "cannot set up TLS") }
    self.pointer = pointer
    guard SSL_set_fd(pointer, socket.number) == 1 else { throw .openSSL(.bug, "cannot set up TLS") }
    if let offer {
      let list = ApplicationProtocol.encode(offer)
      // This one returns 0 for success.
      guard SSL_set_alpn_protos(pointer, list, UInt32(list.count)) == 0 else {
        throw .openSSL(.bug, "cannot set up TLS")
      }
      SSL_set_connect_state(pointer)
    } else {
      SSL_set_ex_data(pointer, joinAllowedSlot, joinAllowed ? UnsafeMutableRawPointer(bitPattern: 1) : nil)
      SSL_set_accept_state(pointer)
    }
  }

  deinit { SSL_free(pointer) }

  /// Goes on with the handshake; `.done` once it is complete.
  func handshake() throws(GtachError) -> Attempt {
    let attempt = try attempt { _ in SSL_do_handshake(pointer) }
    if case .done = attempt { try context.keyLog?.check() }
    return attempt
  }

  /// Reads as many bytes as are here, at least one.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(GtachError) -> Attempt {
    try attempt { SSL_read_ex(pointer, buffer.baseAddress, buffer.count, &$0) }
  }

  /// Writes as many bytes as fit, at least one. After `.wait` the next call has to begin with the same bytes.
  func write(_ buffer: UnsafeRawBufferPointer) throws(GtachError) -> Attempt {
    try attempt { SSL_write_ex(pointer, buffer.baseAddress, buffer.count, &$0) }
  }

  /// What the handshake agreed on, nil where the other side chose none of the offered protocols.
  var applicationProtocol: String? {
    lock.withLock {
      var start: UnsafePointer<UInt8>?
      var count: UInt32 = 0
      SSL_get0_alpn_selected(pointer, &start, &count)
      guard let start, count > 0 else { return nil }
      return String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }
  }

  /// The other side's certificate, nil where it showed none.
  ///
  /// - Throws: `ErrorCode.peerUntrusted` for one that is not of gtach's kind.
  func peerCertificate() throws(GtachError) -> Certificate? {
    let object = lock.withLock { SSL_get1_peer_certificate(pointer).map { CertificateObject(owning: $0) } }
    guard let object else { return nil }
    do throws(GtachError) {
      return try Certificate(object: object)
    } catch {
      throw TLSFailure.untrusted(remote, reason: error.message)
    }
  }

  /// Whether the certificate was checked against the authority and found good.
  var peerIsVerified: Bool {
    lock.withLock { SSL_get_verify_mode(pointer) & SSL_VERIFY_PEER != 0 && SSL_get_verify_result(pointer) == 0 }
  }

  /// The certificates that a server sent, its own first. Certificates of other kinds of keys are passed over.
  func peerChain() -> [Certificate] {
    let objects = lock.withLock {
      (0..<gtach_peer_chain_count(pointer)).compactMap { (position) -> CertificateObject? in
        guard let certificate = gtach_peer_chain_certificate(pointer, position), X509_up_ref(certificate) == 1 else {
          return nil
        }
        return CertificateObject(owning: certificate)
      }
    }
    return objects.compactMap { (object) -> Certificate? in
      do throws(GtachError) { return try Certificate(object: object) } catch { return nil }
    }
  }

  /// Makes every later call fail with this error: after half a message there is no way back.
  func fail(with error: GtachError) {
    lock.withLock { if failure == nil { failure = error } }
  }

  /// Tells the peer that nothing more comes, as far as that needs no waiting, and makes every other call fail.
  ///
  /// - Returns: Whether this call was the one that closed it.
  func close() -> Bool {
    lock.withLock {
      guard !closed else { return false }
      closed = true
      ERR_clear_error()
      if failure == nil, established { SSL_shutdown(pointer) }
      ERR_clear_error()
      return true
    }
  }

  private func attempt(_ call: (inout Int) -> Int32) throws(GtachError) -> Attempt {
    try lock.withLock { () throws(GtachError) -> Attempt in
      if closed { throw GtachError(.cancelled, "the connection to \(remote) was closed on this side") }
      if let failure { throw failure }
      var count = 0
      // SSL_get_error looks at the thread's queue of errors, where others may have left theirs.
      ERR_clear_error()
      let result = call(&count)
      let number = errno
      if result == 1 {
        if SSL_is_init_finished(pointer) == 1 { established = true }
        return .done(count)
      }
      switch SSL_get_error(pointer, result) {
      case SSL_ERROR_WANT_READ: return .wait(.reading)
      case SSL_ERROR_WANT_WRITE: return .wait(.writing)
      case SSL_ERROR_ZERO_RETURN: return .end
      case SSL_ERROR_SYSCALL:
        let error = GtachError.system(.peerClosed, "\(remote) broke the connection off", errno: number)
        failure = error
        throw error
      default:
        let error = TLSFailure.error(remote: remote, established: established)
        failure = error
        throw error
      }
    }
  }
}
