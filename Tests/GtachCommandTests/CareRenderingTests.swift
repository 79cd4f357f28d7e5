import GtachModel
import Testing

@testable import GtachCommand

@Suite struct CareRenderingTests {
  private func rendering(isTerminal: Bool = false, quiet: Bool = false) -> Rendering {
    let terminal = isTerminal ? Terminal(isTerminal: true, columns: 60) : .plain
    return Rendering(output: terminal, errors: terminal, options: GlobalOptions(quiet: quiet))
  }

  @Test func aRemovalSaysWhatStaysAndHowToUndoIt() throws {
    let report = RemovalReport(release: "app@1.0.0", platforms: [.any], installed: true)
    let output = rendering().removed(report)
    #expect(output.standardOutput == "app@1.0.0\n" && output.exitCode == 0)
    for word in ["stays", "gtach gc", "gtach sync app@1.0.0"] { #expect(output.standardError.contains(word)) }
    #expect(rendering(quiet: true).removed(report).standardError.isEmpty)
    let absent = RemovalReport(release: "app@1.0.0", platforms: [], installed: false)
    #expect(rendering().removed(absent).standardError.contains("was not here"))
  }

  @Test func garbageIsCountedByKind() {
    let busy = GtachError(.busy, "chunks and objects were left alone")
    let report = GarbageReport(
      dryRun: true, releases: ["app@1.0.0 (any)"], parts: [.init(kind: "releases", count: 1, bytes: 1_500)],
      postponed: ErrorReport(busy))
    let output = rendering().garbage(report)
    #expect(output.standardOutput == "releases\t1\t1.5 kB\nwould go: app@1.0.0 (any)\n")
    #expect(output.standardError == "1.5 kB would be free\ngtach: chunks and objects were left alone [busy]\n")
    let none = GarbageReport(dryRun: false, releases: [], parts: [], postponed: nil)
    #expect(rendering().garbage(none) == Output(standardError: "nothing to take away\n"))
  }

  @Test func whatIsNotSoundEndsWith65() {
    var report = VerificationReport()
    report.variants = 1
    #expect(rendering().verification(report) == Output(standardError: "1 release, 0 B: all sound\n"))
    let id = String(repeating: "ab", count: 32)
    report.findings = [.init(kind: "chunk", id: id, problem: "damaged", variants: ["app@1.0.0 (any)"], repaired: false)]
    let damaged = rendering().verification(report)
    #expect(damaged.exitCode == 65 && damaged.standardOutput == "damaged\tchunk\t\(id)\tapp@1.0.0 (any)\n")
    #expect(damaged.standardError.contains("--repair"))
    for line in rendering(isTerminal: true).verification(report).standardOutput.split(separator: "\n") {
      #expect(line.filter { $0 != "\u{1B}" }.count <= 80)
    }
    report.settle(id)
    let repaired = rendering().verification(report)
    #expect(repaired.exitCode == 0 && repaired.standardOutput.hasPrefix("repaired\t"))
    var objects = VerificationReport()
    objects.findings = [
      .init(
        kind: "objects", id: "app/1.0.0/any/manifest.json", problem: "missing", variants: ["app@1.0.0 (any)"],
        repaired: false, count: 1_385)
    ]
    let summary = rendering().verification(objects)
    #expect(summary.exitCode == 0 && summary.standardOutput == "missing\tobjects\t1385\tapp@1.0.0 (any)\n")
    #expect(summary.standardError.contains("all sound\n") && summary.standardError.contains("--repair"))
    report.findings[0].problem = "unreadable"
    report.findings[0].repaired = false
    report.findings[0].error = ErrorReport(GtachError(.inputOutput, "cannot read it"))
    var mended = report
    mended.settle(id)
    #expect(rendering().verification(mended).standardError == "1 release, 0 B: all sound now\n")
    #expect(rendering().verification(report).standardError.contains("cannot read it [input-output]"))
  }
}
