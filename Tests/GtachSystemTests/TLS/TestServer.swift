import GtachModel
import GtachSystem

/// A listener on 127.0.0.1 that does each handshake on a thread of its own and hands over what came of it.
final class TestServer: Sendable {
  let endpoint: Endpoint
  private let cancellation: Cancellation
  private let outcomes = Mailbox<Result<TLSConnection, GtachError>>()
  private let thread: WorkerThread

  init(identity: TLSIdentity, allowJoin: Bool = false, handshakeMilliseconds: Int64 = 60_000) throws(GtachError) {
    let listener = try TLSListener(endpoint: Endpoint(host: "127.0.0.1", port: 0))
    let cancellation = try Cancellation()
    let outcomes = self.outcomes
    endpoint = listener.boundEndpoint
    self.cancellation = cancellation
    thread = try WorkerThread(name: "accept") {
      do throws(GtachError) {
        while true {
          let socket = try listener.accept(deadline: nil, cancellation: cancellation)
          _ = try WorkerThread(name: "handshake") {
            let deadline = MonotonicClock.now().advanced(byMilliseconds: handshakeMilliseconds)
            do throws(GtachError) {
              let accepted = try socket.handshake(
                identity: identity, allowJoin: allowJoin, deadline: deadline, cancellation: cancellation)
              outcomes.post(.success(accepted.connection))
            } catch { outcomes.post(.failure(error)) }
          }
        }
      } catch { outcomes.close() }
    }
  }

  /// What came of the next handshake.
  func next() throws -> TLSConnection {
    guard let outcome = outcomes.receive(until: soon()) else { throw GtachError(.bug, "no handshake came to an end") }
    return try outcome.get()
  }

  func stop() {
    cancellation.cancel()
    thread.join()
  }

  /// A client of the same process and the server's end of its connection.
  func pair(_ identity: TLSIdentity, cancellation: Cancellation? = nil) throws -> (TLSConnection, TLSConnection) {
    let client = try TLSConnection.connect(
      to: endpoint, identity: identity, deadline: soon(), cancellation: cancellation)
    return (client, try next())
  }
}

/// A deadline for what should not wait at all.
func soon() -> Instant { MonotonicClock.now().advanced(byMilliseconds: 60_000) }

/// A deadline that is meant to pass.
func shortly() -> Instant { MonotonicClock.now().advanced(byMilliseconds: 100) }

extension TLSConnection {
  /// Receives that many bytes.
  func receiveAll(_ count: Int) throws(GtachError) -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let piece = try receive(maximum: count - bytes.count, deadline: soon())
      if piece.isEmpty { throw GtachError(.peerClosed, "closed after \(bytes.count) of \(count) bytes") }
      bytes += piece
    }
    return bytes
  }
}
