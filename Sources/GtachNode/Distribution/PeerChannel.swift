import GtachModel
import GtachSystem
import GtachWire
import Synchronization

/// Whole messages over a TLS connection. One thread receives; any may send, one after the other.
final class PeerChannel: Sendable {
  /// How long a peer may take to hear why it is left, in milliseconds.
  static let goodbyeMilliseconds: Int64 = 1_000
  /// How many bytes of messages are sent together.
  private static let jointBytes = 64 << 10

  private let connection: TLSConnection
  private let sending = Mutex(())
  // Touched by the one thread that receives.
  private nonisolated(unsafe) var decoder: FrameDecoder

  init(_ connection: TLSConnection, stream: MessageStream? = nil) {
    self.connection = connection
    decoder = FrameDecoder(for: stream)
  }

  /// Who is at the other end, by the key of its certificate; nil where it showed none.
  var peer: NodeID? {
    connection.peerPublicKey.isEmpty ? nil : NodeID(publicKey: connection.peerPublicKey, hashing: SHA256())
  }
  /// The name in its certificate.
  var peerName: String { connection.peerName }
  /// Where it is.
  var endpoint: Endpoint { connection.remoteEndpoint }

  /// Sends a message.
  ///
  /// - Throws: `ErrorCode.peerTimeout` where it does not take it in time, `peerClosed`, `cancelled`.
  func send(_ message: Message, deadline: Instant) throws(GtachError) {
    try send(message.encoded(), deadline: deadline)
  }

  private func send(_ bytes: [UInt8], deadline: Instant) throws(GtachError) {
    let result = sending.withLock { _ -> Result<Void, GtachError> in
      do throws(GtachError) {
        try connection.send(bytes, deadline: deadline)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    try result.get()
  }

  /// Sends a message within the time that a frame may take.
  func send(_ message: Message) throws(GtachError) { try send(message.encoded()) }

  /// Sends messages one after the other, short ones together: each sending costs a TLS record of its own, of 22 bytes.
  ///
  /// - Throws: As the other `send`.
  func send(_ messages: [Message]) throws(GtachError) {
    var bytes: [UInt8] = []
    for message in messages {
      let next = message.encoded()
      if !bytes.isEmpty, bytes.count + next.count > Self.jointBytes {
        try send(bytes)
        bytes = []
      }
      bytes += next
    }
    try send(bytes)
  }

  /// Sends whole frames within the time that a frame may take.
  private func send(_ frames: [UInt8]) throws(GtachError) {
    try send(frames, deadline: MonotonicClock.now().advanced(byMilliseconds: Limits.frameMilliseconds))
  }

  /// The next message. An extension that is not known is passed over.
  ///
  /// - Parameter deadline: until when its first byte must be here; from then on it has `Limits.frameMilliseconds`.
  /// - Returns: nil where the peer closed in good order, between two messages.
  /// - Throws: `ErrorCode.peerTimeout`; whatever the decoder throws; `cancelled`.
  func receive(deadline: Instant) throws(GtachError) -> Message? {
    var deadline = deadline
    var isInFrame = decoder.bufferedBytes > 0
    while true {
      while let frame = try decoder.next() {
        let message = try Message(frame: frame)
        if case .unknown = message { continue }
        return message
      }
      if !isInFrame, decoder.bufferedBytes > 0 {
        isInFrame = true
        deadline = MonotonicClock.now().advanced(byMilliseconds: Limits.frameMilliseconds)
      }
      let bytes = try connection.receive(maximum: 64 << 10, deadline: deadline)
      if bytes.isEmpty {
        try decoder.finish()
        return nil
      }
      decoder.push(bytes)
    }
  }

  /// Tells the peer why, where that helps, and closes.
  func close(telling error: GtachError?) {
    let patience = MonotonicClock.now().advanced(byMilliseconds: Self.goodbyeMilliseconds)
    guard let error, error.code != .peerClosed, error.code != .peerTimeout, error.code != .cancelled else {
      connection.close()
      return
    }
    // The connection ends whether the peer hears the reason or not.
    try? send(.failure(Failure(id: nil, error)), deadline: patience)
    connection.close(lingering: patience)
  }
}
