import COpenSSL
import GtachModel

/// OpenSSL's own words for what just failed in this thread; empties its queue of errors.
func takeOpenSSLReason() -> String? {
  let code = ERR_peek_last_error()
  ERR_clear_error()
  guard code != 0 else { return nil }
  if let reason = ERR_reason_error_string(code) { return String(cString: reason) }
  return "OpenSSL error \(code)"
}

extension GtachError {
  /// The error of a library call that failed, with OpenSSL's own words as the reason.
  static func openSSL(_ code: ErrorCode, _ message: String, advice: String? = nil) -> GtachError {
    GtachError(code, message, reason: takeOpenSSLReason(), advice: advice)
  }
}
