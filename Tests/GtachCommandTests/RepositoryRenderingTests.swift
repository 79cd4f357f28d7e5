import GtachModel
import Testing

@testable import GtachCommand

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct RepositoryRenderingTests: RendersReports {
  @Test func listsTheNewestFirst() throws {
    let releases = [
      try Samples.release("hyperpixel", "1.2.3", size: 240),
      try Samples.release("gtach-app", "0.4.0", about: "A tachometer with a round display"),
      try Samples.release("gtach-app", "0.10.0", platform: "linux-arm64", about: "evil\n\u{1B}[2J"),
      try Samples.release("gtach-app", "0.10.0-rc.1"),
    ]
    #expect(
      rendering().list(releases.map(\.summary)).standardOutput == """
        NAME        VERSION      PLATFORM       SIZE  CREATED     DESCRIPTION
        gtach-app   0.10.0       linux-arm64  1.2 MB  2026-11-18  evil �[2J
        gtach-app   0.10.0-rc.1  any          1.2 MB  2026-11-18
        gtach-app   0.4.0        any          1.2 MB  2026-11-18  A tachometer with a r…
        hyperpixel  1.2.3        any           240 B  2026-11-18

        """)
    #expect(
      rendering(columns: nil).list(releases.map(\.summary)).standardOutput.hasPrefix(
        "gtach-app\t0.10.0\tlinux-arm64\t1.2 MB\t2026-11-18\tevil �[2J\n"))
    struct Document: Decodable { var releases: [ReleaseReport] }
    let output = rendering(json: true).list(releases)
    #expect(
      try decoded(Document.self, output.standardOutput).releases == [
        releases[2], releases[3], releases[1], releases[0],
      ])
    #expect(output.exitCode == 0)
  }

  @Test func nothingToListIsANegativeAnswer() throws {
    let output = rendering().list([], name: try PackageName("gtach-app"))
    #expect(output.exitCode == 1)
    #expect(output.standardOutput.isEmpty)
    #expect(output.standardError.hasPrefix("no release of gtach-app is here"))
    #expect(rendering(quiet: true).list([] as [ReleaseSummary]) == Output(exitCode: 1))
    let json = rendering(json: true).list([] as [ReleaseReport])
    #expect(json.exitCode == 1)
    #expect(try decoded([String: [String]].self, json.standardOutput) == ["releases": []])
  }

  @Test func aSearchTellsThePackageFromWhatSharesAWordWithIt() throws {
    let reports = [
      try Samples.release("gtach", "1.0.0"), try Samples.release("gtach-app", "0.4.0", about: "A tachometer"),
    ]
    let found = [
      FoundRelease(summary: reports[0].summary, match: .name), FoundRelease(summary: reports[1].summary, match: .words),
    ]
    let output = rendering().found(found, query: ReleaseQuery())
    #expect(
      output.standardOutput == """
        NAME       VERSION  PLATFORM    SIZE  CREATED     DESCRIPTION
        gtach      1.0.0    any       1.2 MB  2026-11-18
        gtach-app  0.4.0    any       1.2 MB  2026-11-18  A tachometer

        """)
    #expect(output.standardError == "gtach is the package of that name; 1 release of others only has the word\n")
    #expect(rendering().found(Array(found.prefix(1)), query: ReleaseQuery()).standardError.isEmpty)
    let nothing = rendering().found([] as [FoundRelease], query: ReleaseQuery())
    #expect(nothing.exitCode == 1 && nothing.standardOutput.isEmpty && !nothing.standardError.isEmpty)
    struct Document: Decodable {
      struct Release: Decodable { var match: String }
      var releases: [Release]
    }
    let json = rendering(json: true).found([(reports[0], .name), (reports[1], .words)]).standardOutput
    #expect(try decoded(Document.self, json).releases.map(\.match) == ["name", "words"])
    #expect(try decoded([String: [ReleaseReport]].self, json)["releases"] == reports)
  }

  @Test func infoShowsTheNewestReleaseOrTheOneThatIsNamed() throws {
    let name = try PackageName("gtach-app")
    var described = try Samples.release("gtach-app", "0.4.0", about: "A tachometer")
    described.manifest.description.author = "A. Author"
    described.manifest.description.license = "MIT"
    described.manifest.description.platforms = [.init(os: "linux", arch: "arm64", model: "Raspberry Pi Zero 2*")]
    described.manifest.description.dependencies = [
      try PackageName("hyperpixel"): try VersionRange("^1.2"), try PackageName("a"): try VersionRange("*"),
    ]
    described.manifest.description.install = .init(postInstall: "bin/post")
    described.manifest.description.selfTest = [.level(line: "GPIO4", expect: 1, bias: .pullUp)]
    described.updates = [
      .init(from: try SemanticVersion("0.3.0"), bytes: 2345), .init(from: try SemanticVersion("0.5.0-rc.1"), bytes: 9),
    ]
    let releases = [
      try Samples.release("gtach-app", "0.3.0"), described, try Samples.release("gtach-app", "0.5.0-rc.1"),
      try Samples.release("hyperpixel", "9.0.0"),
    ]
    let output = rendering().info(releases, name: name, version: nil)
    #expect(output.exitCode == 0)
    let sha = String(repeating: "aa", count: 32)
    #expect(
      output.standardOutput == """
        release          gtach-app@0.4.0
        platform         any
        about            A tachometer
        author           A. Author
        license          MIT
        created          2026-11-18T11:06:40Z
        runs on          linux arm64 Raspberry Pi Zero 2*
        needs            a@*, hyperpixel@^1.2
        archive          1.2 MB in 5 chunks
        sha-256          \(sha)
        wire             412 kB where nothing of it is yet
        from 0.3.0       2.3 kB
        from 0.5.0-rc.1  9 B
        hooks            bin/post
        self-test        gpio.level GPIO4
        others           0.5.0-rc.1, 0.3.0

        """)
    let named = rendering().info(releases, name: name, version: try SemanticVersion("0.5.0-rc.1"))
    #expect(named.standardOutput.hasPrefix("release   gtach-app@0.5.0-rc.1\n"))
    let missing = rendering().info(releases, name: name, version: try SemanticVersion("9.0.0"))
    #expect(missing.exitCode == 1)
    #expect(missing.standardError.contains("gtach-app@9.0.0 is not here [not-found]"))
    #expect(missing.standardError.contains("0.5.0-rc.1, 0.4.0, 0.3.0"))
    #expect(rendering().info([], name: name, version: nil).exitCode == 1)
  }

  @Test func packPrintsTheReleaseAlone() throws {
    let output = rendering(columns: nil).packed(try Samples.release("gtach-app", "0.4.0+build.7"))
    #expect(output.standardOutput == "gtach-app@0.4.0+build.7\n")
    #expect(output.standardError == "gtach-app@0.4.0+build.7 (any): 1.2 MB in 5 chunks, 412 kB on the wire\n")
    #expect(try rendering(quiet: true).packed(Samples.release("a", "1.0.0")).standardError.isEmpty)
    var next = try Samples.release("gtach-app", "0.5.0")
    next.updates = [.init(from: try SemanticVersion("0.4.0"), bytes: 2345)]
    #expect(
      rendering(columns: nil).packed(next).standardError
        == "gtach-app@0.5.0 (any): 1.2 MB in 5 chunks, 412 kB on the wire, 2.3 kB from 0.4.0\n")
  }

  @Test func whatAServiceIsToBeInstalledWithIsShown() throws {
    var report = try Samples.release("gtach-app", "0.4.0")
    report.manifest.description.install = .init(
      service: "app.service", preserve: ["data/", "log"], templates: ["b.in": "b", "a.in": "etc/a"])
    let info = rendering().info([report], name: try PackageName("gtach-app"), version: nil).standardOutput
    let lines = info.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true) }
    #expect(lines.contains(["service", "app.service"]))
    #expect(lines.contains(["preserves", "data/,", "log"]))
    #expect(lines.contains(["templates", "a.in", "->", "etc/a,", "b.in", "->", "b"]))

    let packing = PackingReport(templates: [
      .init(file: "a.in", target: "etc/a", variables: ["host", "port"]),
      .init(file: "b\u{1B}.in", target: "b", variables: []),
    ])
    let errors = rendering(columns: nil).packed(report, packing: packing).standardError
    #expect(errors.contains("a.in becomes etc/a with host, port\n"))
    #expect(errors.contains("b\u{FFFD}.in becomes b with no variable\n"))
    let json = Data(rendering(json: true).packed(report, packing: packing).standardOutput.utf8)
    #expect(try JSONDecoder().decode(PackingReport.self, from: json).templates == packing.templates)
  }

  @Test func packSaysThatItPublishedNothing() throws {
    let report = try Samples.release("gtach-app", "0.4.0")
    let output = rendering(columns: nil).packed(report, isNew: false)
    #expect(output.standardOutput == "gtach-app@0.4.0\n" && output.exitCode == 0)
    #expect(output.standardError.hasPrefix("gtach-app@0.4.0 (any) is here already: "))
    struct Answer: Decodable { var published: Bool }
    for isNew in [false, true] {
      let json = Data(rendering(json: true).packed(report, isNew: isNew).standardOutput.utf8)
      #expect(try JSONDecoder().decode(Answer.self, from: json).published == isNew)
    }
  }

  @Test func packWarnsEvenThoseWhoWantNoHints() throws {
    let report = try Samples.release("gtach-app", "0.4.0")
    let packing = PackingReport(warnings: ["there is nothing in it"])
    for quiet in [false, true] {
      let errors = rendering(columns: nil, quiet: quiet).packed(report, packing: packing).standardError
      #expect(errors.contains("warning: there is nothing in it\n"))
    }
    let json = Data(rendering(json: true).packed(report, packing: packing).standardOutput.utf8)
    #expect(try JSONDecoder().decode(PackingReport.self, from: json).warnings == packing.warnings)
  }

  @Test func patchesLargerThanTheWholeAreNotShown() throws {
    var report = try Samples.release("gtach-app", "0.4.1")
    report.updates = [.init(from: try SemanticVersion("0.4.0"), bytes: report.objectBytes)]
    #expect(!rendering(columns: nil).packed(report).standardError.contains("from 0.4.0"))
    let name = try PackageName("gtach-app")
    #expect(!rendering().info([report], name: name, version: nil).standardOutput.contains("from 0.4.0"))
  }

  @Test func hintsAndProgressAreWrappedAtWordsOnATerminal() throws {
    let report = try Samples.release("gtach-app", "0.4.0")
    let requirements = (1...20).map { "requirement\($0)" }
    let packing = PackingReport(pythonDependencies: [.init(file: "METADATA", requirements: requirements)])
    let lines = rendering(columns: 40).packed(report, packing: packing).standardError.split(separator: "\n")
    #expect(lines.allSatisfy { $0.count <= 40 })
    #expect(lines.joined(separator: " ").contains(requirements.joined(separator: ", ")))
    var display = ProgressDisplay(rendering: rendering(columns: 40))
    let event = NodeEvent.checkFailed(
      error: ErrorReport(GtachError(.busy, "another gtach works on the same home for long")))
    let progress = display.show(event, now: Instant(milliseconds: 0)).split(separator: "\n")
    #expect(progress.count > 1 && progress.allSatisfy { $0.count <= 40 })
  }

  @Test func packSaysWhichVersionItRaised() throws {
    let (report, previous) = try (Samples.release("gtach-app", "0.4.1"), SemanticVersion("0.4.0"))
    let output = rendering(columns: nil).packed(report, raisedFrom: previous)
    #expect(output.standardOutput == "gtach-app@0.4.1\n")
    #expect(output.standardError.hasPrefix("gtach.json: 0.4.0 -> 0.4.1\ngtach-app@0.4.1 (any): "))
    #expect(rendering(quiet: true).packed(report, raisedFrom: previous).standardError.isEmpty)

    struct Raised: Decodable { var previousVersion: SemanticVersion? }
    for (previous, text) in [(previous, "0.4.0"), (nil, nil)] as [(SemanticVersion?, String?)] {
      let output = rendering(json: true).packed(report, raisedFrom: previous)
      let bytes = Data(output.standardOutput.utf8)
      #expect(try JSONDecoder().decode(ReleaseReport.self, from: bytes) == report)
      #expect(try JSONDecoder().decode(Raised.self, from: bytes).previousVersion?.description == text)
      #expect(output.standardError.isEmpty)
    }
  }

  @Test func carryingAReleasePrintsWhatWasMade() throws {
    let exported = ExportReport(
      release: "gtach-app@0.4.0", platforms: [.any], path: "/media/gtach-app.tar", chunks: 12, archiveBytes: 3_000_000,
      metadataVersion: 7)
    #expect(rendering().exported(exported).standardOutput == "/media/gtach-app.tar\n")
    #expect(rendering().exported(exported).standardError.contains("3.0 MB in 12 chunks, metadata version 7"))
    let json = rendering(json: true)
    #expect(try decoded(ExportReport.self, json.exported(exported).standardOutput) == exported)

    let variants = try ["linux-arm", "linux-arm64"].map {
      ImportReport.Variant(release: "gtach-app@0.4.0", platform: try Platform($0), bytes: 1_000)
    }
    let imported = ImportReport(imported: variants, ignored: ["x.caibx"], metadataVersion: 7)
    let output = rendering().imported(imported)
    #expect(output.standardOutput == "gtach-app@0.4.0\n")
    #expect(output.standardError.contains("(linux-arm64)") && output.standardError.contains("x.caibx is of no release"))
    #expect(rendering(quiet: true).imported(imported).standardError.isEmpty)
    #expect(try decoded(ImportReport.self, json.imported(imported).standardOutput) == imported)

    let extracted = ExtractReport(release: "gtach-app@0.4.0", platform: .any, directory: "look", bytes: 1_000)
    #expect(rendering().extracted(extracted).standardOutput == "look\n")
    #expect(try decoded(ExtractReport.self, json.extracted(extracted).standardOutput) == extracted)
  }
}
