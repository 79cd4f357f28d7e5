#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// systemd, as systemctl(1) reaches it.
public struct Systemd: ServiceControl {
  /// How long systemd may take to answer where it has nothing to wait for, in seconds.
  static let answerTimeoutSeconds: Int64 = 60
  private static let maximumOutputBytes = 16 << 10

  private let cancellation: Cancellation?

  /// The machine's own.
  ///
  /// - Parameter cancellation: What ends a wait early.
  public init(cancellation: Cancellation? = nil) { self.cancellation = cancellation }

  /// Where a user's own systemd has its sockets: XDG_RUNTIME_DIR, or what pam_systemd(8) would set it to.
  public static var runtimeDirectory: String { Console.environment("XDG_RUNTIME_DIR") ?? "/run/user/\(getuid())" }

  /// Has systemd read its unit files again.
  public func reload(_ manager: ServiceManager) throws(GtachError) {
    let (status, output) = try systemctl(manager, ["daemon-reload"])
    guard status == .status(0) else { throw Self.unavailable("does not read its unit files again", output) }
  }

  /// Starts a service, whatever it has gone through: that it was started too often before is forgotten.
  public func start(_ service: ServiceID, deadline: Instant) throws(GtachError) {
    // Fails where nothing is to be forgotten, which the start will tell better.
    _ = try systemctl(service.manager, ["reset-failed", "--", service.name])
    let (status, output) = try systemctl(service.manager, ["start", "--", service.name], deadline: deadline)
    if status == .status(0) { return }
    let state = try self.status(of: service)
    guard status != .timedOut else {
      throw GtachError(.serviceFailed, "\(service.name) did not start in time", reason: "it is \(state.summary)")
    }
    throw GtachError(
      .serviceFailed, "\(service.name) does not start", reason: "it is \(state.summary)",
      advice: state.load == "loaded" ? "see \(Self.logCommand(service))" : output)
  }

  /// Stops a service.
  public func stop(_ service: ServiceID, deadline: Instant) throws(GtachError) {
    let (_, output) = try systemctl(service.manager, ["stop", "--", service.name], deadline: deadline)
    let state = try status(of: service)
    guard ["inactive", "failed"].contains(state.activity) else {
      throw GtachError(
        .serviceFailed, "\(service.name) does not stop", reason: "it is \(state.summary)", advice: output)
    }
  }

  /// How a service is.
  public func status(of service: ServiceID) throws(GtachError) -> ServiceStatus {
    let (status, output) = try systemctl(
      service.manager,
      ["show", "--property=\(ServiceStatus.properties.joined(separator: ","))", "--", service.name])
    guard status == .status(0), let output else {
      throw Self.unavailable("does not say how \(service.name) is", output)
    }
    return try ServiceStatus(properties: output)
  }

  private static func logCommand(_ service: ServiceID) -> String {
    "journalctl \(service.manager == .systemdUser ? "--user " : "")-u \(service.name)"
  }

  private static func unavailable(_ what: String, _ output: String?) -> GtachError {
    GtachError(.serviceUnavailable, "systemd \(what)", reason: output)
  }

  /// Runs systemctl, without a shell and without a question to a terminal.
  private func systemctl(
    _ manager: ServiceManager, _ arguments: [String], deadline: Instant? = nil
  ) throws(GtachError) -> (exit: ChildProcess.Exit, output: String?) {
    var environment = ["PATH": ChildProcess.searchPath, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"]
    if manager == .systemdUser {
      environment["XDG_RUNTIME_DIR"] = Self.runtimeDirectory
      environment["DBUS_SESSION_BUS_ADDRESS"] = Console.environment("DBUS_SESSION_BUS_ADDRESS")
    }
    let scope = manager == .systemdUser ? ["--user"] : ["--system"]
    let limit = MonotonicClock.now().advanced(byMilliseconds: Self.answerTimeoutSeconds * 1000)
    let completion: ChildProcess.Completion
    do throws(GtachError) {
      completion = try ChildProcess.run(
        executable: "/usr/bin/systemctl", arguments: scope + ["--no-pager", "--no-ask-password"] + arguments,
        environment: environment, directory: "/", deadline: deadline ?? limit,
        maximumOutputBytes: Self.maximumOutputBytes, cancellation: cancellation)
    } catch {
      if error.code == .cancelled || error.code == .busy { throw error }
      throw GtachError(.serviceUnavailable, "systemd cannot be asked", reason: "\(error)")
    }
    let text = String(decoding: completion.output, as: UTF8.self)
    let end = text.lastIndex { !$0.isWhitespace }.map { String(text[...$0]) }
    return (completion.exit, end)
  }
}
