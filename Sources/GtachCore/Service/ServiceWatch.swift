import GtachModel

/// Looks whether a service is active for so long, without having been started again meanwhile.
public struct ServiceWatch: Sendable {
  /// What is to be thought of it.
  public enum Verdict: Hashable, Sendable {
    /// It runs and is not there yet: look again then.
    case lookAgain(at: Instant)
    /// It ran for so long.
    case stable
    /// It did not, and will not.
    case unstable(reason: String)
  }

  /// How often it is looked, in milliseconds: whatever happens in between is still seen in the number of restarts.
  static let intervalMilliseconds: Int64 = 1000
  /// How long it may take to become active at all, in seconds, beside the time for which it has to be.
  static let graceSeconds = 30

  private let stableMilliseconds: Int64
  private let isFresh: Bool
  private var first: (status: ServiceStatus, at: Instant)?

  /// A watch of which nothing was seen yet.
  ///
  /// - Parameters:
  ///   - stableSeconds: How long it has to be active.
  ///   - isFresh: Whether it was stopped and started just before: whatever restarts there were, there were since then.
  public init(stableSeconds: Int, isFresh: Bool) {
    stableMilliseconds = Int64(stableSeconds) * 1000
    self.isFresh = isFresh
  }

  /// Takes note of how it is now.
  public mutating func take(_ status: ServiceStatus, now: Instant) -> Verdict {
    let start = first ?? (status, now)
    first = start
    let restarts = status.restarts - (isFresh ? 0 : start.status.restarts)
    if restarts > 0 {
      return .unstable(
        reason: "it was started again \(restarts == 1 ? "once" : "\(restarts) times"): it is \(status.summary)")
    }
    // What does its work and ends has done it.
    if status.isOneshot, status.activity == "inactive", status.result == "success" { return .stable }
    let deadline = start.at.advanced(byMilliseconds: stableMilliseconds + Int64(Self.graceSeconds) * 1000)
    switch status.activity {
    case "active":
      if start.status.activity == "active", status.invocation != start.status.invocation {
        return .unstable(reason: "it was started again by somebody")
      }
      let end = (status.activeSince ?? start.at).advanced(byMilliseconds: stableMilliseconds)
      if now >= end { return .stable }
      return .lookAgain(at: min(end, now.advanced(byMilliseconds: Self.intervalMilliseconds)))
    case "activating" where status.detail != "auto-restart", "reloading", "refreshing":
      guard now < deadline else { return .unstable(reason: "it is \(status.summary) all the time") }
      return .lookAgain(at: now.advanced(byMilliseconds: Self.intervalMilliseconds))
    default: return .unstable(reason: "it is \(status.summary)")
    }
  }
}
