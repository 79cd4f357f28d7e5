/// Asks for the bucket digests of the peer's index digest (JSON); answered by one `buckets`.
public struct GetBuckets: Hashable, Sendable {
  /// The request's number, repeated in the answer.
  public let id: UInt32

  /// A request with a number.
  public init(id: UInt32) { self.id = id }
}

extension GetBuckets: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .getBuckets }
}
