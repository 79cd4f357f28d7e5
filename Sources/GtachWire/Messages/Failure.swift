import GtachModel

/// A request failed, or the whole connection did (JSON).
public struct Failure: Hashable, Sendable {
  /// The request that failed; nil where the connection did, which the sender then closes.
  public let id: UInt32?
  /// The stable word, a raw value of `ErrorCode`; a newer program may send one that this one does not know.
  public let code: String
  /// What happened, for people; never longer than `Limits.failureMessageBytes`, never with control characters.
  public let message: String

  /// Tells a peer of an error: its code and its message. The reason stays here, as it may name this machine's files.
  public init(id: UInt32?, _ error: GtachError) {
    self.init(id: id, code: error.code.rawValue, message: error.message)
  }

  /// A failure from its fields; of the message only as much as may be sent.
  public init(id: UInt32?, code: String, message: String) {
    self.id = id
    self.code = code
    self.message = PeerText.cleaned(message, maximumBytes: Limits.failureMessageBytes)
  }

  /// What the peer said, as an error here. A word that only a newer program knows becomes
  /// `ErrorCode.protocolVersion`.
  public var error: GtachError {
    if let known = ErrorCode(rawValue: code) { return GtachError(known, message, reason: "the peer says so") }
    return GtachError(.protocolVersion, message, reason: "the peer says \"\(code)\", a word of a newer version")
  }
}

extension Failure: JSONMessage {
  /// The type byte of its frames.
  public static var type: MessageType { .failure }

  var flaw: String? {
    let isWord = code.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
    return isWord && (1...Limits.failureCodeBytes).contains(code.utf8.count) ? nil : "code is not a word"
  }

  private enum CodingKeys: String, CodingKey { case id, code, message }

  /// Reads the fields; the message is cut and cleaned as the initialiser does.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      id: try container.decodeIfPresent(UInt32.self, forKey: .id),
      code: try container.decode(String.self, forKey: .code),
      message: try container.decode(String.self, forKey: .message))
  }
}
