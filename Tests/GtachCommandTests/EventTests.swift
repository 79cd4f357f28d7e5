import GtachModel
import Testing

@testable import GtachCommand

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite struct EventTests {
  private func rendering(
    terminal: Terminal = .plain, json: Bool = false, quiet: Bool = false, verbose: Bool = false
  ) -> Rendering {
    Rendering(
      output: terminal, errors: terminal, options: GlobalOptions(json: json, quiet: quiet, verbose: verbose))
  }

  /// One of each kind: a short line, whether it is a failure, whether it is a detail.
  private func events() throws -> [(event: NodeEvent, line: String, isFailure: Bool, isDetail: Bool)] {
    let timeout = ErrorReport(GtachError(.peerTimeout, "pi-3 stopped answering", reason: "nothing for 30 s"))
    let full = ErrorReport(GtachError(.diskFull, "the disk is full"))
    var first = try Samples.update(success: true)
    (first.message, first.backupLocation) = ("gtach-app@0.5.0 is installed", nil)
    return [
      (.listening(endpoint: try Endpoint("[::]:7420")), "listening on [::]:7420", false, false),
      (.discoveryAvailable, "discovery works: advertising and browsing", false, false),
      (
        .discoveryUnavailable(error: ErrorReport(GtachError(.discoveryUnavailable, "avahi-daemon does not run"))),
        "discovery does not work, known peers still do: avahi-daemon does not run [discovery-unavailable]", true, false
      ),
      (
        .peerConnected(name: "pi-2", endpoint: try Endpoint("192.168.1.12:7420")), "met pi-2 at 192.168.1.12:7420",
        false, false
      ),
      (
        .peerFailed(name: "pi-3", error: timeout),
        "lost peer: pi-3 stopped answering: nothing for 30 s [peer-timeout]", true, false
      ),
      (
        .cleaned(
          report: GarbageReport(
            dryRun: false, releases: ["a@1.0.0 (any)"], parts: [.init(kind: "chunks", count: 2, bytes: 1_234_567)],
            postponed: nil)), "cleaned: 1.2 MB that nothing needed", false, false
      ), (.cleaningFailed(error: full), "could not clean: the disk is full [disk-full]", true, false),
      (.metadataUpdated(version: 12, from: "mac"), "metadata version 12 from mac", false, false),
      (
        .fetchStarted(release: "a@1.0.0", bytes: 1_234_567, peers: 3), "fetching a@1.0.0, 1.2 MB from 3 peers", false,
        false
      ),
      (
        .fetchProgress(release: "a@1.0.0", receivedBytes: 400_000, totalBytes: 1_234_567),
        "fetching a@1.0.0, 400 kB of 1.2 MB", false, true
      ),
      (
        .fetchFinished(fetch: try Samples.fetch()),
        "fetched gtach-app@0.5.0 (any): 1.2 MB in 1.2 s: 811 kB from mac, 400 kB from pi-2, 23.0 kB were here", false,
        false
      ),
      (
        .objectUseless(release: "a@1.0.0", error: ErrorReport(GtachError(.chunkCorrupt, "the object ab is wrong"))),
        "badly made, fetched in another form: a@1.0.0: the object ab is wrong [chunk-corrupt]", true, false
      ),
      (
        .fetchFailed(release: "a@1.0.0", error: full), "fetch failed: a@1.0.0: the disk is full [disk-full]", true,
        false
      ),
      (
        .holderLacking(name: "pi-2", release: "a@1.0.0"),
        "pi-2 lists a@1.0.0 and has not got all of it: others are asked, and pi-2 when it has news", true, false
      ),
      (
        .releaseDamaged(release: "a@1.0.0"),
        "damaged: a part of a@1.0.0 is missing here, and it is fetched again where a peer has it", true, false
      ),
      (.checkFailed(error: full), "could not look for damage: the disk is full [disk-full]", true, false),
      (.updateStep(release: "a@1.0.0", step: "self-test"), "updating to a@1.0.0: self-test", false, true),
      (.updateFailed(name: "a", error: full), "update failed: a: the disk is full [disk-full]", true, false),
      (
        .updateFinished(result: try Samples.update(success: false)),
        "update failed: gtach-app@0.5.0: the self-test failed; self-test 1/3 passed (mock); "
          + "GPIO4 = 1: read 0 [self-test-failed]", true, false
      ),
      (
        .updateFinished(result: try Samples.update(success: true)), "updated to gtach-app@0.5.0: installed", false,
        false
      ),
      (.updateFinished(result: first), "installed gtach-app@0.5.0: gtach-app@0.5.0 is installed", false, false),
      (.nodeJoined(name: "pi-4\n\u{1B}c"), "pi-4 �c joined the fleet", false, false),
    ]
  }

  @Test func everyEventIsOneShortLine() throws {
    let time = Timestamp(secondsSinceEpoch: 1_795_000_000)
    for (event, line, isFailure, isDetail) in try events() {
      #expect(rendering().event(event) == (isDetail ? "" : line + "\n"))
      #expect(rendering(verbose: true).event(event) == line + "\n")
      #expect(rendering(quiet: true).event(event) == (isFailure ? line + "\n" : ""))
      #expect(rendering(verbose: true).event(event, at: time) == "2026-11-18T11:06:40Z " + line + "\n")
    }
  }

  @Test func inJSONAnEventIsOneLineThatReadsBack() throws {
    struct Entry: Decodable {
      var time: Timestamp?
      var event: NodeEvent
    }
    let time = Timestamp(secondsSinceEpoch: 1_795_000_000)
    for (event, _, _, _) in try events() {
      let text = rendering(json: true).event(event, at: time)
      #expect(text.hasSuffix("\n") && text.dropLast().allSatisfy { !$0.isNewline })
      let entry = try JSONDecoder().decode(Entry.self, from: Data(text.utf8))
      #expect(entry.event == event)
      #expect(entry.time == time)
    }
  }

  @Test func theBarFitsWhateverTheNumbersAre() {
    for columns in [20, 40, 60, 80, 200] {
      for (received, total) in [(0, 0), (1, 0), (0, 9), (5, 9), (9, 9), (12, 9), (-5, 9), (Int.max, 1), (1, Int.max)] {
        for title in ["a@1.0.0", String(repeating: "long-name-", count: 6) + "@1.0.0-rc.1"] {
          let bar = ProgressDisplay.bar(
            title, received: received, total: total, elapsedMilliseconds: 1000,
            terminal: Terminal(isTerminal: true, columns: columns))
          #expect(bar.count < columns || columns == 20, "\(columns): \(bar)")
        }
      }
    }
    #expect(
      ProgressDisplay.bar(
        "gtach-app@0.4.0", received: 1_200_000, total: 2_500_000, elapsedMilliseconds: 1100,
        terminal: Terminal(isTerminal: true))
        == "gtach-app@0.4.0 [############---------------]  48 %  1.2 MB of 2.5 MB  1.1 MB/s")
  }

  @Test func aTerminalShowsABarUnderTheLines() throws {
    let second = Instant(milliseconds: 1000)
    var display = ProgressDisplay(rendering: rendering(terminal: Terminal(isTerminal: true)))
    let started = display.show(.fetchStarted(release: "a@1.0.0", bytes: 1000, peers: 1), now: second)
    #expect(started.hasPrefix("fetching a@1.0.0, 1.0 kB from 1 peer\na@1.0.0 [--"))
    #expect(!started.hasSuffix("\n"))
    let progress = display.show(
      .fetchProgress(release: "a@1.0.0", receivedBytes: 500, totalBytes: 1000),
      now: second.advanced(byMilliseconds: 500))
    #expect(progress.hasPrefix("\r\u{1B}[Ka@1.0.0 [###"))
    #expect(progress.hasSuffix(" 50 %  500 B of 1.0 kB  1.0 kB/s"))
    let both = display.show(.fetchStarted(release: "b@1.0.0", bytes: 3000, peers: 1), now: second)
    #expect(both.contains("\n2 releases [") && both.hasSuffix(" 12 %  500 B of 4.0 kB"))
    #expect(
      display.show(.fetchFailed(release: "b@1.0.0", error: ErrorReport(GtachError(.busy, "busy"))), now: second)
        .contains("busy"))
    var last = try Samples.fetch()
    last.release = "a@1.0.0"
    let finished = display.show(.fetchFinished(fetch: last), now: second)
    #expect(finished.hasPrefix("\r\u{1B}[Kfetched a@1.0.0") && finished.hasSuffix("\n"))
    #expect(display.finish().isEmpty)
  }

  @Test func theBarIsTakenAwayInTheEnd() {
    var display = ProgressDisplay(rendering: rendering(terminal: Terminal(isTerminal: true)))
    _ = display.show(.fetchStarted(release: "a@1.0.0", bytes: 1000, peers: 1), now: Instant(milliseconds: 0))
    #expect(display.finish() == "\r\u{1B}[K")
    #expect(display.finish().isEmpty)
  }

  @Test func theWorkOfACommandHasABarOnATerminalOnly() {
    func show(_ display: inout ProgressDisplay, _ title: String, _ done: Int, at milliseconds: Int64) -> String {
      display.show(title, doneBytes: done, totalBytes: 1000, now: Instant(milliseconds: milliseconds))
    }
    var display = ProgressDisplay(rendering: rendering(terminal: Terminal(isTerminal: true)))
    #expect(show(&display, "reading", 100, at: 0).hasPrefix("reading [##"))
    #expect(show(&display, "reading", 200, at: 99).isEmpty, "too soon to be seen")
    #expect(show(&display, "reading", 500, at: 1000).hasSuffix(" 50 %  500 B of 1.0 kB  500 B/s"))
    #expect(show(&display, "reading", 1000, at: 1001).contains("100 %"), "the end is never left out")
    let next = show(&display, "encoding", 100, at: 1002)
    #expect(next.hasPrefix("\r\u{1B}[Kencoding [") && next.hasSuffix(" 10 %  100 B of 1.0 kB"))
    #expect(display.finish() == "\r\u{1B}[K")
    let terminal = Terminal(isTerminal: true)
    for rendering in [
      rendering(), rendering(verbose: true), rendering(terminal: terminal, json: true),
      rendering(terminal: terminal, quiet: true),
    ] {
      var silent = ProgressDisplay(rendering: rendering)
      #expect(show(&silent, "reading", 100, at: 0).isEmpty)
      #expect(silent.finish().isEmpty)
    }
  }

  @Test func aPipeGetsLinesOnlyAndJSONNothing() {
    let now = Instant(milliseconds: 0)
    let events: [NodeEvent] = [
      .fetchStarted(release: "a@1.0.0", bytes: 1000, peers: 1),
      .fetchProgress(release: "a@1.0.0", receivedBytes: 500, totalBytes: 1000),
      .nodeJoined(name: "pi-4"),
    ]
    var plain = ProgressDisplay(rendering: rendering())
    #expect(
      events.map { plain.show($0, now: now) }.joined()
        == "fetching a@1.0.0, 1.0 kB from 1 peer\npi-4 joined the fleet\n")
    var json = ProgressDisplay(rendering: rendering(terminal: Terminal(isTerminal: true), json: true))
    #expect(events.map { json.show($0, now: now) }.joined().isEmpty)
    var quiet = ProgressDisplay(rendering: rendering(terminal: Terminal(isTerminal: true), quiet: true))
    #expect(events.map { quiet.show($0, now: now) }.joined().isEmpty)
  }
}
