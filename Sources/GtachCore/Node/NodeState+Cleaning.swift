import GtachModel

/// When the repository is cleaned.
struct Cleaning: Sendable {
  /// Whether something changed since it was cleaned that may have left garbage.
  var isDue = true
  /// Whether it is being cleaned.
  var isUnderWay = false
  /// After a cleaning that could not be done, until when it is not tried again.
  var backoff = Backoff()
}

extension NodeState {
  /// Has the repository cleaned when a release has come or has been installed, and nothing is under way that would have to
  /// wait: nobody types `gtach gc` on a machine that nobody reaches. A publisher keeps everything, and has an operator.
  mutating func advanceCleaning(now: Instant, into actions: inout [NodeAction]) {
    guard setup.cleans, !setup.isPublisher, cleaning.isDue, !cleaning.isUnderWay, cleaning.backoff.allows(now: now),
      installing == nil, !downloads.keys.contains(where: { isUnderWay($0, now: now) })
    else { return }
    cleaning.isDue = false
    cleaning.isUnderWay = true
    actions.append(.clean)
  }

  mutating func cleaned(
    _ result: Result<(report: GarbageReport, held: [VariantID: Digest]), GtachError>, now: Instant,
    into actions: inout [NodeAction]
  ) {
    cleaning.isUnderWay = false
    switch result {
    case .success(let (report, held)):
      if self.held != held {
        hold(held)
        reconsider()
      }
      if !report.parts.isEmpty { actions.append(.emit(.cleaned(report))) }
      guard report.postponed != nil else {
        cleaning.backoff.reset()
        return
      }
    case .failure(let error): actions.append(.emit(.cleaningFailed(ErrorReport(error))))
    }
    cleaning.isDue = true
    cleaning.backoff.fail(now: now, using: &generator)
  }
}
