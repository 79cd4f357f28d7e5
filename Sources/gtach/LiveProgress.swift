import GtachCommand
import GtachModel
import GtachNode
import GtachSystem
import Synchronization

/// The progress display of a waiting command; events may come from any thread.
final class LiveProgress: Sendable {
  private let display: Mutex<ProgressDisplay>

  init(rendering: Rendering) { display = Mutex(ProgressDisplay(rendering: rendering)) }

  func show(_ event: NodeEvent) {
    display.withLock { Console.say($0.show(event, now: MonotonicClock.now())) }
  }

  func show(_ progress: PackingProgress) {
    switch progress {
    case .unpacking(let done, let total): show("unpacking", doneBytes: done, totalBytes: total)
    case .reading(let done, let total): show("reading", doneBytes: done, totalBytes: total)
    case .encoding(let done, let total): show("encoding", doneBytes: done, totalBytes: total)
    }
  }

  func show(_ title: String, doneBytes: Int, totalBytes: Int) {
    let now = MonotonicClock.now()
    display.withLock { Console.say($0.show(title, doneBytes: doneBytes, totalBytes: totalBytes, now: now)) }
  }

  func finish() { display.withLock { Console.say($0.finish()) } }
}
