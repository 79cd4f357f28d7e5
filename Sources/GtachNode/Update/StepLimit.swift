import GtachCore
import GtachModel
import GtachSystem

/// How long a step of an update may take that waits for others, and what cuts it off.
struct StepLimit: Sendable {
  /// What cuts it off; nil where nothing may.
  let cancellation: Cancellation?
  /// When all is to be done; nil where there is no hurry.
  private let end: Instant?

  /// As it is until somebody interrupts it.
  init(cancellation: Cancellation?) {
    self.cancellation = cancellation
    end = nil
  }

  /// As it is once it was interrupted: what is left to do is done to its end, and soon.
  init(interruptedAt now: Instant) {
    cancellation = nil
    end = now.advanced(byMilliseconds: UpdateMachine.interruptedSeconds * 1000)
  }

  /// Whether it may be interrupted, or was.
  var isInterruptible: Bool { end == nil }

  /// When a step that begins now has to be done.
  ///
  /// - Parameter seconds: How long it may take where there is no hurry.
  func deadline(seconds: Int64) -> Instant {
    let now = MonotonicClock.now()
    let own = now.advanced(byMilliseconds: seconds * 1000)
    guard let end else { return own }
    return min(own, max(end, now.advanced(byMilliseconds: UpdateMachine.hurriedStepSeconds * 1000)))
  }
}
