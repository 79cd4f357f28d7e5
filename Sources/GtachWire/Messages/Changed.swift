/// What holds at the sender now (JSON): it differs from what `watch` said, or is the same after
/// `Limits.watchMilliseconds` as a sign of life.
public struct Changed: Hashable, Sendable {
  /// The request that it answers.
  public let id: UInt32
  /// The root of the sender's index digest.
  public let indexRoot: ShortDigest
  /// The version of the sender's TUF timestamp; 0 where it has none.
  public let metadataVersion: Int

  /// An answer from its fields.
  public init(id: UInt32, indexRoot: ShortDigest, metadataVersion: Int) {
    self.id = id
    self.indexRoot = indexRoot
    self.metadataVersion = metadataVersion
  }
}

extension Changed: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .changed }

  var flaw: String? {
    (0...Limits.integer).contains(metadataVersion) ? nil : "metadataVersion is out of range"
  }
}
