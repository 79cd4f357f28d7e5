import GtachModel
import GtachWire

/// The questions of one connection whose answers have not wholly come, in the order of asking. A value; the session's
/// threads share it under their lock.
struct PendingRequests {
  private var requests: [UInt32: PendingRequest] = [:]
  /// Those that are answered in their order, from the first one on that is not.
  private var order: [UInt32] = []
  private var first = 0
  /// Since when the first one is.
  private var since: Instant?

  /// Whether an answer is to come soon.
  var isAnswerDue: Bool { first < order.count }

  /// A question is put.
  mutating func add(_ request: PendingRequest, id: UInt32) {
    requests[id] = request
    if !request.mayTakeLong { order.append(id) }
  }

  /// Takes a question out to go on with its answer; copied, all that has come of it would be, with every part.
  mutating func take(_ id: UInt32) -> PendingRequest? { requests.removeValue(forKey: id) }

  /// A part of the answer came, and others are to follow.
  mutating func putBack(_ request: PendingRequest, id: UInt32) { requests[id] = request }

  /// The answer has wholly come.
  mutating func end(_ id: UInt32) {
    guard let place = order[first...].firstIndex(of: id) else { return }
    guard place == first else {
      order.remove(at: place)
      return
    }
    since = nil
    first += 1
    if first == order.count || first >= Limits.outstandingRequests {
      order.removeFirst(first)
      first = 0
    }
  }

  /// Whether the first answer takes too long: a peer that says a little now and then, or something else, is no better
  /// than a silent one.
  mutating func isLate(now: Instant) -> Bool {
    guard isAnswerDue, let request = requests[order[first]] else { return false }
    let start = since ?? now
    since = start
    let earned = Int64(request.receivedBytes / DistributionLimits.leastBytesPerMillisecond)
    return start.advanced(byMilliseconds: 2 * Limits.answerMilliseconds + earned) <= now
  }
}
