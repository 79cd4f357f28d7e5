import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Synchronization

/// What one peer is told when there is something to tell, on the connection that it dialled: by a thread of its own, so
/// that nobody waits for a peer that does not read.
final class PeerTeller: Sendable {
  /// What is to be told.
  enum Telling: Sendable {
    /// There are units that it was not told of; others may come within so many milliseconds.
    case news(waitingMilliseconds: Int64)
    /// A claim was granted, or is over.
    case lease(UInt32, isGranted: Bool)
    /// This node has something new, and the peer may watch.
    case change
  }

  private struct State {
    var isStarted = false
    /// Whether a change waits to be told: once is enough for all of them.
    var isChangeWaiting = false
  }

  private let connection: Int
  private let sharing: UnitSharing
  private let channel: PeerChannel
  private let tellings = Mailbox<Telling>()
  /// Leases that wait to be told.
  private let leases = Backlog(limit: DistributionLimits.untoldLeases)
  private let state = Mutex(State())

  init(connection: Int, sharing: UnitSharing, channel: PeerChannel) {
    self.connection = connection
    self.sharing = sharing
    self.channel = channel
  }

  /// Begins to tell, unless it has.
  ///
  /// - Parameter change: Tells the peer of a change, if it watches.
  func start(tellingChange change: @escaping @Sendable () throws(GtachError) -> Void) throws(GtachError) {
    let isFirst = state.withLock { state in
      defer { state.isStarted = true }
      return !state.isStarted
    }
    if isFirst { _ = try WorkerThread(name: "gtach-tell") { self.run(change) } }
  }

  /// Has something told, some time.
  func post(_ telling: Telling) {
    switch telling {
    case .news: break
    case .lease: leases.add(1)
    case .change:
      let isNew = state.withLock { state in
        defer { state.isChangeWaiting = state.isStarted }
        return state.isStarted && !state.isChangeWaiting
      }
      guard isNew else { return }
    }
    tellings.post(telling)
  }

  /// Waits until the peer was told of its leases: one that claims and ends without reading does not fill the memory.
  func waitForRoom() { leases.waitForRoom() }

  /// Tells nothing more.
  func close() {
    tellings.close()
    leases.release()
  }

  /// Tells of leases and changes at once, and of units that have come together every few milliseconds.
  private func run(_ change: () throws(GtachError) -> Void) {
    var due: Instant?
    do throws(GtachError) {
      while !tellings.isClosed {
        switch tellings.receive(until: due) {
        case .news(let pause)?: due = due ?? MonotonicClock.now().advanced(byMilliseconds: pause)
        case .lease(let id, let isGranted)?:
          try channel.send(.lease(Lease(id: id, granted: isGranted)))
          leases.remove(1)
        case .change?:
          state.withLock { $0.isChangeWaiting = false }
          try change()
        case nil: break
        }
        guard let instant = due, instant <= MonotonicClock.now() else { continue }
        due = nil
        for (id, ranges) in sharing.news(for: connection) {
          try channel.enqueue(Have.messages(id: id, ranges: ranges).map { .have($0) })
          try channel.flush()
        }
      }
    } catch {
      // The peer is gone or stuck; the thread that serves it ends the connection.
      channel.close(telling: nil)
      close()
    }
  }
}
