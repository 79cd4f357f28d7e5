import COpenSSL
import GtachModel

/// From OpenSSL's errors to ours.
enum TLSFailure {
  /// The error of the call that has just failed in this thread; empties OpenSSL's queue of errors.
  ///
  /// - Parameter established: Whether this side has completed its handshake. Even then the peer may still refuse our
  ///   certificate: in TLS 1.3 its verdict comes with the first bytes that are read.
  static func error(remote: Endpoint, established: Bool) -> GtachError {
    if gtach_error_is_unexpected_end() == 1 {
      ERR_clear_error()
      return GtachError(
        .peerClosed, "\(remote) broke the connection off", reason: "it ended without a TLS close_notify")
    }
    let reason = gtach_error_reason()
    let alert = Int(reason) - alertReasonOffset
    if established, !identityAlerts.contains(alert) {
      return .openSSL(.protocolViolation, "\(remote) does not keep to TLS")
    }
    let message =
      alert > 0 && alert <= 255 ? "\(remote) refuses this node" : "\(remote) is not trusted"
    return .openSSL(.peerUntrusted, message, advice: advice)
  }

  /// The error of a handshake that went well with somebody whom we do not want.
  static func untrusted(_ remote: Endpoint, reason: String) -> GtachError {
    GtachError(.peerUntrusted, "\(remote) is not trusted", reason: reason, advice: advice)
  }

  private static let advice = "check that both nodes belong to the same fleet and run the same gtach"

  /// OpenSSL's reason for an alert that the peer sent is the alert's number plus this (SSL_AD_REASON_OFFSET).
  private static let alertReasonOffset = 1000

  /// The alerts of RFC 8446, 6.2, by which a peer says that it does not want us: handshake_failure, the six about
  /// certificates, unknown_ca, access_denied, decrypt_error, protocol_version, certificate_required and
  /// no_application_protocol.
  private static let identityAlerts: Set<Int> = [40, 42, 43, 44, 45, 46, 48, 49, 51, 70, 116, 120]
}
