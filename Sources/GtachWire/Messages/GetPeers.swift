/// Asks whom the peer has met (JSON, an extension); answered by one `peers`, or not at all by who does not know it.
public struct GetPeers: Hashable, Sendable {
  /// The request's number, repeated in the answer.
  public let id: UInt32

  /// A request with a number.
  public init(id: UInt32) { self.id = id }
}

extension GetPeers: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .getPeers }
}
