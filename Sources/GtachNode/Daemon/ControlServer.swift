import GtachModel
import GtachSystem

/// The daemon's end of the Unix socket: one request a connection, answered by events and a last reply, a JSON document
/// a line.
final class ControlServer: Sendable {
  /// How long a client may take to ask, in milliseconds.
  static let requestMilliseconds: Int64 = 5_000
  /// How long a client may take to read a line, in milliseconds.
  static let replyMilliseconds: Int64 = 5_000

  private let listener: UnixSocketListener
  private let daemon: NodeDaemon
  private let cancellation: Cancellation
  /// Full while anybody is being answered.
  private let conversations = Backlog(limit: 1)

  init(path: String, daemon: NodeDaemon) throws(GtachError) {
    listener = try UnixSocketListener(path: path)
    cancellation = try Cancellation()
    self.daemon = daemon
  }

  func start() throws(GtachError) -> [WorkerThread] {
    [try WorkerThread(name: "gtach-control") { self.accept() }]
  }

  func stop() { cancellation.cancel() }

  /// Waits until whoever was answered has read it, or has had his time to.
  func finish() { conversations.waitForRoom() }

  private func accept() {
    while !cancellation.isCancelled {
      do throws(GtachError) {
        let connection = try listener.accept(deadline: nil, cancellation: cancellation)
        conversations.add(1)
        do throws(GtachError) {
          _ = try WorkerThread(name: "gtach-command") {
            self.serve(connection)
            self.conversations.remove(1)
          }
        } catch {
          conversations.remove(1)
          throw error
        }
      } catch {
        if error.code == .cancelled { return }
        daemon.events(.peerFailed(name: "control socket", error: ErrorReport(error)))
        _ = Mailbox<Void>().receive(until: MonotonicClock.now().advanced(byMilliseconds: 1_000))
      }
    }
  }

  private func serve(_ connection: UnixSocketConnection) {
    defer { connection.close() }
    func send(_ reply: ControlReply) throws(GtachError) {
      try connection.sendLine(
        ControlCoding.encode(reply),
        deadline: MonotonicClock.now().advanced(byMilliseconds: Self.replyMilliseconds))
    }
    do throws(GtachError) {
      let deadline = MonotonicClock.now().advanced(byMilliseconds: Self.requestMilliseconds)
      guard let line = try connection.receiveLine(deadline: deadline) else { return }
      let request: ControlRequest
      do throws(GtachError) {
        request = try ControlCoding.decode(ControlRequest.self, from: line)
      } catch {
        try send(.failed(ErrorReport(error)))
        return
      }
      let replies = daemon.submit(request)
      // Once the client is gone, nothing more piles up for it.
      defer { replies.close() }
      while let reply = replies.receive(until: nil) { try send(reply) }
    } catch {
      // The client went away, with Ctrl-C perhaps. What it asked for is done all the same.
      return
    }
  }
}
