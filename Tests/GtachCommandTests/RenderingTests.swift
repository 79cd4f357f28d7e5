import GtachModel
import Testing

@testable import GtachCommand

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct RenderingTests: RendersReports {
  // MARK: History

  @Test func theHistorySaysWhatHappenedAndWhy() throws {
    let entries = try [(1, true), (2, false)].map { number, success in
      HistoryEntry(
        transaction: number, started: Timestamp(secondsSinceEpoch: 0), kind: .install,
        result: try Samples.update(success: success))
    }
    let output = rendering(columns: nil).history(entries)
    #expect(output.exitCode == 0)
    let lines = output.standardOutput.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0] == "1970-01-01T00:00:00Z\tgtach-app@0.5.0\tinstalled\t-\tinstalled")
    #expect(lines[1].contains("\trolled back\t"))
    #expect(lines[1].hasSuffix("\tthe self-test failed: GPIO4 = 1: read 0 [self-test-failed]"))
    #expect(rendering(verbose: true).history(entries).standardOutput.contains("held by backlight"))
    #expect(rendering().history([]).exitCode == 1)
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
    // On a terminal the progress said so already, unless nobody wanted any.
    #expect(rendering().sync(report).standardOutput == "2 peers answered, metadata version 12\n")
    #expect(rendering(quiet: true).sync(report).standardOutput.hasPrefix("gtach-app@0.5.0"))
    #expect(
      rendering(columns: nil).sync(report)
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
    var refused = try Samples.update(success: false)
    refused.rollbackPerformed = false
    refused.validationErrors = [error(.descriptionInvalid)]
    #expect(exitCode(SyncReport(peers: 1, metadataVersion: 1, updates: [refused])) == 65)
    #expect(rendering().update(refused).exitCode == 65)
    // What is wanted and did not come is a no, whatever else went well; why it did not is told first.
    #expect(exitCode(SyncReport(peers: 1, metadataVersion: 1, pending: ["a@1.0.0"])) == 1)
    #expect(exitCode(SyncReport(peers: 1, metadataVersion: 1, pending: ["a@1.0.0"], errors: [error(.diskFull)])) == 74)
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

  @Test func filesThatWereKeptAsTheyWereChangedHereAreSaid() throws {
    let files = [
      KeptFile(path: "configuration/a/1/a", beside: "configuration/a/1/a.gtach-new"), .init(path: "b", beside: nil),
    ]
    var report = try Samples.status()
    report.installed[0].kept = files
    let status = rendering(columns: nil).status(report).standardOutput
    let first =
      "kept as it was changed here: configuration/a/1/a; gtach-app@0.4.0 would have configuration/a/1/a.gtach-new\n"
    #expect(
      status.contains(first + "kept as it was changed here: b, though gtach-app@0.4.0 has no such file any more\n"))
    var result = try Samples.update(success: true)
    result.kept = files
    #expect(
      rendering(columns: nil).update(result).standardOutput.contains("\n  kept as it was changed here: b, though"))
    let entry = HistoryEntry(transaction: 1, started: Timestamp(secondsSinceEpoch: 0), kind: .install, result: result)
    #expect(rendering(columns: nil, verbose: true).history([entry]).standardOutput.contains("  kept as it was changed"))
    #expect(!rendering(columns: nil).history([entry]).standardOutput.contains("kept as it was changed"))
  }

  @Test func statusSaysWhenItInstallsByItself() throws {
    var report = try Samples.status()
    let windows = InstallWindows([try InstallWindows.Window("03:00-05:00")])
    for (hour, isSynchronised, text) in [
      (4, true, "by itself until 05:00 (03:00-05:00)"), (5, true, "by itself from 03:00 on (03:00-05:00)"),
      (
        5, false,
        "by itself, ten minutes after its start at the earliest: the clock is not synchronised, so 03:00-05:00 does not hold"
      ),
    ] as [(Int, Bool, String)] {
      report.window = WindowReport(
        windows, at: LocalTime(secondsOfDay: hour * 3600, isSynchronised: isSynchronised))
      #expect(rendering(columns: nil).status(report).standardOutput.contains("installs\t\(text)\n"))
    }
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
    #expect(text.contains("daemon     not running\n"))
    #expect(text.hasSuffix("installed  nothing\n"))
    #expect(try decoded(StatusReport.self, rendering(json: true).status(offline).standardOutput) == offline)
  }

  @Test func aFailedSelfTestEndsWith21AndAMockSaysSo() throws {
    let output = rendering().selfTest(Samples.selfTest)
    #expect(output.exitCode == 21)
    #expect(
      output.standardOutput == """
        RESULT  CHECK                   EXPECTED           READ                     TIME
        ok      gpio.loopback GPIO17    0 1                0 1                     12 ms
                to GPIO27
        FAILED  gpio.level GPIO4        GPIO4 = 1          0                        1 ms
        FAILED  gpio.consumer GPIO19    held by backlight  not there               2.5 s
                                                           [gpio-line-missing]
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
