import GtachModel

/// A queue between threads: any thread posts, any thread receives, each message goes to exactly one receiver, in the
/// order of posting.
///
/// Unbounded: whoever posts for a peer bounds what that peer may have outstanding.
public final class Mailbox<Message: Sendable>: @unchecked Sendable {
  // Everything below is touched only under the monitor.
  private let monitor = Monitor()
  private var messages: [Message] = []
  private var first = 0
  private var closed = false

  /// An empty, open mailbox.
  public init() {}

  /// Puts a message at the end of the queue. After `close()` the message is dropped.
  ///
  /// - Returns: Whether the message was taken: false once closed.
  @discardableResult
  public func post(_ message: Message) -> Bool {
    monitor.withLock {
      guard !closed else { return false }
      messages.append(message)
      monitor.signal()
      return true
    }
  }

  /// Takes the oldest message, waiting for one where there is none.
  ///
  /// - Parameter deadline: When to give up; nil waits for as long as it takes.
  /// - Returns: Nil at the deadline, or once the mailbox is closed and drained.
  public func receive(until deadline: Instant?) -> Message? {
    monitor.withLock {
      while true {
        if first < messages.count { return takeFirst() }
        if closed { return nil }
        if !monitor.wait(until: deadline) { return nil }
      }
    }
  }

  /// Takes all messages that wait, the oldest first, waiting for one where there is none.
  ///
  /// - Parameter deadline: When to give up; nil waits for as long as it takes.
  /// - Returns: Nothing at the deadline, or once the mailbox is closed and drained.
  public func receiveAll(until deadline: Instant?) -> [Message] {
    monitor.withLock {
      while first == messages.count {
        if closed || !monitor.wait(until: deadline) { return [] }
      }
      defer {
        messages.removeAll(keepingCapacity: messages.count <= 1024)
        first = 0
      }
      return Array(messages[first...])
    }
  }

  /// Whether `close()` was called; messages may still be waiting.
  public var isClosed: Bool { monitor.withLock { closed } }

  /// Takes no more messages and wakes every receiver; those already posted can still be received.
  public func close() {
    monitor.withLock {
      closed = true
      monitor.broadcast()
    }
  }

  private func takeFirst() -> Message {
    let message = messages[first]
    first += 1
    // Taken messages are dropped in bulk, so that taking one costs constant time on average.
    if first == messages.count {
      messages.removeAll(keepingCapacity: first <= 1024)
      first = 0
    } else if first >= 1024 {
      messages.removeFirst(first)
      first = 0
    }
    return message
  }
}
