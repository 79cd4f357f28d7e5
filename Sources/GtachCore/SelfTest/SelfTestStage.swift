import GtachModel

/// Which checks of a self-test are carried out: an update runs some while the service is stopped, which would hold the
/// lines that they read and drive, and the others when it runs again.
public enum SelfTestStage: Hashable, Sendable {
  /// All: nothing is stopped.
  case all
  /// Those that request lines.
  case serviceStopped
  /// Those that look at what runs.
  case serviceRunning

  /// Whether a check belongs to it.
  public func includes(_ check: SelfTestCheck) -> Bool {
    let requestsLines =
      switch check {
      case .loopback, .level, .edges: true
      case .consumer, .path, .tcp, .service, .command: false
      }
    return self == .all || requestsLines == (self == .serviceStopped)
  }
}
