import GtachModel

/// Looks whether a service takes connections.
public enum TCPProbe {
  /// How long to wait after a connection that failed, in milliseconds.
  private static let pauseMilliseconds: Int64 = 100

  /// Connects to an endpoint, and again as long as that fails, and closes the connection.
  ///
  /// - Throws: Why the last try failed, once the deadline is over; `ErrorCode.cancelled`.
  public static func wait(
    for endpoint: Endpoint, deadline: Instant, cancellation: Cancellation?
  ) throws(GtachError) {
    while true {
      do throws(GtachError) {
        _ = try TCPSocket.connect(to: endpoint, deadline: deadline, cancellation: cancellation)
        return
      } catch {
        let next = MonotonicClock.now().advanced(byMilliseconds: pauseMilliseconds)
        guard error.code != .cancelled, next < deadline else { throw error }
        _ = try Readiness.wait(for: nil, until: next, cancellation: cancellation)
      }
    }
  }
}
