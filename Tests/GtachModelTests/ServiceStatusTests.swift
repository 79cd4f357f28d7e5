import GtachModel
import Testing

@Suite("what systemctl says of a service")
struct ServiceStatusTests {
  @Test("is read in any order, with unknown properties passed over")
  func properties() throws {
    let status = try ServiceStatus(
      properties: """
        Type=simple
        NRestarts=3
        Unknown=a=b
        FragmentPath=/etc/systemd/system/app.service
        LoadState=loaded
        ActiveState=active
        SubState=running
        Result=success
        ExecMainStatus=0
        InvocationID=abc
        ActiveEnterTimestampMonotonic=12345678
        """)
    #expect(
      status
        == ServiceStatus(
          activity: "active", detail: "running", exitStatus: "0", restarts: 3, invocation: "abc",
          activeSince: Instant(milliseconds: 12_345), unitFile: "/etc/systemd/system/app.service"))
    #expect(status.summary == "active (running)")
  }

  @Test("one that is not there has neither a unit file nor a time")
  func absent() throws {
    let status = try ServiceStatus(
      properties: "LoadState=not-found\nActiveState=inactive\nActiveEnterTimestampMonotonic=99\nFragmentPath=\n")
    #expect(status.unitFile == nil && status.activeSince == nil && status.restarts == 0)
  }

  @Test("one that is about to run counts as one that runs, and one that ended or failed does not")
  func running() {
    for activity in ["active", "activating", "reloading"] { #expect(ServiceStatus(activity: activity).isRunning) }
    for activity in ["inactive", "failed", "deactivating"] { #expect(!ServiceStatus(activity: activity).isRunning) }
  }

  @Test("anything else is no answer", arguments: ["", "ActiveState=active", "LoadState=loaded\nActiveState=", "no"])
  func nonsense(text: String) {
    #expect(throws: GtachError.self) { try ServiceStatus(properties: text) }
  }
}
