import GtachModel
import Testing

@testable import GtachCommand

@Suite struct PlanRenderingTests {
  private func output(
    _ steps: [InstallPlan.Step], asked: [String], columns: Int? = 60
  ) throws -> Output {
    let terminal = columns.map { Terminal(isTerminal: true, columns: $0) } ?? .plain
    let rendering = Rendering(output: terminal, errors: terminal, options: GlobalOptions())
    return rendering.plan(
      InstallPlan(steps: steps, effort: InstallPlan.Effort()), asked: try asked.map { try Requirement($0) })
  }

  private func step(
    _ action: InstallPlan.Action, _ name: String, _ versions: [String], _ reasons: [String], newer: String? = nil,
    obstacle: String? = nil
  ) throws -> InstallPlan.Step {
    let versions = try versions.map { try SemanticVersion($0) }
    return InstallPlan.Step(
      action: action, name: try PackageName(name), version: versions[versions.count - 1],
      installed: versions.count > 1 ? versions[0] : nil, reasons: reasons,
      newer: try newer.map { .init(version: try SemanticVersion($0), reason: "it needs lib@^2, and not 1.2.0") },
      obstacle: obstacle)
  }

  @Test func aPlanHasALineForEveryReasonAndSaysHowToDoIt() throws {
    let steps = try [
      step(.update, "lib", ["1.0.0", "1.2.0"], ["app 1.0.0 needs ^1", "tool 1.0.0 needs ^1"]),
      step(.install, "app", ["1.0.0"], ["asked for"], newer: "2.0.0"),
    ]
    let shown = try output(steps, asked: ["app", "tool@^1"])
    #expect(
      shown.standardOutput == """
        ACTION   PACKAGE  VERSION         WHY
        update   lib      1.0.0 -> 1.2.0  app 1.0.0 needs ^1
                                          tool 1.0.0 needs ^1
        install  app      1.0.0           asked for
                                          not 2.0.0: it needs
                                          lib@^2, and not 1.2.0

        """)
    #expect(shown.standardError.hasSuffix("2 changes.\nTo do it: gtach sync --install 'app' 'tool@^1'\n"))
    #expect(try output(steps, asked: ["app@ "]).standardError.hasSuffix("To do it: gtach install 'app@*'\n"))
    #expect(
      try output(steps, asked: ["app"], columns: nil).standardOutput
        .hasPrefix("update\tlib\t1.0.0 -> 1.2.0\tapp 1.0.0 needs ^1\nupdate\tlib\t1.0.0 -> 1.2.0\ttool"))
  }

  @Test func whatCannotBeCarriedOutIsNotAdvised() throws {
    let steps = try [
      step(
        .update, "lib", ["1.0.0", "2.0.0"], ["app 2.0.0 needs ^2"], obstacle: "app 1.0.0, which is active, needs lib@^1"
      )
    ]
    let shown = try output(steps, asked: ["app"], columns: 120)
    #expect(shown.standardOutput.contains("cannot take over: app 1.0.0, which is active, needs lib@^1\n"))
    #expect(shown.standardError.hasSuffix("It cannot be carried out: what is installed is in the way.\n"))
  }

  @Test func whatHasNothingToDoSaysSo() throws {
    let shown = try output([step(.keep, "app", ["1.0.0"], ["asked for"])], asked: ["app"])
    #expect(shown.standardError.hasSuffix("Nothing has to change.\n"))
  }
}
