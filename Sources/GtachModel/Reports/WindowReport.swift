/// When a machine installs by itself, as `gtach status` shows it.
public struct WindowReport: Hashable, Sendable, Codable {
  /// Whether it may now.
  public enum State: String, Hashable, Sendable, Codable {
    /// A window is open.
    case open
    /// None is.
    case closed
    /// The clock is not synchronised: the windows do not hold.
    case ignored
  }

  /// The windows, `HH:MM-HH:MM` in local time.
  public var windows: [String]
  /// Whether it may now.
  public var state: State
  /// When that changes, `HH:MM` in local time; nil where the windows do not hold.
  public var until: String?

  /// What windows say of a time.
  public init(_ windows: InstallWindows, at time: LocalTime) {
    self.windows = windows.windows.map(\.description)
    func text(after seconds: Int) -> String { InstallWindows.Window.text((time.secondsOfDay + seconds) / 60) }
    switch windows.state(at: time) {
    case .inside(let seconds): (state, until) = (.open, text(after: seconds))
    case .outside(let seconds): (state, until) = (.closed, text(after: seconds))
    case .ignored: (state, until) = (.ignored, nil)
    }
  }
}
