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
  /// The most that a TLS record carries (RFC 8446, 5.1). Each costs 22 bytes beside that.
  private static let recordBytes = 16 << 10

  private let connection: TLSConnection
  /// What waits to be sent.
  private let sending = Mutex<[UInt8]>([])
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
    try send([message], deadline: deadline, holdingBack: 0)
  }

  /// Sends a message within the time that a frame may take.
  func send(_ message: Message) throws(GtachError) {
    try send(message, deadline: MonotonicClock.now().advanced(byMilliseconds: Limits.frameMilliseconds))
  }

  /// Sends messages one after the other, and holds back what may share a TLS record with others that follow, until
  /// something is sent otherwise or all is flushed.
  ///
  /// - Throws: As the other `send`.
  func enqueue(_ messages: [Message]) throws(GtachError) {
    for message in messages {
      let deadline = MonotonicClock.now().advanced(byMilliseconds: Limits.frameMilliseconds)
      try send([message], deadline: deadline, holdingBack: Self.jointBytes)
    }
  }

  /// Sends what is held back.
  ///
  /// - Throws: As `send`.
  func flush() throws(GtachError) {
    let deadline = MonotonicClock.now().advanced(byMilliseconds: Limits.frameMilliseconds)
    try send([], deadline: deadline, holdingBack: 0)
  }

  /// - Parameter limit: How much may be held back.
  private func send(_ messages: [Message], deadline: Instant, holdingBack limit: Int) throws(GtachError) {
    let frames = messages.map { $0.encoded() }
    let result = sending.withLock { waiting -> Result<Void, GtachError> in
      for frame in frames { waiting += frame }
      guard !waiting.isEmpty, waiting.count > limit else { return .success(()) }
      let count = limit == 0 ? waiting.count : waiting.count / Self.recordBytes * Self.recordBytes
      do throws(GtachError) {
        try connection.send(waiting[..<count], deadline: deadline)
        waiting.removeFirst(count)
        return .success(())
      } catch {
        waiting = []
        return .failure(error)
      }
    }
    try result.get()
  }

  /// The next message. An extension that is not known is passed over.
  ///
  /// - Parameters:
  ///   - deadline: until when its first byte must be here; from then on it has `Limits.frameMilliseconds`.
  ///   - flushing: Whether to send what is held back before waiting for the peer. Not where another thread sends: the
  ///     peer may read nothing before this side does.
  ///   - progress: Is called when bytes have come, but not a whole message.
  /// - Returns: nil where the peer closed in good order, between two messages.
  /// - Throws: `ErrorCode.peerTimeout`; whatever the decoder throws; `cancelled`.
  func receive(
    deadline: Instant, flushing: Bool = false, progress: () -> Void = {}
  ) throws(GtachError) -> Message? {
    var deadline = deadline
    var hasReceived = false
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
      if flushing { try flush() }
      if hasReceived { progress() }
      let bytes = try connection.receive(maximum: 64 << 10, deadline: deadline, progress: progress)
      hasReceived = true
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
