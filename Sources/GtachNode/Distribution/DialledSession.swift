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
  private let store: UnitStore
  private let questions = Mailbox<Saying>()
  private let state = Mutex(State())

  /// What is to be said.
  private enum Saying: Sendable {
    case request(SessionRequest)
    /// That a claim is over is acknowledged.
    case end(UInt32)
  }

  private struct State {
    var conversation = FetchConversation()
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
    sharing: UnitSharing, deliver: @escaping @Sendable (NodeInput) -> Void
  ) throws(GtachError) {
    self.id = id
    self.endpoints = endpoints
    self.identity = identity
    self.hello = hello
    self.repository = repository
    store = UnitStore(repository: repository, sharing: sharing)
    self.deliver = deliver
    cancellation = try Cancellation()
  }

  /// Starts to connect.
  func start() throws(GtachError) -> WorkerThread {
    try WorkerThread(name: "gtach-dial-\(id.number)") { self.run() }
  }

  /// Queues a question.
  func ask(_ request: SessionRequest) { questions.post(.request(request)) }

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
    for index in state.withLock({ $0.conversation.indexes }) { store.sharing.end(index) }
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
    do throws(GtachError) {
      while let first = questions.receive(until: nil) {
        // Those that are put together are answered together.
        var saying: Saying? = first
        while let next = saying {
          if let message = try message(for: next) { try channel.enqueue([message]) }
          saying = questions.receive(until: MonotonicClock.now())
        }
        try channel.flush()
      }
    } catch {
      close(error)
    }
  }

  private func message(for saying: Saying) throws(GtachError) -> Message? {
    switch saying {
    case .end(let id): .end(End(id: id))
    case .request(let request): try message(for: request)
    }
  }

  /// What a request is said by; nil where it is about a variant that is not followed any more.
  private func message(for request: SessionRequest) throws(GtachError) -> Message? {
    if case .follow(_, let map, let index) = request { try store.sharing.begin(index, map) }
    let bases = repository.bases(for: request)
    let (message, ended) = state.withLock { state -> (Message?, Digest?) in
      state.nextID &+= 1
      let id = state.nextID
      switch request {
      case .follow(let variant, let map, let index):
        return (state.conversation.follow(variant, map, index: index, id: id), nil)
      case .unfollow(let variant):
        let end = state.conversation.unfollow(variant)
        return (end?.message, end?.index)
      case .fetch(let variant, .claim(let have, let isUrgent)):
        return (state.conversation.claim(variant, have: have, isUrgent: isUrgent, id: id), nil)
      case .fetch(let variant, .endClaim): return (state.conversation.endClaim(variant), nil)
      case .fetch(let variant, let question):
        guard let followed = state.conversation.followed(variant) else { return (nil, nil) }
        let fetch = PendingRequest.Fetch(followed: followed, question: question)
        let pending = PendingRequest(request, bases: [], fetch: fetch)
        state.pending[id] = pending
        return (pending.message(id: id), nil)
      default:
        let pending = PendingRequest(request, bases: bases, fetch: nil)
        state.pending[id] = pending
        return (pending.message(id: id), nil)
      }
    }
    if let ended { store.sharing.end(ended) }
    return message
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
    switch message {
    case .failure(let failure) where failure.id == nil: throw failure.error
    case .have(let have):
      guard let variant = state.withLock({ $0.conversation.variant(following: have.id) }) else { return }
      deliver(.reply(id, .fetch(variant, .has(have.ranges))))
      return
    case .lease(let lease):
      // What was asked before the peer hears of this is answered still. It counts the claim until then, whatever this
      // side has claimed since.
      if !lease.granted { questions.post(.end(lease.id)) }
      guard let variant = state.withLock({ $0.conversation.lease(lease.id) }) else { return }
      deliver(.reply(id, .fetch(variant, .lease(isGranted: lease.granted))))
      return
    default: break
    }
    guard let number = message.id, var pending = state.withLock({ $0.pending[number] }) else {
      throw GtachError(.protocolViolation, "the peer answered what it was not asked")
    }
    let step = try pending.take(message)
    state.withLock { $0.pending[number] = step.isLast ? nil : pending }
    if let arrival = step.arrival, let followed = pending.fetch?.followed {
      deliver(.reply(id, .fetch(followed.variant, try store.store(arrival, of: followed))))
    } else if let reply = step.reply {
      deliver(.reply(id, reply))
    }
  }
}
