import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// The thread that decides, and its hands.
final class NodeLoop {
  private let daemon: NodeDaemon
  private var state: NodeState
  private var sessions: [SessionID: DialledSession] = [:]
  /// The threads of those sessions.
  private var sessionThreads: [SessionID: WorkerThread] = [:]
  private var waiting: [RequestToken: Mailbox<ControlReply>] = [:]
  private var nextToken = 0
  private let announcement: Announcement
  private let sharing: UnitSharing
  /// Takes chunks that a peer asked for and did not get, from any thread.
  private let isUnavailable: @Sendable (Digest) -> Void
  private let storage: SerialWorker
  private let updates: UpdateWorker
  private var server: PeerServer?
  private var control: ControlServer?
  private var discovery: DiscoveryService?
  private var isDiscoveryUp = false
  /// Ends the wait for changes of the network.
  private let watching: Cancellation

  init(daemon: NodeDaemon, state: NodeState) throws(GtachError) {
    self.daemon = daemon
    self.state = state
    announcement = Announcement(index: state.index, metadataVersion: state.trusted.timestampVersion)
    let inbox = daemon.inbox
    let doubts = Backlog(limit: DistributionLimits.doubts)
    let isUnavailable: @Sendable (Digest) -> Void = { digest in
      // Of more than can be looked at, others need not be told.
      guard doubts.hasRoom else { return }
      doubts.add(1)
      inbox.post(.heard(.chunkUnavailable(digest)) { doubts.remove(1) })
    }
    self.isUnavailable = isUnavailable
    sharing = UnitSharing(
      repository: daemon.repository, limits: daemon.context.configuration.uploadLimits, isUnavailable: isUnavailable)
    watching = try Cancellation()
    storage = try SerialWorker(name: "gtach-storage")
    updates = try UpdateWorker(daemon)
  }

  func run() throws(GtachError) {
    let threads = try open()
    handle([.tick])
    var rest = Rest()
    while true {
      let began = MonotonicClock.now()
      let messages = daemon.inbox.receiveAll(until: rest.deadline(beside: state.nextDeadline, now: began))
      let rests = rest.isDue(waitedSince: began, now: MonotonicClock.now())
      var inputs: [NodeInput] = messages.isEmpty ? [.tick] : []
      var taken: [@Sendable () -> Void] = []
      for message in messages {
        switch message {
        case .input(let input): inputs.append(input)
        case .heard(let input, let then):
          inputs.append(input)
          taken.append(then)
        case .request(let request, let replies):
          handle(inputs)
          inputs = []
          accept(request, replies)
        case .stop:
          handle(inputs)
          close(threads)
          return
        }
      }
      handle(inputs)
      for then in taken { then() }
      if rests { FreedMemory.giveBackAll() }
    }
  }

  // MARK: - Beginning and end

  private func open() throws(GtachError) -> [WorkerThread] {
    var threads: [WorkerThread] = []
    let inbox = daemon.inbox
    if daemon.options.serves {
      let endpoint = daemon.context.configuration.listeningEndpoint
      let server = try PeerServer(
        endpoint: endpoint, membership: daemon.membership, repository: daemon.repository,
        announcement: announcement, sharing: sharing,
        invitations: Invitations(home: daemon.home), emit: daemon.events,
        isUnavailable: isUnavailable,
        called: { inbox.post(.input(.called($0, name: $1, endpoint: $2))) })
      let control = try ControlServer(path: daemon.home.socket, daemon: daemon)
      threads = try [server.start()] + control.start()
      self.server = server
      self.control = control
      daemon.events(.listening(endpoint: server.endpoint))
    }
    threads.append(
      try NetworkWatch.start(
        cancellation: watching, changed: { inbox.post(.input(.networkChanged)) }, emit: daemon.events))
    if daemon.options.usesDiscovery {
      let discovery = try DiscoveryService(
        name: daemon.membership.nodeName.text, port: server?.endpoint.port ?? 0, text: textRecord.pairs,
        advertise: daemon.options.serves
      ) { event in inbox.post(.input(.discovery(event))) }
      try discovery.start()
      self.discovery = discovery
    }
    return threads
  }

  private func close(_ threads: [WorkerThread]) {
    watching.cancel()
    discovery?.stop()
    control?.stop()
    server?.stop()
    sharing.gate.close()
    for session in sessions.values { session.close(nil) }
    updates.finish()
    storage.finish()
    answerAll()
    // Sessions store what arrives: the repository's workspace is gone only when the last of them is.
    for thread in threads + sessionThreads.values { thread.join() }
    control?.finish()
  }

  /// Tells who waits that nothing more will come; and who ordered an update, how it ended, now that it is over.
  private func answerAll() {
    let stopped = ErrorReport(GtachError(.cancelled, "stopped on request"))
    daemon.inbox.close()
    var ends: [NodeInput] = []
    for message in daemon.inbox.receiveAll(until: nil) {
      switch message {
      case .input(.updateFinished(let result)): ends.append(.updateFinished(result))
      case .request(_, let replies): answer(replies, .failed(stopped))
      case .input, .heard, .stop: continue
      }
    }
    let actions = ends.isEmpty ? [] : state.handle(ends, now: MonotonicClock.now(), time: SystemClock.now(), local: nil)
    // What else is to be done is for the next start.
    for case .answer(let token, let reply) in actions {
      if let replies = waiting.removeValue(forKey: token) { answer(replies, reply) }
    }
    for replies in waiting.values { answer(replies, .failed(stopped)) }
  }

  private var textRecord: TextRecord {
    let told = announcement.value
    return TextRecord(
      node: daemon.membership.id, fleet: daemon.membership.fleet, indexRoot: told.indexRoot,
      metadataVersion: told.metadataVersion)
  }

  // MARK: - Deciding

  /// Takes note of all that has happened before anything is decided: where units come faster than that, it is decided
  /// less often.
  private func handle(_ inputs: [NodeInput]) {
    guard !inputs.isEmpty else { return }
    for input in inputs {
      switch input {
      case .sessionClosed(let session, _):
        sessions[session] = nil
        sessionThreads[session] = nil
      case .discovery(.available): isDiscoveryUp = true
      case .discovery(.unavailable): isDiscoveryUp = false
      default: break
      }
    }
    let local = daemon.context.configuration.installWindows.map { _ in SystemClock.local() }
    for action in state.handle(inputs, now: MonotonicClock.now(), time: SystemClock.now(), local: local) {
      perform(action)
    }
  }

  private func accept(_ request: ControlRequest, _ replies: Mailbox<ControlReply>) {
    switch request {
    case .status: answer(replies, .status(status()))
    case .peers: answer(replies, .peers(state.table.reports))
    case .reload: reload(replies)
    case .sync, .install, .rollback:
      nextToken += 1
      let token = RequestToken(number: nextToken)
      waiting[token] = replies
      handle([.control(token, request)])
    }
  }

  private func answer(_ replies: Mailbox<ControlReply>, _ reply: ControlReply) {
    replies.post(reply)
    replies.close()
  }

  // MARK: - Acting

  private func perform(_ action: NodeAction) {
    let (inbox, repository, home, membership) = (daemon.inbox, daemon.repository, daemon.home, daemon.membership)
    func deliver(_ input: NodeInput) { inbox.post(.input(input)) }
    switch action {
    case .dial(let id, let endpoints): dial(id, endpoints)
    case .close(let id, let error): sessions[id]?.close(error)
    case .send(let id, let request): sessions[id]?.ask(request)
    case .saveMetadata(let files):
      storage.perform {
        let error = failure { () throws(GtachError) in
          try repository.writeMetadata(files, isPublisher: membership.isPublisher)
        }
        inbox.post(.input(.metadataSaved(error)))
      }
    case .inspect(let variant, let index):
      storage.perform {
        let result = Result { () throws(GtachError) in try repository.beginFetching(variant, index: index) }
        inbox.post(.input(.inspected(variant, result)))
      }
    case .leave(let index, let others):
      storage.perform { repository.leaveArrivingObjects(of: index, keeping: others) }
    case .complete(let variant, let manifest, let index):
      let sharing = sharing
      storage.perform {
        let error = failure { () throws(GtachError) in
          try repository.complete(manifest: manifest, index: index)
          sharing.completed(SHA256().digest(of: index))
        }
        inbox.post(.input(.completed(variant, error)))
      }
    case .keep(let releases):
      let events = daemon.events
      storage.perform {
        let error = failure { () throws(GtachError) in
          try repository.changeChoices { choices in for release in releases { choices.keep(release) } }
        }
        if let error { events(.fetchFailed(release: releases[0].description, error: ErrorReport(error))) }
      }
    case .advertise(let advertisement):
      announcement.set(index: state.index, metadataVersion: advertisement.metadataVersion)
      server?.announce()
      do throws(GtachError) {
        try discovery?.update(text: textRecord.pairs)
      } catch {
        daemon.events(.discoveryUnavailable(error: ErrorReport(error)))
      }
    case .introduce(let peers): announcement.set(met: peers)
    case .lookUp(let instance): discovery?.refresh(name: instance)
    case .remember(let peers):
      let events = daemon.events
      storage.perform {
        let error = failure { () throws(GtachError) in
          try JSONFile.replace(home.peers, with: JSONFile.encode(peers), in: home.path)
        }
        if let error { events(.peerFailed(name: "remembered peers", error: ErrorReport(error))) }
      }
    case .install(let set): updates.install(set, held: state.held)
    case .clean(let kept):
      let (context, cancellation) = (daemon.context, daemon.cancellation)
      storage.perform {
        let result = Result { () throws(GtachError) in
          let collector = GarbageCollector(context)
          let report = try collector.collect(
            dryRun: false, keeping: kept, now: SystemClock.now(), cancellation: cancellation)
          return (report: report, held: try repository.variants())
        }
        inbox.post(.input(.cleaned(result)))
      }
    case .check(let suspects):
      storage.perform {
        let result = Result { () throws(GtachError) in
          let damaged = try repository.withdrawDamaged(suspects: suspects)
          return (damaged: damaged, held: try repository.variants())
        }
        inbox.post(.input(.checked(result)))
      }
    case .rollBack(let name, let version): updates.rollBack(name, to: version)
    case .emit(let event):
      daemon.events(event)
      for replies in waiting.values { replies.post(.event(event)) }
    case .answer(let token, let reply):
      if let replies = waiting.removeValue(forKey: token) { answer(replies, reply) }
    }
  }

  private func dial(_ id: SessionID, _ endpoints: [Endpoint]) {
    let told = announcement.value
    let hello = Hello(
      node: daemon.membership.id, name: daemon.membership.nodeName, fleet: daemon.membership.fleet,
      indexRoot: told.indexRoot, metadataVersion: told.metadataVersion, port: server?.endpoint.port)
    let inbox = daemon.inbox
    do throws(GtachError) {
      let session = try DialledSession(
        id: id, endpoints: endpoints, identity: daemon.membership.identity, hello: hello,
        repository: daemon.repository, sharing: sharing
      ) { input, taken in inbox.post(.heard(input, taken: taken)) }
      sessions[id] = session
      sessionThreads[id] = try session.start()
    } catch {
      inbox.post(.input(.sessionClosed(id, error)))
    }
  }

  /// Another process has packed a release: what it wrote is read and verified like anybody's.
  private func reload(_ replies: Mailbox<ControlReply>) {
    let (inbox, repository, membership) = (daemon.inbox, daemon.repository, daemon.membership)
    let known = state.trusted
    storage.perform {
      do throws(GtachError) {
        let trusted = try known.reloaded(from: repository, membership: membership)
        let (held, choices) = (try repository.variants(), try repository.choices())
        inbox.post(.input(.repositoryChanged(trusted: trusted, held: held, choices: choices)))
        replies.post(.done)
      } catch {
        replies.post(.failed(ErrorReport(error)))
      }
      replies.close()
    }
  }

  private func status() -> StatusReport {
    let discovery: String =
      if let error = state.discoveryError {
        error.message
      } else if self.discovery == nil {
        "off"
      } else {
        isDiscoveryUp ? "advertising" : "starting"
      }
    return daemon.status(state, listening: server?.endpoint, discovery: discovery)
  }
}
