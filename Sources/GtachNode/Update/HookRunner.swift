import GtachCore
import GtachModel
import GtachSystem

/// Runs the hooks of releases. It obeys an `UpdateMachine` and decides nothing.
struct HookRunner: Sendable {
  /// How much of a hook's output is kept, in bytes.
  static let maximumOutputBytes = 4096

  let limit: StepLimit

  /// Runs a program of a release.
  ///
  /// - Returns: What it said, and where it did not end well `ErrorCode.hookFailed`.
  /// - Throws: `ErrorCode.hookFailed` where it could not be run; `ErrorCode.cancelled`; `ErrorCode.busy` where the
  ///   system has no room for it.
  func run(_ hook: UpdateHook) throws(GtachError) -> (report: HookReport, error: GtachError?) {
    let start = MonotonicClock.now()
    let what = "the \(hook.kind.rawValue) hook of \(hook.release) failed"
    let completion: ChildProcess.Completion
    do throws(GtachError) {
      completion = try ChildProcess.run(
        executable: hook.path, arguments: [],
        environment: hook.environment.merging(["PATH": ChildProcess.searchPath]) { own, _ in own },
        directory: hook.directory,
        deadline: limit.deadline(seconds: Int64(hook.timeoutSeconds)),
        maximumOutputBytes: Self.maximumOutputBytes, cancellation: limit.cancellation)
    } catch {
      if error.code == .cancelled || error.code == .busy { throw error }
      throw GtachError(
        .hookFailed, what, reason: [error.message, error.reason].compactMap { $0 }.joined(separator: ": "),
        advice: error.advice)
    }
    let report = HookReport(
      release: hook.release.description, hook: hook.kind.rawValue,
      output: String(decoding: completion.output, as: UTF8.self),
      milliseconds: Int(MonotonicClock.now().milliseconds - start.milliseconds))
    let ending: String
    switch completion.exit {
    case .status(0): return (report, nil)
    case .status(let status): ending = "it exited with \(status)"
    case .signal(let number): ending = "signal \(number) ended it"
    case .timedOut: ending = "it was ended after \(report.milliseconds / 1000) s"
    }
    return (report, GtachError(.hookFailed, what, reason: ending + lastWords(report.output)))
  }

  // What a program says last is mostly why it failed.
  private func lastWords(_ output: String) -> String {
    let lines = output.split(whereSeparator: \.isNewline)
    guard let last = lines.last(where: { !$0.allSatisfy(\.isWhitespace) }) else { return "" }
    return ": \(last.suffix(200))"
  }
}

extension InstallMachine {
  /// The machine that this runs on.
  ///
  /// - Parameters:
  ///   - allowMock: Whether a self-test on simulated GPIO lines may commit an update.
  ///   - circumstances: The part of the configuration that decides about self-tests, in any words.
  ///   - keepInstalled: How many releases of a package stay beside the active one.
  ///   - variables: Its own values of the variables in configuration templates.
  ///   - services: Whether the services of releases are installed, and where.
  public static func this(
    allowMock: Bool, circumstances: String = "", keepInstalled: Int = NodeConfiguration.defaultKeepInstalled,
    variables: TemplateVariables<PackageName>? = nil, services: ServiceSupport = .off
  ) -> InstallMachine {
    InstallMachine(
      platform: Machine.platform, model: Machine.model, allowMock: allowMock, circumstances: circumstances,
      keepInstalled: keepInstalled, variables: variables, services: services)
  }
}
