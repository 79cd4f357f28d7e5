import COpenSSL
import GtachModel

/// A TLS 1.3 connection (RFC 8446) to another node.
///
/// Two threads may use it at once, one that sends and one that receives; a third may close it. Nothing waits beyond
/// the absolute deadline that it is given, and everything that waits ends at once when the cancellation of the
/// connection comes.
public final class TLSConnection: Sendable {
  /// The other side's address.
  public let remoteEndpoint: Endpoint
  /// The 32 bytes of the other side's Ed25519 key: who it is. Empty for a machine that joins, which has none yet.
  public let peerPublicKey: [UInt8]
  /// The name in the other side's certificate: for people, never identity. Empty for a machine that joins.
  public let peerName: String
  let session: TLSSession
  private let cancellation: Cancellation?

  init(session: TLSSession, peer: Certificate?, cancellation: Cancellation?) {
    self.session = session
    self.cancellation = cancellation
    remoteEndpoint = session.remote
    peerPublicKey = peer?.publicKey ?? []
    peerName = peer?.commonName ?? ""
  }

  deinit { close() }

  /// Sends all the bytes. At most one thread may send at a time.
  ///
  /// After an error the connection is of no more use for sending, as the peer may have got a part of them.
  ///
  /// - Parameter deadline: When the last byte has to be in the kernel's hands; nil waits for good.
  /// - Throws: `ErrorCode.peerTimeout`, `ErrorCode.peerClosed`, `ErrorCode.peerUntrusted` where the peer refuses this
  ///   node, `ErrorCode.protocolViolation`, `ErrorCode.cancelled`.
  public func send(_ bytes: ArraySlice<UInt8>, deadline: Instant?) throws(GtachError) {
    var rest = bytes
    while !rest.isEmpty {
      switch try rest.withUnsafeBytesTyped({ (buffer) throws(GtachError) in try session.write(buffer) }) {
      case .done(let count): rest = rest.dropFirst(count)
      case .wait(let interest):
        do throws(GtachError) {
          try wait(for: interest, deadline: deadline)
        } catch {
          session.fail(with: error)
          throw error
        }
      case .end:
        throw GtachError(.peerClosed, "\(remoteEndpoint) has closed the connection")
      }
    }
  }

  /// Sends all the bytes, as the other `send` does.
  ///
  /// - Throws: As the other `send`.
  public func send(_ bytes: [UInt8], deadline: Instant?) throws(GtachError) {
    try send(bytes[...], deadline: deadline)
  }

  /// Receives at least one byte. At most one thread may receive at a time. A receive that ended at its deadline may be
  /// tried again.
  ///
  /// - Parameters:
  ///   - maximum: How many bytes to take at most; the buffer for them is allocated for each attempt, so 64 KiB is
  ///     better than much more.
  ///   - deadline: When to give up; nil waits for good.
  ///   - progress: Is called when bytes have come, but not a whole record (RFC 8446, 5.1).
  /// - Returns: The bytes, empty once the peer has closed the connection in the proper way.
  /// - Throws: `ErrorCode.peerTimeout`, `ErrorCode.peerClosed` where the connection ended without a goodbye,
  ///   `ErrorCode.peerUntrusted` where the peer refuses this node, `ErrorCode.protocolViolation`,
  ///   `ErrorCode.cancelled`.
  public func receive(
    maximum: Int, deadline: Instant?, progress: () -> Void = {}
  ) throws(GtachError) -> [UInt8] {
    var hasWaited = false
    while true {
      // The buffer lives only as long as an attempt: an idle connection holds none.
      var outcome: Result<TLSSession.Attempt, GtachError> = .success(.end)
      let bytes = [UInt8](unsafeUninitializedCapacity: maximum) { buffer, count in
        outcome = Result { () throws(GtachError) in try self.fill(UnsafeMutableRawBufferPointer(buffer)) }
        if case .success(.done(let filled)) = outcome { count = filled }
      }
      switch try outcome.get() {
      case .done: return bytes
      case .end: return []
      case .wait(let interest):
        if hasWaited { progress() }
        try wait(for: interest, deadline: deadline)
        hasWaited = true
      }
    }
  }

  /// Receives at least one byte into a buffer of the caller's, as the other `receive` does.
  ///
  /// - Returns: How many bytes, 0 once the peer has closed the connection in the proper way.
  /// - Throws: As the other `receive`.
  public func receive(into buffer: UnsafeMutableRawBufferPointer, deadline: Instant?) throws(GtachError) -> Int {
    while true {
      switch try fill(buffer) {
      case .done(let count): return count
      case .end: return 0
      case .wait(let interest): try wait(for: interest, deadline: deadline)
      }
    }
  }

  /// Says goodbye (close_notify), as far as that needs no waiting, and ends the connection; other threads that wait
  /// for it get `ErrorCode.cancelled`. Doing so again changes nothing.
  ///
  /// - Parameter lingering: Until when to let the peer read what was sent and close its side too. Without it, bytes of
  ///   the peer's that nobody has read make the kernel reset the connection, and the peer may miss the last message.
  public func close(lingering: Instant? = nil) {
    guard session.close() else { return }
    session.socket.endConnection(lingering: lingering, cancellation: cancellation)
  }

  /// Takes what is here until the buffer is full: records carry 16 KiB at most.
  private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(GtachError) -> TLSSession.Attempt {
    var filled = 0
    while filled < buffer.count {
      let attempt: TLSSession.Attempt
      do throws(GtachError) {
        attempt = try session.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      } catch {
        // What came before the failure is good; the session repeats the failure on the next call.
        if filled > 0 { return .done(filled) }
        throw error
      }
      guard case .done(let count) = attempt else { return filled > 0 ? .done(filled) : attempt }
      filled += count
    }
    return .done(filled)
  }

  private func wait(for interest: Readiness.Interest, deadline: Instant?) throws(GtachError) {
    guard
      try Readiness.wait(for: (session.socket.number, interest), until: deadline, cancellation: cancellation)
    else { throw GtachError(.peerTimeout, "\(remoteEndpoint) takes too long") }
  }
}

extension ArraySlice<UInt8> {
  /// `withUnsafeBytes` that keeps the type of what the body throws.
  func withUnsafeBytesTyped<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let outcome: Swift.Result<Result, Failure> = withUnsafeBytes { buffer in
      do throws(Failure) { return .success(try body(buffer)) } catch { return .failure(error) }
    }
    return try outcome.get()
  }
}
