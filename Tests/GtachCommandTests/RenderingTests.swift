import GtachModel
import Testing

@testable import GtachCommand

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct RenderingTests {
  private func rendering(
    columns: Int? = 80, json: Bool = false, quiet: Bool = false, verbose: Bool = false
  ) -> Rendering {
    let terminal = columns.map { Terminal(isTerminal: true, columns: $0) } ?? .plain
    return Rendering(
      output: terminal, errors: terminal, options: GlobalOptions(json: json, quiet: quiet, verbose: verbose))
  }

  private func decoded<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }

  // MARK: Errors

  @Test func anErrorSaysWhatWhyAndWhatToDo() {
    let error = GtachError(
      .peerTimeout, "pi-3 stopped answering", reason: "nothing came for 30 s",
      advice: "look whether it is on, and whether the access point isolates its clients from each other")
    let output = rendering().error(error)
    #expect(output.standardOutput.isEmpty)
    #expect(output.exitCode == 69)
    #expect(
      output.standardError == """
        gtach: pi-3 stopped answering [peer-timeout]
          why: nothing came for 30 s
           do: look whether it is on, and whether the access point isolates its clients
               from each other

        """)
    #expect(rendering(columns: nil).error(error).standardError.split(separator: "\n").count == 3)
    #expect(rendering().error(GtachError(.busy, "busy")).standardError == "gtach: busy [busy]\n")
  }

  @Test func everyErrorKeepsItsExitCodeAndItsWordInJSON() throws {
    struct Document: Decodable { var error: ErrorReport }
    for code in ErrorCode.allCases {
      let error = GtachError(code, "it \"failed\"\n", reason: "\u{1B}[2J")
      #expect(rendering().error(error).exitCode == code.exitCode)
      let output = rendering(json: true).error(error)
      #expect(output.exitCode == code.exitCode)
      #expect(output.standardOutput.isEmpty)
      #expect(try decoded(Document.self, output.standardError).error == ErrorReport(error))
    }
  }

  // MARK: The repository

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

  // MARK: The fleet

  @Test func anInvitationPrintsTheTokenAlone() throws {
    let report = InvitationCreated(
      node: try NodeName("pi-1"), token: "gtach1.abc", expires: Timestamp(secondsSinceEpoch: 1_795_000_000),
      addresses: [], daemon: false)
    let output = rendering().invitationCreated(report)
    #expect(output.standardOutput == "gtach1.abc\n")
    #expect(output.standardError.contains("On pi-1, before 2026-11-18T11:06:40Z: gtach join TOKEN\n"))
    #expect(output.standardError.contains("No daemon runs here"))
    #expect(
      try decoded(InvitationCreated.self, rendering(json: true).invitationCreated(report).standardOutput) == report)
  }

  @Test func initAndJoinSayWhoIsWho() throws {
    let created = FleetCreated(
      fleet: "workshop", fleetID: Samples.fleetID, node: try NodeName("mac"), id: Samples.id, home: "/h")
    #expect(
      rendering().fleetCreated(created).standardOutput
        == "fleet  workshop (c0ffee00)\nnode   mac (8b2053ef)\nhome   /h\n")
    let joined = FleetJoined(
      fleet: "workshop", fleetID: Samples.fleetID, node: try NodeName("pi-1"), id: Samples.id,
      inviter: try Endpoint("192.168.1.20:7420"))
    #expect(rendering(columns: nil).fleetJoined(joined).standardOutput.hasSuffix("inviter\t192.168.1.20:7420\n"))
    #expect(try decoded(FleetJoined.self, rendering(json: true).fleetJoined(joined).standardOutput) == joined)
    #expect(try decoded(FleetCreated.self, rendering(json: true).fleetCreated(created).standardOutput) == created)
  }

  // MARK: The LAN

  @Test func peersAreATableAndTheirErrorsHints() throws {
    let output = rendering().peers(try Samples.peers())
    #expect(
      output.standardOutput
        == """
        NAME  ID        STATE        ADDRESS            KNOWN BY   META  HOLDS  RECEIVED
        pi-2  8b2053ef  connected    192.168.1.12:7420  mdns,rem…    12      4    811 kB
        ?     ?         unreachable  192.168.1.99:7420  static        -      -       0 B

        """)
    #expect(output.standardError == "192.168.1.99:7420 cannot be reached: No route to host [peer-unreachable]\n")
    #expect(rendering().peers([]).exitCode == 1)
    struct Document: Decodable { var peers: [PeerReport] }
    let json = rendering(json: true).peers(try Samples.peers())
    #expect(try decoded(Document.self, json.standardOutput).peers == Samples.peers())
  }

  @Test func syncSaysWhoSentWhat() throws {
    let report = SyncReport(peers: 2, metadataVersion: 12, fetched: [try Samples.fetch()])
    #expect(
      rendering().sync(report)
        == Output(
          standardOutput: """
            gtach-app@0.5.0 (any): 1.2 MB in 1.2 s: 811 kB from mac, 400 kB from pi-2, 23.0 kB were here
            2 peers answered, metadata version 12

            """))
    let idle = rendering().sync(SyncReport(peers: 1, metadataVersion: 12))
    #expect(idle.standardOutput == "1 peer answered, metadata version 12; everything is here\n")
    #expect(try decoded(SyncReport.self, rendering(json: true).sync(report).standardOutput) == report)
  }

  @Test func syncEndsAsItWent() throws {
    func exitCode(_ report: SyncReport, dryRun: Bool = false) -> Int32 {
      let code = rendering().sync(report, dryRun: dryRun).exitCode
      #expect(rendering(json: true).sync(report, dryRun: dryRun).exitCode == code)
      return code
    }
    func error(_ code: ErrorCode) -> ErrorReport { ErrorReport(GtachError(code, "it failed")) }
    #expect(exitCode(SyncReport(peers: 1, metadataVersion: 1)) == 0)
    #expect(exitCode(SyncReport(peers: 0, metadataVersion: 1)) == 69)
    #expect(exitCode(SyncReport(peers: 1, metadataVersion: 1, pending: ["a@1.0.0"]), dryRun: true) == 1)
    #expect(try exitCode(SyncReport(peers: 1, metadataVersion: 1, updates: [Samples.update(success: true)])) == 0)
    #expect(try exitCode(SyncReport(peers: 0, metadataVersion: 1, updates: [Samples.update(success: false)])) == 20)
    // One peer of several may fail; a full disk, or a package that nobody has, may not.
    #expect(exitCode(SyncReport(peers: 1, metadataVersion: 1, errors: [error(.peerTimeout)])) == 0)
    #expect(exitCode(SyncReport(peers: 1, metadataVersion: 1, errors: [error(.peerTimeout), error(.diskFull)])) == 74)
    #expect(exitCode(SyncReport(peers: 1, metadataVersion: 1, errors: [error(.notFound)])) == 1)
    // A newer daemon may send a word that this program does not know.
    var unknown = error(.bug)
    unknown.code = "word-of-the-future"
    #expect(exitCode(SyncReport(peers: 1, metadataVersion: 1, errors: [unknown])) == 70)
  }

  // MARK: This machine

  @Test func statusSaysWhatFailedHereAndWhy() throws {
    let report = StatusReport(
      node: "pi-1", id: Samples.id, fleet: "workshop", fleetID: Samples.fleetID,
      platform: .any, home: "/home/pi/.gtach", daemon: false, listening: nil, discovery: nil, peers: nil,
      metadataVersion: 1, variants: 1, installed: [],
      refusals: [
        StatusReport.Refusal(
          release: "app@1.0.0",
          errors: [ErrorReport(GtachError(.selfTestFailed, "GPIO4 = 0", reason: "read 1"))])
      ])
    let text = rendering(columns: nil).status(report).standardOutput
    #expect(text.contains("failed here: app@1.0.0: GPIO4 = 0: read 1 [self-test-failed]"))
  }

  @Test func statusSaysWhatIsNotInstalledByItselfAndWhatToDo() throws {
    var report = try Samples.status()
    report.installed[0].withheld = .init(version: try SemanticVersion("1.0.0"), change: .breaking)
    let text = rendering(columns: nil).status(report).standardOutput
    #expect(
      text.hasSuffix(
        "withheld: gtach-app@1.0.0 is a breaking change from 0.4.0: gtach install gtach-app@1.0.0, "
          + "or \"breaking\" in autoUpdate\n"))
    let json = rendering(json: true).status(report).standardOutput
    #expect(json.contains("\"change\" : \"breaking\""))
    #expect(try decoded(StatusReport.self, json) == report)
  }

  @Test func statusShowsWhatIsInstalled() throws {
    #expect(
      try rendering().status(Samples.status()).standardOutput == """
        node      pi-1 (8b2053ef)
        fleet     workshop (c0ffee00)
        platform  linux-arm64
        home      /home/pi/.gtach
        daemon    listening on [::]:7420; discovery: advertising; 3 peers
        metadata  version 12
        here      4 releases

        INSTALLED  VERSION  PREVIOUS  SELF-TEST          NOTE
        gtach-app  0.4.0    0.3.0     1/3 passed (mock)  held by hand; failed here: 0.5…

        """)
    var offline = try Samples.status(installed: false)
    offline.daemon = false
    let text = rendering().status(offline).standardOutput
    #expect(text.contains("daemon    not running\n"))
    #expect(text.hasSuffix("installed  nothing\n"))
    #expect(try decoded(StatusReport.self, rendering(json: true).status(offline).standardOutput) == offline)
  }

  @Test func aFailedSelfTestEndsWith21AndAMockSaysSo() throws {
    let output = rendering().selfTest(Samples.selfTest)
    #expect(output.exitCode == 21)
    #expect(
      output.standardOutput == """
        RESULT  CHECK                   EXPECTED           READ                     TIME
        ok      gpio.loopback GPIO17 …  0 1                0 1                     12 ms
        FAILED  gpio.level GPIO4        GPIO4 = 1          0                        1 ms
        FAILED  gpio.consumer GPIO19    held by backlight  not there [gpio-line-…  2.5 s
        1/3 passed (mock)
        The GPIO lines were simulated: this says nothing about the hardware.

        """)
    struct Document: Decodable {
      var passed: Bool
      var mock: Bool
      var results: [SelfTestReport.Result]
    }
    let json = rendering(json: true).selfTest(Samples.selfTest)
    let document = try decoded(Document.self, json.standardOutput)
    #expect(!document.passed && document.mock && document.results == Samples.selfTest.results)
    #expect(json.exitCode == 21)
    let passing = SelfTestReport(results: [Samples.selfTest.results[0]], mock: false)
    #expect(rendering().selfTest(passing).exitCode == 0)
    #expect(rendering().selfTest(passing).standardOutput.hasSuffix("1/1 passed\n"))
    // Nothing was tested, so nothing passed.
    #expect(rendering().selfTest(SelfTestReport(results: [], mock: false)).exitCode == 1)
  }

  @Test func anUpdateThatFailedEndsWith20AndShowsWhatWasRead() throws {
    let failed = try Samples.update(success: false)
    let output = rendering().update(failed)
    #expect(output.exitCode == 20)
    #expect(
      output.standardOutput.hasPrefix(
        """
        FAILED gtach-app@0.5.0: the self-test failed
          GPIO4 = 1: read 0 [self-test-failed]
          rolled back: the release before is active again
        RESULT  CHECK
        """))
    #expect(
      try rendering().update(Samples.update(success: true)) == Output(standardOutput: "ok gtach-app@0.5.0: installed\n")
    )
    #expect(try decoded(UpdateResult.self, rendering(json: true).update(failed).standardOutput) == failed)
  }

  // MARK: Versions

  @Test func answersQuestionsAboutVersions() throws {
    func answer(_ line: String, json: Bool = false) throws -> Output {
      let invocation = try Invocation.parse(["version"] + line.split(separator: " ").map(String.init)).get()
      guard case .version(let question) = invocation.command else {
        Issue.record("\(line) is no question")
        return Output()
      }
      return rendering(json: json).answer(question)
    }
    #expect(try answer("check 1.2.3-rc.1+b") == Output(standardOutput: "1.2.3-rc.1+b\n"))
    let invalid = try answer("check 1.2")
    #expect(invalid.exitCode == 1 && invalid.standardError.contains("three numbers") && invalid.standardOutput.isEmpty)
    #expect(try answer("compare 1.0.0-rc.1 1.0.0") == Output(standardOutput: "<\n"))
    #expect(try answer("compare 1.0.0+a 1.0.0+b") == Output(standardOutput: "=\n"))
    #expect(try answer("compare 1.10.0 1.9.0") == Output(standardOutput: ">\n"))
    #expect(try answer("compatibility 0.4.0 0.4.1") == Output(standardOutput: "patch\n"))
    #expect(try answer("compatibility 2.0.0 1.0.0") == Output(standardOutput: "downgrade\n"))
    #expect(try answer("satisfies 1.4.0 ^1.2") == Output(standardOutput: "yes\n"))
    #expect(try answer("satisfies 2.0.0 ^1.2") == Output(standardOutput: "no\n", exitCode: 1))
    let prerelease = try answer("satisfies 1.3.0-rc.1 ^1.2")
    #expect(prerelease.exitCode == 1)
    #expect(prerelease.standardError == "a range accepts a prerelease only where it names one of 1.3.0\n")
    #expect(try answer("bump 1.4.0 minor") == Output(standardOutput: "1.5.0\n"))
    #expect(try answer("check 1.2", json: true).standardOutput.contains("\"valid\" : false"))
    #expect(
      try answer("satisfies 2.0.0 ^1.2", json: true).standardOutput.contains("\"comparators\" : \">=1.2.0 <2.0.0-0\""))
    #expect(try answer("compare 1.0.0 2.0.0", json: true).standardOutput.contains("\"order\" : \"<\""))
    #expect(
      try answer("compatibility 0.4.0 0.5.0", json: true).standardOutput.contains("\"compatibility\" : \"breaking\""))
    #expect(try answer("bump 1.4.0 patch", json: true).standardOutput.contains("\"next\" : \"1.4.1\""))
  }

  @Test func saysItsOwnVersion() {
    #expect(rendering().programVersion("0.1.0").standardOutput == "gtach 0.1.0\n")
    #expect(rendering(json: true).programVersion("0.1.0").standardOutput.contains("\"gtach\" : \"0.1.0\""))
  }
}
