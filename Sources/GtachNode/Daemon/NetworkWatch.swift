import GtachModel
import GtachSystem

/// Tells of it when this machine's addresses have changed.
enum NetworkWatch {
  /// Starts the thread that waits for that.
  ///
  /// - Parameters:
  ///   - cancellation: Ends it.
  ///   - changed: Is called on that thread.
  ///   - emit: Is told, on that thread, when no more changes can be noticed.
  /// - Throws: `ErrorCode.busy` where the system has no room for a thread.
  static func start(
    cancellation: Cancellation, changed: @escaping @Sendable () -> Void,
    emit: @escaping @Sendable (NodeEvent) -> Void
  ) throws(GtachError) -> WorkerThread {
    try WorkerThread(name: "gtach-network") {
      do throws(GtachError) {
        let changes = try NetworkChanges()
        var known = try NetworkInterfaces.addresses()
        while true {
          try changes.wait(cancellation: cancellation)
          let current = try NetworkInterfaces.addresses()
          if current != known { changed() }
          known = current
        }
      } catch {
        // Without it, a machine that has moved is found again when its connections fail.
        if error.code != .cancelled { emit(.peerFailed(name: "network changes", error: ErrorReport(error))) }
      }
    }
  }
}
