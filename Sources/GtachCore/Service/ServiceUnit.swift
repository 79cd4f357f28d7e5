import GtachModel

/// A unit file of a service that systemd would start: systemd.service(5).
public struct ServiceUnit: Sendable {
  /// A command of the service, and where it stands.
  public struct Command: Hashable, Sendable {
    /// The key that it is assigned to: `ExecStart`.
    public let key: String
    /// The line that the assignment begins in.
    public let line: Int
    /// The command.
    public let command: UnitCommand
  }

  /// All commands of the service, those to start it first.
  public let commands: [Command]
  private let unit: UnitFile

  /// Checks a unit file.
  ///
  /// - Throws: `ErrorCode.descriptionInvalid` with the line, or with what is missing.
  public init(_ unit: UnitFile) throws(GtachError) {
    self.unit = unit
    func fail(_ reason: String, advice: String? = nil) -> GtachError {
      GtachError(.descriptionInvalid, "\(unit.path) is no service", reason: reason, advice: advice)
    }
    guard unit.hasSection("Service") else { throw fail("it has no section [Service]") }
    var commands: [Command] = []
    for key in Self.commandKeys {
      for assignment in unit.assignments(key, in: "Service") {
        do throws(UnitCommand.Flaw) {
          commands += try UnitCommand.commands(in: assignment.value).map {
            Command(key: key, line: assignment.line, command: $0)
          }
        } catch {
          throw unit.flaw(line: assignment.line, "\(key): \(error.reason)")
        }
      }
    }
    self.commands = commands
    try checkWords()
    try checkKind(starting: commands.filter { $0.key == "ExecStart" }, fail)
  }

  /// Checks values of which systemd would pass over a wrong one, and run the service otherwise than was meant.
  private func checkWords() throws(GtachError) {
    for restart in unit.assignments("Restart", in: "Service") where !Self.restarts.contains(restart.value) {
      throw unit.flaw(
        line: restart.line, "there is no \"\(restart.value)\" for Restart=",
        advice: "known are \(Self.restarts.joined(separator: ", "))")
    }
    for environment in unit.assignments("Environment", in: "Service") {
      do throws(UnitCommand.Flaw) {
        var words = UnitWords(environment.value)
        while try words.next() != nil {}
      } catch {
        throw unit.flaw(line: environment.line, "Environment: \(error.reason)")
      }
    }
  }

  // What systemd refuses to load: a service without anything to do, or with several things at once.
  private func checkKind(
    starting: [Command], _ fail: (_ reason: String, _ advice: String?) -> GtachError
  ) throws(GtachError) {
    let type = unit.assignments("Type", in: "Service").last
    if let type, !Self.types.contains(type.value) {
      throw unit.flaw(
        line: type.line, "there is no type of service \"\(type.value)\"",
        advice: "known are \(Self.types.joined(separator: ", "))")
    }
    if type?.value == "oneshot" {
      let stops = commands.contains { $0.key == "ExecStop" }
      let remains = unit.assignments("RemainAfterExit", in: "Service").last
        .map { ["1", "yes", "y", "true", "t", "on"].contains($0.value.lowercased()) }
      let succeeds = unit.assignments("SuccessAction", in: "Unit").last.map { $0.value != "none" }
      guard !starting.isEmpty || succeeds == true || (stops && remains == true) else {
        throw fail(
          "it has no ExecStart=",
          "without one, Type=oneshot needs ExecStop= with RemainAfterExit=yes, or SuccessAction=")
      }
      return
    }
    guard !starting.isEmpty else { throw fail("it has no ExecStart=", "only Type=oneshot may do without") }
    if starting.count > 1 {
      throw unit.flaw(
        line: starting[1].line, "there is another ExecStart= before it, and only Type=oneshot may have several",
        advice: "an empty ExecStart= takes back those before it")
    }
    if type?.value == "dbus", unit.assignments("BusName", in: "Service").isEmpty {
      throw fail("it has Type=dbus and no BusName=", nil)
    }
  }

  private static let commandKeys = [
    "ExecStart", "ExecCondition", "ExecStartPre", "ExecStartPost", "ExecReload", "ExecStop", "ExecStopPost",
  ]
  private static let restarts = [
    "no", "on-success", "on-failure", "on-abnormal", "on-watchdog", "on-abort", "always",
  ]
  private static let types = [
    "simple", "exec", "forking", "oneshot", "dbus", "notify", "notify-reload", "idle",
  ]

  /// The commands that name paths of the package's own active release, with those paths relative to its root.
  public func releasePaths(
    of name: PackageName
  ) -> [(command: Command, program: String?, arguments: [String])] {
    commands.compactMap { command in
      let paths = command.command.releasePaths(of: name)
      return paths.program == nil && paths.arguments.isEmpty ? nil : (command, paths.program, paths.arguments)
    }
  }
}
