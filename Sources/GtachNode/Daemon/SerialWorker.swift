import GtachModel
import GtachSystem

/// A thread that does one piece of work after the other: whatever may block and must not hold up the decisions.
final class SerialWorker: Sendable {
  private let work = Mailbox<@Sendable () -> Void>()
  private let thread: WorkerThread

  init(name: String) throws(GtachError) {
    let work = self.work
    thread = try WorkerThread(name: name) {
      while let next = work.receive(until: nil) { next() }
    }
  }

  /// Queues a piece of work.
  func perform(_ body: @escaping @Sendable () -> Void) { work.post(body) }

  /// Does what is queued and ends.
  func finish() {
    work.close()
    thread.join()
  }
}

/// The error that the body throws; nil where it throws none.
func failure(_ body: () throws(GtachError) -> Void) -> GtachError? {
  do throws(GtachError) {
    try body()
    return nil
  } catch {
    return error
  }
}
