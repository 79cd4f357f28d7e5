import GtachModel
import Testing

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

@Suite("Windows of time for automatic installs")
struct InstallWindowsTests {
  private func windows(_ texts: String...) throws -> InstallWindows {
    var windows: [InstallWindows.Window] = []
    for text in texts { windows.append(try InstallWindows.Window(text)) }
    return InstallWindows(windows)
  }

  private func time(_ hour: Int, _ minute: Int, _ second: Int = 0, isSynchronised: Bool = true) -> LocalTime {
    LocalTime(secondsOfDay: hour * 3600 + minute * 60 + second, isSynchronised: isSynchronised)
  }

  @Test("a window is open from its first minute on until its last")
  func edges() throws {
    let night = try windows("03:00-05:00")
    #expect(night.state(at: time(2, 59, 59)) == .outside(opensInSeconds: 1))
    #expect(night.state(at: time(3, 0)) == .inside(endsInSeconds: 7200))
    #expect(night.state(at: time(4, 59, 59)) == .inside(endsInSeconds: 1))
    #expect(night.state(at: time(5, 0)) == .outside(opensInSeconds: 22 * 3600))
    #expect(night.state(at: time(23, 59, 59)) == .outside(opensInSeconds: 3 * 3600 + 1))
  }

  @Test("over midnight, and several at once")
  func midnight() throws {
    let late = try windows("22:30-00:15")
    #expect(late.state(at: time(22, 29)) == .outside(opensInSeconds: 60))
    #expect(late.state(at: time(23, 0)) == .inside(endsInSeconds: 75 * 60))
    #expect(late.state(at: time(0, 0)) == .inside(endsInSeconds: 15 * 60))
    #expect(late.state(at: time(0, 15)) == .outside(opensInSeconds: 22 * 3600 + 900))
    #expect(try windows("12:00-00:00").state(at: time(23, 59)) == .inside(endsInSeconds: 60))
    let two = try windows("03:00-05:00", "04:00-06:00", "20:00-21:00")
    #expect(two.state(at: time(4, 30)) == .inside(endsInSeconds: 90 * 60))
    #expect(two.state(at: time(6, 0)) == .outside(opensInSeconds: 14 * 3600))
  }

  @Test("a clock that nobody keeps right makes them not hold")
  func unsynchronised() throws {
    #expect(try windows("03:00-05:00").state(at: time(12, 0, isSynchronised: false)) == .ignored)
    let report = WindowReport(try windows("03:00-05:00"), at: time(12, 0, isSynchronised: false))
    #expect(report.state == .ignored && report.until == nil)
  }

  @Test("the report says when that changes")
  func report() throws {
    let all = try windows("03:00-05:00", "22:30-00:15")
    #expect(WindowReport(all, at: time(12, 0, 30)).until == "22:30")
    #expect(WindowReport(all, at: time(23, 0)).until == "00:15")
    #expect(WindowReport(all, at: time(1, 0)).state == .closed)
    #expect(WindowReport(all, at: time(1, 0)).windows == ["03:00-05:00", "22:30-00:15"])
  }

  @Test(
    "what is no window is refused",
    arguments: [
      "", "03:00", "03:00-", "3:00-05:00", "03:00-24:00", "03:60-05:00", "03:00-03:00", "03:00-05:00-06:00",
      "03.00-05.00",
      "03:00 - 05:00", "aa:bb-cc:dd", "-3:00-05:00", "٠٣:00-05:00",
    ])
  func refused(text: String) {
    #expect(throws: GtachError.self) { try InstallWindows.Window(text) }
  }

  @Test("in config.json")
  func configuration() throws {
    func read(_ text: String) throws -> InstallWindows? {
      try JSONDecoder().decode(NodeConfiguration.self, from: Data("{\"installWindows\": \(text)}".utf8)).installWindows
    }
    let all = try windows("03:00-05:00", "22:30-00:15")
    #expect(try read(#"["03:00-05:00", "22:30-00:15"]"#) == all)
    #expect(try JSONDecoder().decode(InstallWindows.self, from: JSONEncoder().encode(all)) == all)
    for wrong in ["[]", #""03:00-05:00""#, "[3]", #"["x"]"#] {
      #expect(throws: DecodingError.self) { try read(wrong) }
    }
  }
}
