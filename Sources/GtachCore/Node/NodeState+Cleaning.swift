import GtachModel

/// When the repository is cleaned.
struct Cleaning: Sendable {
  /// How long after a cleaning the next is due although nothing happened: what is kept for some days only goes then.
  static let dayMilliseconds: Int64 = 86_400_000
  /// How long to wait where something has to be mended before, in milliseconds.
  static let hourMilliseconds: Int64 = 3_600_000

  /// Whether something changed since it was cleaned that may have left garbage.
  var isDue = true
  /// Whether it is being cleaned.
  var isUnderWay = false
  /// The instant at which the next is due whatever happens; nil where none was yet.
  var next: Instant?
  /// After a cleaning that had to wait for another process, until when it is not tried again.
  var backoff = Backoff()
  /// After one that could not be done, until when it is not tried again.
  var notBefore: Instant?

  var deadlines: [Instant] { isUnderWay ? [] : [next, backoff.until, notBefore].compactMap { $0 } }

  func allows(now: Instant) -> Bool {
    !isUnderWay && (isDue || next.map { $0 <= now } ?? false) && backoff.allows(now: now)
      && notBefore.map { $0 <= now } ?? true
  }
}

extension NodeState {
  /// Has the repository cleaned when a release has come or has been installed, when the disk is full, and once a day,
  /// if nothing is under way that would have to wait: nobody types `gtach gc` on a machine that nobody reaches. A
  /// publisher keeps everything, and has an operator.
  mutating func advanceCleaning(now: Instant, into actions: inout [NodeAction]) {
    guard setup.cleans, !setup.isPublisher, cleaning.allows(now: now), installing == nil, installQueue.isEmpty,
      orders.isEmpty, !downloads.keys.contains(where: { isUnderWay($0, now: now) })
    else { return }
    cleaning.isDue = false
    cleaning.isUnderWay = true
    // What operators asked for since the node started is nowhere on the disk.
    actions.append(.clean(keeping: wantedVariants(held: [])))
  }

  mutating func cleaned(
    _ result: Result<(report: GarbageReport, held: [VariantID: Digest]), GtachError>, now: Instant,
    into actions: inout [NodeAction]
  ) {
    cleaning.isUnderWay = false
    cleaning.next = now.advanced(byMilliseconds: Cleaning.dayMilliseconds)
    let problem: ErrorReport?
    switch result {
    case .success(let (report, held)):
      if self.held != held {
        hold(held)
        reconsider()
      }
      if !report.parts.isEmpty { actions.append(.emit(.cleaned(report: report))) }
      problem = report.postponed
    case .failure(let error): problem = ErrorReport(error)
    }
    guard let problem else {
      cleaning.backoff.reset()
      return
    }
    cleaning.isDue = true
    if problem.code == ErrorCode.busy.rawValue {
      cleaning.backoff.fail(now: now, using: &generator)
    } else {
      cleaning.notBefore = now.advanced(byMilliseconds: Cleaning.hourMilliseconds)
      actions.append(.emit(.cleaningFailed(error: problem)))
    }
  }
}
