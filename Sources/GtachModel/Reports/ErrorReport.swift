/// An error as `--json`, the control socket and the wire show it.
public struct ErrorReport: Hashable, Sendable, Codable {
  /// The stable word, a raw value of `ErrorCode`; a newer program may send one that this one does not know.
  public var code: String
  /// What happened.
  public var message: String
  /// Why.
  public var reason: String?
  /// What to do.
  public var advice: String?

  /// Reports an error.
  public init(_ error: GtachError) {
    code = error.code.rawValue
    message = error.message
    reason = error.reason
    advice = error.advice
  }

  /// The error that was reported; `ErrorCode.bug` for a word that this program does not know.
  public var error: GtachError {
    GtachError(ErrorCode(rawValue: code) ?? .bug, message, reason: reason, advice: advice)
  }
}
