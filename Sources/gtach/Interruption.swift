import GtachModel
import GtachSystem

extension CommandSession {
  /// What Ctrl-C and SIGTERM cancel: every wait ends at once, but for that of an update which is taken back.
  func interruptible() throws(GtachError) -> Cancellation {
    let cancellation = try Cancellation()
    try onInterruption { cancellation.cancel() }
    return cancellation
  }

  /// Has something stopped at Ctrl-C or SIGTERM; at the second one the process ends at once.
  func onInterruption(_ stop: @escaping @Sendable () -> Void) throws(GtachError) {
    let mayWrite = !options.quiet
    try Signals.onTermination(stop) {
      guard mayWrite else { return }
      Console.say("\ngtach: ended at once; an update that was under way is taken up by the next start\n")
    }
  }
}
