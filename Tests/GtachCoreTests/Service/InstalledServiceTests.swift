import GtachModel
import Testing

@testable import GtachCore

@Suite("the unit file that a machine gets")
struct InstalledServiceTests {
  private func service(
    _ unit: String, manager: ServiceManager = .systemd, root: String = "/opt/gtach"
  ) throws(GtachError) -> InstalledService {
    try InstalledService(
      unit: Array(unit.utf8), path: "app.service", of: Sample.name, layout: InstallLayout(root: root),
      id: ServiceID(manager: manager, name: "app.service"), directory: "/etc/systemd/system")
  }

  @Test("is the release's own, with a mark before it and its places behind it")
  func whole() throws {
    let service = try service("[Service]\nExecStart=/usr/bin/true")
    let lines = service.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.first?.hasPrefix("# gtach wrote this for app in /opt/gtach") == true)
    #expect(
      lines.dropFirst() == [
        "[Service]", "ExecStart=/usr/bin/true", "", "[Service]",
        #"Environment="GTACH_NAME=app" "GTACH_RELEASE_DIR=/opt/gtach/current/app""#,
        #"Environment="GTACH_STATE_DIR=/opt/gtach/state/app""#, "",
      ])
    #expect(service.path == "/etc/systemd/system/app.service")
    // What is written can be read, and a byte order mark is not in the middle of it.
    let marked = try self.service("\u{FEFF}[Service]\r\nExecStart=/usr/bin/true\r\n")
    #expect(!marked.text.contains("\u{FEFF}"))
    _ = try ServiceUnit(UnitFile(Array(marked.text.utf8), path: "app.service"))
  }

  @Test(
    "leads to this machine's active release, from whatever install root",
    arguments: [
      ("ExecStart=/opt/gtach/current/app/bin/run", "ExecStart=/srv/g/current/app/bin/run"),
      ("ExecStart=-/opt/gtach/current/app/bin/run", "ExecStart=-/srv/g/current/app/bin/run"),
      ("ExecStart=!!%h/.gtach/apps/current/app/run a", "ExecStart=!!/srv/g/current/app/run a"),
      (
        #"ExecStart="/opt/gtach/current/app/a b" --x=/opt/gtach/current/app"#,
        #"ExecStart="/srv/g/current/app/a b" --x=/srv/g/current/app"#
      ),
      ("WorkingDirectory=/opt/gtach/current/app", "WorkingDirectory=/srv/g/current/app"),
      ("Environment=P=/a:/opt/gtach/current/app/lib:/b", "Environment=P=/a:/srv/g/current/app/lib:/b"),
      ("ExecStart=/opt/gtach/current/app2/run", "ExecStart=/opt/gtach/current/app2/run"),
      ("ExecStart=/opt/gtach/current/lib/run", "ExecStart=/opt/gtach/current/lib/run"),
      ("ExecStart=/bin/x gtach/current/app/run", "ExecStart=/bin/x gtach/current/app/run"),
    ])
  func redirected(line: String, expected: String) throws {
    let start = line.hasPrefix("ExecStart") ? "" : "ExecStart=/bin/true\n"
    let text = try service("[Service]\n\(start)\(line)\n", root: "/srv/g").text
    #expect(text.split(separator: "\n").contains(Substring(expected)), "\(text)")
  }

  @Test("starts when it says, and with the machine where it says nothing")
  func links() throws {
    func links(_ install: String, _ manager: ServiceManager = .systemd) throws -> [String] {
      try service("[Service]\nExecStart=/bin/true\n[Install]\n\(install)\n", manager: manager).links
    }
    #expect(try links("") == ["multi-user.target.wants/app.service"])
    #expect(try links("", .systemdUser) == ["default.target.wants/app.service"])
    #expect(
      try links("WantedBy=graphical.target dev-fb0.device\nRequiredBy=a@b.service\nUpheldBy=c.target") == [
        "a@b.service.requires/app.service", "c.target.upholds/app.service", "dev-fb0.device.wants/app.service",
        "graphical.target.wants/app.service",
      ])
    #expect(
      try links("WantedBy=multi-user.target graphical.target", .systemdUser) == ["default.target.wants/app.service"])
    for wrong in ["Alias=other.service", "Also=other.socket", "WantedBy=../../x.target", "WantedBy=nonsense"] {
      let error = thrownError { try links(wrong) }
      #expect(
        error?.code == .descriptionInvalid && error?.message.contains("line 4 of app.service") == true, "\(wrong)")
    }
  }

  @Test("cannot be made for an install root that would be something else in it")
  func roots() {
    for root in ["/srv/a b", "/srv/100%", "/srv/$x", "/srv/\"", "/srv/ä"] {
      let error = thrownError { try service("[Service]\nExecStart=/bin/true\n", root: root) }
      #expect(error?.code == .configurationInvalid, "\(root)")
    }
  }
}

@Suite("whether a service stays up")
struct ServiceWatchTests {
  private func at(_ milliseconds: Int64) -> Instant { Instant(milliseconds: milliseconds) }
  private func active(_ since: Int64, restarts: Int = 0, life: String = "a") -> ServiceStatus {
    ServiceStatus(activity: "active", restarts: restarts, invocation: life, activeSince: at(since))
  }

  @Test("it is stable once it was active for so long")
  func stable() {
    var watch = ServiceWatch(stableSeconds: 3, isFresh: true)
    #expect(watch.take(active(1000), now: at(1200)) == .lookAgain(at: at(2200)))
    #expect(watch.take(active(1000), now: at(3500)) == .lookAgain(at: at(4000)))
    #expect(watch.take(active(1000), now: at(4000)) == .stable)
    var later = ServiceWatch(stableSeconds: 3, isFresh: true)
    #expect(later.take(active(1000), now: at(9000)) == .stable)
  }

  @Test("a restart is one, whether it is seen or only counted")
  func restarts() {
    var fresh = ServiceWatch(stableSeconds: 3, isFresh: true)
    #expect(
      fresh.take(active(1000, restarts: 2), now: at(1000))
        == .unstable(reason: "it was started again 2 times: it is active"))
    var old = ServiceWatch(stableSeconds: 3, isFresh: false)
    #expect(old.take(active(1000, restarts: 2), now: at(1500)) == .lookAgain(at: at(2500)))
    #expect(
      old.take(active(1600, restarts: 3), now: at(2500)) == .unstable(reason: "it was started again once: it is active")
    )
    var byHand = ServiceWatch(stableSeconds: 3, isFresh: false)
    #expect(byHand.take(active(1000), now: at(1500)) == .lookAgain(at: at(2500)))
    #expect(
      byHand.take(active(1600, life: "b"), now: at(2500)) == .unstable(reason: "it was started again by somebody"))
  }

  @Test("one that has failed is not waited for, one that starts is, but not for ever")
  func states() {
    func first(_ status: ServiceStatus) -> ServiceWatch.Verdict {
      var watch = ServiceWatch(stableSeconds: 3, isFresh: true)
      return watch.take(status, now: at(0))
    }
    let failed = ServiceStatus(activity: "failed", detail: "failed", result: "exit-code", exitStatus: "3")
    #expect(first(failed) == .unstable(reason: "it is failed (exit-code, status 3)"))
    #expect(first(ServiceStatus(activity: "inactive", detail: "dead")) == .unstable(reason: "it is inactive (dead)"))
    #expect(first(ServiceStatus(load: "masked", activity: "inactive")) == .unstable(reason: "it is masked"))
    let waiting = ServiceStatus(activity: "activating", detail: "auto-restart", result: "signal", exitStatus: "11")
    #expect(first(waiting) == .unstable(reason: "it is activating (signal, status 11)"))
    #expect(first(ServiceStatus(activity: "inactive", isOneshot: true)) == .stable)
    var starting = ServiceWatch(stableSeconds: 3, isFresh: true)
    let status = ServiceStatus(activity: "activating", detail: "start")
    #expect(starting.take(status, now: at(0)) == .lookAgain(at: at(1000)))
    #expect(starting.take(status, now: at(32_999)) == .lookAgain(at: at(33_999)))
    #expect(starting.take(status, now: at(33_000)) == .unstable(reason: "it is activating (start) all the time"))
  }
}
