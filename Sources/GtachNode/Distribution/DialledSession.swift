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
  private let inbox: @Sendable (NodeInput, _ taken: @escaping @Sendable () -> Void) -> Void
  /// What of this session the decisions have not taken, in bytes: it reads no more from its peer before they have.
  private let backlog = Backlog(limit: DistributionLimits.backlogBytes)
  private let cancellation: Cancellation
  private let store: UnitStore
  private let questions = Mailbox<Saying>()
  private let state = Mutex(State())

  /// How often it is told at most that a part of an answer came, in milliseconds: several times before a peer is
  /// silent.
  private static let hearingMilliseconds: Int64 = 500

  /// What is to be said.
  private enum Saying: Sendable {
    /// A question that may name what is here.
    case request(SessionRequest)
    /// What is ready.
    case message(Message)
    /// What is ready, when it is known what is here of a variant that is fetched.
    case begin(Digest, UnitMap, Message)
  }

  private struct State {
    var conversation = FetchConversation()
    var pending = PendingRequests()
    var nextID: UInt32 = 0
    var closeError: GtachError?
    var isClosing = false
  }

  /// - Parameter inbox: Takes what happens, and does something once that is taken note of; the last is always
  ///   `sessionClosed`.
  init(
    id: SessionID, endpoints: [Endpoint], identity: TLSIdentity, hello: Hello, repository: PackageRepository,
    sharing: UnitSharing, inbox: @escaping @Sendable (NodeInput, _ taken: @escaping @Sendable () -> Void) -> Void
  ) throws(GtachError) {
    self.id = id
    self.endpoints = endpoints
    self.identity = identity
    self.hello = hello
    self.repository = repository
    store = UnitStore(repository: repository, sharing: sharing)
    self.inbox = inbox
    cancellation = try Cancellation()
  }

  /// Starts to connect.
  func start() throws(GtachError) -> WorkerThread {
    try WorkerThread(name: "gtach-dial-\(id.number)") { self.run() }
  }

  /// Queues a question.
  func ask(_ request: SessionRequest) {
    switch request {
    case .follow, .unfollow, .fetch:
      if case .follow(_, _, let index) = request { store.sharing.begin(index) }
      // At once: what comes from now on in answer to what was asked before is of nothing any more.
      let ended = state.withLock { state -> Digest? in
        let (saying, ended) = Self.saying(request, in: &state)
        if let saying { questions.post(saying) }
        return ended
      }
      if let ended { store.sharing.end(ended) }
    default: questions.post(.request(request))
    }
  }

  /// How a request about a variant is said, if it is followed, and the index of one that is not fetched any more.
  private static func saying(_ request: SessionRequest, in state: inout State) -> (saying: Saying?, ended: Digest?) {
    state.nextID &+= 1
    let id = state.nextID
    switch request {
    case .follow(let variant, let map, let index):
      return (.begin(index, map, state.conversation.follow(variant, map, index: index, id: id)), nil)
    case .unfollow(let variant):
      guard let (message, index) = state.conversation.unfollow(variant) else { return (nil, nil) }
      return (.message(message), index)
    case .fetch(let variant, .claim(let have, let isUrgent)):
      let claim = state.conversation.claim(variant, have: have, isUrgent: isUrgent, id: id)
      return (claim.map { .message($0) }, nil)
    case .fetch(let variant, .endClaim):
      return (state.conversation.endClaim(variant).map { .message($0) }, nil)
    case .fetch(let variant, let question):
      guard let followed = state.conversation.followed(variant) else { return (nil, nil) }
      let pending = PendingRequest(request, bases: [], fetch: .init(followed: followed, question: question))
      state.pending.add(pending, id: id)
      return (pending.message(id: id).map { .message($0) }, nil)
    default: return (nil, nil)
    }
  }

  /// Ends the session; `sessionClosed` follows with this error.
  func close(_ error: GtachError?) {
    state.withLock { state in
      if !state.isClosing {
        state.isClosing = true
        state.closeError = error
      }
    }
    questions.close()
    backlog.release()
    cancellation.cancel()
  }

  /// Has something decided, and waits before where too much is to be decided already.
  private func deliver(_ input: NodeInput) {
    backlog.waitForRoom()
    let bytes = input.approximateBytes
    backlog.add(bytes)
    inbox(input) { [backlog] in backlog.remove(bytes) }
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
    inbox(.sessionClosed(id, error)) {}
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
    case .message(let message): return message
    case .begin(let index, let map, let message):
      try store.sharing.open(index, map)
      return message
    case .request(let request):
      let pending = PendingRequest(request, bases: repository.bases(for: request), fetch: nil)
      return state.withLock { state in
        state.nextID &+= 1
        state.pending.add(pending, id: state.nextID)
        return pending.message(id: state.nextID)
      }
    }
  }

  private func takeAnswers(_ channel: PeerChannel) throws(GtachError) {
    var heard = MonotonicClock.now()
    while true {
      let message: Message
      let now = MonotonicClock.now()
      guard !state.withLock({ $0.pending.isLate(now: now) }) else {
        throw GtachError(.peerTimeout, "the peer answers too slowly")
      }
      // What is told now and then need not be told again at once.
      var told = now
      do throws(GtachError) {
        let deadline = now.advanced(byMilliseconds: Limits.answerMilliseconds)
        let received = try channel.receive(deadline: deadline) {
          let now = MonotonicClock.now()
          guard told.advanced(byMilliseconds: Self.hearingMilliseconds) <= now else { return }
          told = now
          if state.withLock({ $0.pending.isAnswerDue }) { deliver(.heard(id)) }
        }
        guard let received else { return }
        message = received
      } catch {
        // Silence is an error only where an answer is due: now, or at the latest after the watch's sign of life.
        let silence = MonotonicClock.now().milliseconds - heard.milliseconds
        let isAnswerDue = state.withLock { $0.pending.isAnswerDue }
        guard error.code == .peerTimeout, !isAnswerDue, silence < Limits.idleMilliseconds else { throw error }
        continue
      }
      heard = MonotonicClock.now()
      try take(message, channel)
    }
  }

  private func take(_ message: Message, _ channel: PeerChannel) throws(GtachError) {
    switch message {
    case .failure(let failure) where failure.id == nil: throw failure.error
    case .have(let have):
      guard let variant = state.withLock({ $0.conversation.variant(following: have.id) }) else { return }
      deliver(.reply(id, .fetch(variant, .has(have.ranges))))
      return
    case .lease(let lease):
      guard let variant = state.withLock({ $0.conversation.lease(lease.id, isGranted: lease.granted) }) else { return }
      // What was asked before the peer hears of this is answered still.
      if !lease.granted { questions.post(.message(.end(End(id: lease.id)))) }
      deliver(.reply(id, .fetch(variant, .lease(isGranted: lease.granted))))
      return
    default: break
    }
    guard let number = message.id, var pending = state.withLock({ $0.pending.take(number) }) else {
      throw GtachError(.protocolViolation, "the peer answered what it was not asked")
    }
    let step = try pending.take(message)
    state.withLock { [pending] state in
      if step.isLast { state.pending.end(number) } else { state.pending.putBack(pending, id: number) }
    }
    if let arrival = step.arrival, let followed = pending.fetch?.followed {
      guard isFollowed(followed) else { return }
      let reply = try store.store(arrival, of: followed)
      guard isFollowed(followed) else {
        store.leave(followed)
        return
      }
      deliver(.reply(id, .fetch(followed.variant, reply)))
    } else if let reply = step.reply, pending.fetch.map({ isFollowed($0.followed) }) ?? true {
      deliver(.reply(id, reply))
    }
  }

  /// Whether a variant is followed still, and not anew: the answer to a question from before is of nothing any more.
  private func isFollowed(_ followed: FetchConversation.Followed) -> Bool {
    state.withLock { $0.conversation.followed(followed.variant)?.follow == followed.follow }
  }
}
