/// What went wrong, why, and what to do about it: the one error type of the project.
///
/// The code is stable: the same word appears on the wire, in logs, in `--json` output and in the documentation. The
/// sentences are for people and may change.
public struct GtachError: Error, Hashable, Sendable {
  /// The stable word for this kind of failure.
  public let code: ErrorCode
  /// What happened, in one sentence without a final full stop: `"cannot read config.json"`.
  public let message: String
  /// Why, as far as known: the system's or the library's own words.
  public let reason: String?
  /// What the operator can do about it.
  public let advice: String?

  /// Makes an error from its code and its sentences.
  public init(_ code: ErrorCode, _ message: String, reason: String? = nil, advice: String? = nil) {
    self.code = code
    self.message = message
    self.reason = reason
    self.advice = advice
  }
}

extension GtachError: CustomStringConvertible {
  /// `message: reason [code]`, on one line, as logs show it.
  public var description: String {
    var text = message
    if let reason { text += ": \(reason)" }
    return "\(text) [\(code.rawValue)]"
  }
}
