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
    switch progress {
    case .unpacking(let done, let total): show("unpacking", doneBytes: done, totalBytes: total)
    case .reading(let done, let total): show("reading", doneBytes: done, totalBytes: total)
    case .encoding(let done, let total): show("encoding", doneBytes: done, totalBytes: total)
    }
  }

  func show(_ title: String, doneBytes: Int, totalBytes: Int) {
    let now = MonotonicClock.now()
    display.withLock { display in
      _ = Console.write(display.show(title, doneBytes: doneBytes, totalBytes: totalBytes, now: now), to: .errors)
    }
  }

  func finish() { display.withLock { _ = Console.write($0.finish(), to: .errors) } }
}
