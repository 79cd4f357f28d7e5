import GtachModel
import GtachSystem

/// A node that is there for a few questions only: what a command does where no daemon runs.
public enum PassingNode {
  /// Starts a node, asks it one thing after the other, and ends it.
  ///
  /// Once cancelled, it answers when what it was doing has ended: an update is taken back first, and the answer is how.
  ///
  /// - Throws: what keeps the node from starting, the first failure that it answers, or `ErrorCode.cancelled`.
  public static func ask(
    _ requests: [ControlRequest], context: NodeContext, options: NodeDaemon.Options, cancellation: Cancellation,
    event: @escaping (NodeEvent) -> Void = { _ in }
  ) throws(GtachError) -> [ControlReply] {
    let failures = Mailbox<GtachError>()
    let happenings = Mailbox<NodeEvent>()
    let daemon = try context.daemon(options: options) { happenings.post($0) }
    let thread = try WorkerThread(name: "gtach-node") {
      do throws(GtachError) {
        try daemon.run()
      } catch {
        failures.post(error)
      }
      daemon.inbox.close()
      happenings.close()
    }
    defer {
      daemon.stop()
      thread.join()
    }
    var answers: [ControlReply] = []
    for request in requests {
      try cancellation.check()
      answers.append(
        try answer(
          of: daemon, to: request, happenings: happenings, failures: failures, cancellation: cancellation,
          event: event))
    }
    return answers
  }

  private static func answer(
    of daemon: NodeDaemon, to request: ControlRequest, happenings: Mailbox<NodeEvent>, failures: Mailbox<GtachError>,
    cancellation: Cancellation, event: (NodeEvent) -> Void
  ) throws(GtachError) -> ControlReply {
    let replies = daemon.submit(request)
    while true {
      if cancellation.isCancelled { daemon.stop() }
      let now = MonotonicClock.now()
      tell(happenings, event)
      if let failure = failures.receive(until: now) { throw failure }
      switch replies.receive(until: now.advanced(byMilliseconds: lookMilliseconds)) {
      case nil, .event?: continue
      case .failed(let report)?: throw report.error
      case let answer?:
        // What it is the answer to has happened before it came.
        tell(happenings, event)
        return answer
      }
    }
  }

  private static func tell(_ happenings: Mailbox<NodeEvent>, _ event: (NodeEvent) -> Void) {
    let now = MonotonicClock.now()
    while let happened = happenings.receive(until: now) { event(happened) }
  }

  /// How often a waiting command looks at what happened and whether it was interrupted, in milliseconds.
  private static let lookMilliseconds: Int64 = 50
}
