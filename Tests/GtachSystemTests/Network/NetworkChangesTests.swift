import GtachModel
import GtachSystem
import Testing

/// That it tells of changes, `scripts/test-networks.sh` sees, where hosts lose their addresses.
@Suite("Changes of the network")
struct NetworkChangesTests {
  @Test("the wait for a change ends on request")
  func cancellation() throws {
    let changes = try NetworkChanges()
    let cancellation = try Cancellation()
    let ended = Mailbox<ErrorCode>()
    let thread = try WorkerThread(name: "waiter") {
      // Whatever changes meanwhile on the machine that runs this.
      while true {
        do throws(GtachError) {
          try changes.wait(cancellation: cancellation)
        } catch {
          ended.post(error.code)
          return
        }
      }
    }
    cancellation.cancel()
    thread.join()
    #expect(ended.receive(until: nil) == .cancelled)
  }
}
