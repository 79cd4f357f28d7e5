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
    display.withLock { display in
      _ = Console.write(display.show(event, now: MonotonicClock.now()), to: .errors)
    }
  }

  func show(_ progress: PackingProgress) {
    let now = MonotonicClock.now()
    display.withLock { display in
      let text =
        switch progress {
        case .reading(let done, let total): display.show("reading", doneBytes: done, totalBytes: total, now: now)
        case .encoding(let done, let total): display.show("encoding", doneBytes: done, totalBytes: total, now: now)
        }
      _ = Console.write(text, to: .errors)
    }
  }

  func finish() { display.withLock { _ = Console.write($0.finish(), to: .errors) } }
}
