/// Asks to be told when the peer's repository or metadata changes (JSON); answered by one `changed`, at once where the
/// peer's state already differs from what the request says.
public struct Watch: Hashable, Sendable {
  /// The request's number, repeated in the answer.
  public let id: UInt32
  /// The root of the peer's index digest as the sender knows it.
  public let indexRoot: ShortDigest
  /// The version of the peer's TUF timestamp as the sender knows it.
  public let metadataVersion: Int

  /// A request from its fields.
  public init(id: UInt32, indexRoot: ShortDigest, metadataVersion: Int) {
    self.id = id
    self.indexRoot = indexRoot
    self.metadataVersion = metadataVersion
  }
}

extension Watch: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .watch }

  var flaw: String? {
    (0...Limits.integer).contains(metadataVersion) ? nil : "metadataVersion is out of range"
  }
}
