/// Who runs services on a machine, and for whom.
public enum ServiceManager: String, Hashable, Sendable, Codable, CaseIterable {
  /// systemd, for the system.
  case systemd
  /// systemd, for one user.
  case systemdUser = "systemd-user"
}

/// A service that a manager knows.
public struct ServiceID: Hashable, Sendable, Codable {
  /// Who runs it.
  public var manager: ServiceManager
  /// The name of its unit: `gtach-app.service`.
  public var name: String

  /// A service from its fields.
  public init(manager: ServiceManager, name: String) {
    self.manager = manager
    self.name = name
  }
}

/// What a manager says of a service.
public struct ServiceStatus: Hashable, Sendable {
  /// `loaded`, `not-found`, `masked`, `bad-setting` or `error`.
  public var load: String
  /// `active`, `reloading`, `activating`, `deactivating`, `inactive` or `failed`.
  public var activity: String
  /// What it does more exactly: `running`, `exited`, `auto-restart`.
  public var detail: String
  /// Why it ended the last time: `success`, `exit-code`, `signal`, `timeout`.
  public var result: String
  /// The exit status of its main process, or the signal that ended it.
  public var exitStatus: String
  /// How often it was started again by itself since somebody started it.
  public var restarts: Int
  /// Whether it is one that does its work and ends.
  public var isOneshot: Bool
  /// What this life of it is called; another one has another name.
  public var invocation: String
  /// When it became active, on the clock of `Instant`; nil where it is not.
  public var activeSince: Instant?
  /// The file that its unit was read from; nil where there is none.
  public var unitFile: String?

  /// A status from its fields.
  public init(
    load: String = "loaded", activity: String, detail: String = "", result: String = "success",
    exitStatus: String = "", restarts: Int = 0, isOneshot: Bool = false, invocation: String = "",
    activeSince: Instant? = nil, unitFile: String? = nil
  ) {
    self.load = load
    self.activity = activity
    self.detail = detail
    self.result = result
    self.exitStatus = exitStatus
    self.restarts = restarts
    self.isOneshot = isOneshot
    self.invocation = invocation
    self.activeSince = activeSince
    self.unitFile = unitFile
  }

  /// What `systemctl show` is asked for.
  public static let properties = [
    "LoadState", "ActiveState", "SubState", "Result", "ExecMainStatus", "NRestarts", "Type", "InvocationID",
    "ActiveEnterTimestampMonotonic", "FragmentPath",
  ]

  /// Reads what `systemctl show` printed: a property a line, `NAME=VALUE`, in any order.
  ///
  /// - Throws: `ErrorCode.serviceUnavailable` where that is not the state of a service.
  public init(properties text: String) throws(GtachError) {
    var values: [Substring: Substring] = [:]
    for line in text.split(separator: "\n") {
      guard let sign = line.firstIndex(of: "=") else { continue }
      values[line[..<sign]] = line[line.index(after: sign)...]
    }
    guard let load = values["LoadState"], let activity = values["ActiveState"], !activity.isEmpty else {
      throw GtachError(
        .serviceUnavailable, "systemctl does not say how a service is", reason: "it said \"\(text.prefix(200))\"")
    }
    func value(_ name: Substring) -> String { values[name].map(String.init) ?? "" }
    let entered = Int64(value("ActiveEnterTimestampMonotonic")) ?? 0
    self.init(
      load: String(load), activity: String(activity), detail: value("SubState"), result: value("Result"),
      exitStatus: value("ExecMainStatus"), restarts: Int(value("NRestarts")) ?? 0,
      isOneshot: value("Type") == "oneshot",
      invocation: value("InvocationID"),
      activeSince: activity == "active" && entered > 0 ? Instant(milliseconds: entered / 1000) : nil,
      unitFile: value("FragmentPath").isEmpty ? nil : value("FragmentPath"))
  }

  /// Whether it runs, or is about to: whoever left it so wants it to.
  public var isRunning: Bool { ["active", "activating", "reloading", "refreshing"].contains(activity) }

  /// How it is, for people: `failed (exit-code, status 3)`.
  public var summary: String {
    if load != "loaded", load != "not-found" { return load }
    let ending = [
      result == "success" ? "" : result, exitStatus.isEmpty || exitStatus == "0" ? "" : "status \(exitStatus)",
    ]
    let reasons = ending.filter { !$0.isEmpty }
    let state = detail.isEmpty || detail == activity ? activity : "\(activity) (\(detail))"
    if activity == "active" || reasons.isEmpty { return state }
    return "\(activity) (\(reasons.joined(separator: ", ")))"
  }
}

/// What an update wants of the manager of services.
public protocol ServiceControl: Sendable {
  /// Has it read its unit files again.
  ///
  /// - Throws: `ErrorCode.serviceUnavailable` where it does not answer; `ErrorCode.cancelled`.
  func reload(_ manager: ServiceManager) throws(GtachError)

  /// Starts a service, and returns when it says that it runs; one that runs already is left alone.
  ///
  /// - Throws: `ErrorCode.serviceFailed` where it does not start until the deadline; as `reload`.
  func start(_ service: ServiceID, deadline: Instant) throws(GtachError)

  /// Stops a service, and returns when nothing of it runs; one that is not there is stopped.
  ///
  /// - Throws: `ErrorCode.serviceFailed` where it still runs at the deadline; as `reload`.
  func stop(_ service: ServiceID, deadline: Instant) throws(GtachError)

  /// How a service is; one that is not there is so, too.
  ///
  /// - Throws: As `reload`.
  func status(of service: ServiceID) throws(GtachError) -> ServiceStatus
}
