import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Synchronization

/// A connection that this node dialled, on two threads: one puts questions, the other takes answers, verifies them and
/// stores objects, so that a slow disk holds the peer back through TCP and nothing else.
final class DialledSession: Sendable {
  let id: SessionID
  private let endpoints: [Endpoint]
  private let identity: TLSIdentity
  private let hello: Hello
  private let repository: PackageRepository
  private let deliver: @Sendable (NodeInput) -> Void
  private let cancellation: Cancellation
  private let questions = Mailbox<SessionRequest>()
  private let state = Mutex(State())

  private struct State {
    var pending: [UInt32: PendingRequest] = [:]
    var nextID: UInt32 = 0
    /// The question whose answer is due, as answers come in order, and since when.
    var due: (id: UInt32, since: Instant)?
    var closeError: GtachError?
    var isClosing = false
  }

  /// - Parameter deliver: takes what happens; the last is always `sessionClosed`.
  init(
    id: SessionID, endpoints: [Endpoint], identity: TLSIdentity, hello: Hello, repository: PackageRepository,
    deliver: @escaping @Sendable (NodeInput) -> Void
  ) throws(GtachError) {
    self.id = id
    self.endpoints = endpoints
    self.identity = identity
    self.hello = hello
    self.repository = repository
    self.deliver = deliver
    cancellation = try Cancellation()
  }

  /// Starts to connect.
  func start() throws(GtachError) -> WorkerThread {
    try WorkerThread(name: "gtach-dial-\(id.number)") { self.run() }
  }

  /// Queues a question.
  func ask(_ request: SessionRequest) { questions.post(request) }

  /// Ends the session; `sessionClosed` follows with this error.
  func close(_ error: GtachError?) {
    state.withLock { state in
      if !state.isClosing {
        state.isClosing = true
        state.closeError = error
      }
    }
    questions.close()
    cancellation.cancel()
  }

  private func run() {
    var channel: PeerChannel?
    var asker: WorkerThread?
    var failure: GtachError?
    do throws(GtachError) {
      let (connection, endpoint) = try connect()
      let opened = PeerChannel(connection, stream: .answers)
      channel = opened
      let deadline = MonotonicClock.now().advanced(byMilliseconds: Limits.handshakeMilliseconds)
      try opened.send(.hello(hello), deadline: deadline)
      guard case .hello(let theirs)? = try opened.receive(deadline: deadline) else {
        throw GtachError(.protocolViolation, "the peer did not say hello")
      }
      guard theirs.node == opened.peer else {
        throw GtachError(.peerUntrusted, "the peer says that it is another node than its certificate says")
      }
      deliver(.sessionOpened(id, hello: theirs, name: opened.peerName, endpoint: endpoint))
      asker = try WorkerThread(name: "gtach-ask-\(id.number)") { self.putQuestions(opened) }
      try takeAnswers(opened)
    } catch {
      failure = error
    }
    questions.close()
    let (isClosing, closeError) = state.withLock { ($0.isClosing, $0.closeError) }
    let error = isClosing ? closeError : failure ?? GtachError(.peerClosed, "the peer closed the connection")
    channel?.close(telling: error)
    asker?.join()
    deliver(.sessionClosed(id, error))
  }

  private func connect() throws(GtachError) -> (TLSConnection, Endpoint) {
    var failure = GtachError(.peerUnreachable, "the peer has no address")
    for endpoint in endpoints {
      do throws(GtachError) {
        let connection = try TLSConnection.connect(
          to: endpoint, identity: identity,
          deadline: MonotonicClock.now().advanced(byMilliseconds: Limits.handshakeMilliseconds),
          cancellation: cancellation)
        return (connection, endpoint)
      } catch {
        failure = error
        if error.code == .cancelled { break }
      }
    }
    throw failure
  }

  private func putQuestions(_ channel: PeerChannel) {
    while var request = questions.receive(until: nil) {
      do throws(GtachError) {
        // Those that are put together are answered together.
        while true {
          try channel.enqueue([question(request)])
          guard let next = questions.receive(until: MonotonicClock.now()) else { break }
          request = next
        }
        try channel.flush()
      } catch {
        close(error)
        return
      }
    }
  }

  private func question(_ request: SessionRequest) -> Message {
    let pending = PendingRequest(request, bases: repository.bases(for: request))
    return state.withLock { state in
      state.nextID &+= 1
      state.pending[state.nextID] = pending
      return pending.message(id: state.nextID)
    }
  }

  private func takeAnswers(_ channel: PeerChannel) throws(GtachError) {
    var heard = MonotonicClock.now()
    while true {
      let message: Message
      try requireProgress()
      do throws(GtachError) {
        let deadline = MonotonicClock.now().advanced(byMilliseconds: Limits.answerMilliseconds)
        guard let received = try channel.receive(deadline: deadline) else { return }
        message = received
      } catch {
        // Silence is an error only where an answer is due: now, or at the latest after the watch's sign of life.
        let silence = MonotonicClock.now().milliseconds - heard.milliseconds
        let isAnswerDue = state.withLock { $0.pending.values.contains { !$0.isWatch } }
        guard error.code == .peerTimeout, !isAnswerDue, silence < Limits.idleMilliseconds else { throw error }
        continue
      }
      heard = MonotonicClock.now()
      try take(message, channel)
    }
  }

  /// A peer that says a little now and then, or something else, is no better than a silent one.
  ///
  /// - Throws: `ErrorCode.peerTimeout`.
  private func requireProgress() throws(GtachError) {
    let now = MonotonicClock.now()
    let isLate = state.withLock { state -> Bool in
      guard let (id, pending) = state.pending.filter({ !$0.value.isWatch }).min(by: { $0.key < $1.key }) else {
        state.due = nil
        return false
      }
      guard let due = state.due, due.id == id else {
        state.due = (id, now)
        return false
      }
      let earned = Int64(pending.receivedBytes / DistributionLimits.leastBytesPerMillisecond)
      return due.since.advanced(byMilliseconds: 2 * Limits.answerMilliseconds + earned) <= now
    }
    if isLate { throw GtachError(.peerTimeout, "the peer answers too slowly") }
  }

  private func take(_ message: Message, _ channel: PeerChannel) throws(GtachError) {
    if case .failure(let failure) = message, failure.id == nil { throw failure.error }
    guard let number = message.id, var pending = state.withLock({ $0.pending[number] }) else {
      throw GtachError(.protocolViolation, "the peer answered what it was not asked")
    }
    let step = try pending.take(message)
    state.withLock { $0.pending[number] = step.isLast ? nil : pending }
    if let arrival = step.arrival {
      deliver(.reply(id, try store(arrival)))
    } else if let reply = step.reply {
      deliver(.reply(id, reply))
    }
  }

  /// Stores what has come.
  ///
  /// - Throws: `ErrorCode.objectCorrupt`, `ErrorCode.chunkCorrupt` where the peer sent another object or chunk.
  private func store(_ arrival: PendingRequest.Arrival) throws(GtachError) -> SessionReply {
    switch arrival {
    case .object(let receiver):
      let (bytes, digests) = try receiver.content()
      return store(receiver, bytes, digests)
    case .bare(let receiver):
      let bytes = try receiver.bytes()
      do throws(GtachError) {
        try repository.storeChunk(bytes, digest: receiver.chunk.digest)
        return .chunkStored(receiver.variant, position: receiver.position, bytes: receiver.frame.count)
      } catch {
        return .chunkRefused(receiver.variant, error)
      }
    }
  }

  private func store(_ receiver: ObjectReceiver, _ bytes: [UInt8], _ digests: [Digest]) -> SessionReply {
    let position = receiver.object.chunk
    do throws(GtachError) {
      try repository.storeObject(index: receiver.index, number: receiver.number, bytes: bytes, unitDigests: digests)
      return .chunkStored(receiver.variant, position: position, bytes: bytes.count)
    } catch {
      guard error.code == .objectCorrupt || error.code == .chunkCorrupt else {
        return .chunkRefused(receiver.variant, error)
      }
      // It has the id that it is named by: so it is the object that its publisher made.
      return .objectUseless(
        receiver.variant, position: position, form: .object(receiver.number), bytes: bytes.count, error)
    }
  }
}
