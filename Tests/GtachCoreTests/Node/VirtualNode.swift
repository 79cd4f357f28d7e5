import Testing
import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// A node whose repository is a dictionary.
final class VirtualNode {
  var endpoint: Endpoint
  let id: NodeID
  var state: NodeState
  weak var lan: VirtualLAN?
  var isAlive = true
  /// What its clock on the wall says.
  var localTime: LocalTime?
  /// Whether its disk takes no metadata.
  var savesFail = false
  /// Whether it gives out what it holds.
  private let gives: Bool
  /// Packages that fail their self-tests here.
  var failing: Set<String> = []
  private let circumstances: String
  /// What was installed because others need it.
  private(set) var dependencies: [VariantID] = []
  var metadata: [String: [UInt8]] = [:]
  var releases: [VariantID: VirtualRelease] = [:]
  /// Whether it does nothing but answer.
  var isPassive = false
  /// What this node never answers.
  var isSilent: (SessionRequest) -> Bool = { _ in false }
  /// What it forgot of what had arrived.
  private(set) var left: [ChunkIndex] = []
  /// What this node answers wrongly on purpose.
  var lies: (SessionRequest) -> SessionReply? = { _ in nil }
  private var stored: [VariantID: Set<Int>] = [:]
  /// How often it dialled somebody, how often at most at a time, and where.
  private(set) var dials = 0
  private(set) var mostDials = 0
  private var openDials = 0
  private(set) var dialled: [Endpoint] = []
  /// Whom it tells others of.
  private var introduced: [Peers.Entry] = []
  /// What is on its disk of what operators decided.
  private(set) var choices = ReleaseChoices()
  private(set) var events: [NodeEvent] = []
  private(set) var answers: [RequestToken: ControlReply] = [:]
  private(set) var closed: [GtachError] = []
  private(set) var installs: [VariantID] = []
  var sessions: [SessionID: VirtualNode] = [:]
  /// Sessions on which nothing comes through, and nobody knows.
  var dead: Set<SessionID> = []
  var diallers: [(VirtualNode, SessionID)] = []
  private var watchers: [(node: VirtualNode, session: SessionID, told: Advertisement)] = []
  /// Who follows what this node has of a variant.
  private var followers: [(node: VirtualNode, session: SessionID, variant: VariantID, map: UnitMap)] = []
  /// How often this node sent which chunk, in any form.
  private(set) var served: [Int: Int] = [:]
  /// Chunks whose objects turn out to yield others when the variant is completed.
  var forgetsAtTheEnd: Set<Int> = []
  private var useless: Set<Int> = []
  /// Whether it has the chunks of what it holds, and no object.
  var hasOnlyChunks = false
  /// What was kept when its repository was last cleaned, whatever else the policy said.
  private(set) var kept: [VariantID] = []
  /// What was looked at because a peer did not get it.
  private(set) var checks: [Set<Digest>] = []
  /// What such a look finds to be damaged.
  var damaged: [VariantID] = []
  /// How often its repository was cleaned.
  private(set) var cleanings = 0
  /// What was asked of it for chunks.
  private(set) var questions: [(chunk: Int, isBare: Bool)] = []

  init(
    number: UInt8, fleet: FleetID, trusted: TrustedMetadata, configuration: NodeConfiguration = NodeConfiguration(),
    isPublisher: Bool = false
  ) throws {
    endpoint = Endpoint(host: "10.0.0.\(number)", port: 7420)
    id = try #require(NodeID([UInt8](repeating: number, count: NodeID.byteCount)))
    gives = configuration.uploadLimits.isOn
    let machine = InstallMachine(platform: try Platform("linux-arm64"), model: nil, allowMock: true)
    circumstances = machine.circumstances
    let setup = NodeSetup(
      id: id, fleet: fleet, machine: machine,
      configuration: configuration,
      isPublisher: isPublisher)
    state = NodeState(
      setup: setup, trusted: trusted, held: [:], choices: ReleaseChoices(), installState: InstallState(),
      remembered: [],
      checking: Ed25519(), hashing: SHA256(), seed: UInt64(number))
  }

  var held: Set<VariantID> { Set(state.held.keys) }

  /// Counts dials from now on.
  func forgetDials() { dialled = [] }

  func take(_ input: NodeInput) { take([input]) }

  /// Several things that happen before anything is decided.
  func take(_ inputs: [NodeInput]) {
    guard isAlive, !isPassive, let lan else { return }
    let time = Timestamp(secondsSinceEpoch: 1_700_000_000 + lan.calendarSeconds)
    let inputs = inputs.filter { input in
      if case .reply(let session, _) = input { !dead.contains(session) } else { true }
    }
    guard !inputs.isEmpty else { return }
    for action in state.handle(inputs, now: lan.now, time: time, local: localTime) { perform(action, lan) }
    #expect(state.index == IndexDigest(entries: gives ? state.held : [:], hashing: SHA256()))
  }

  private func perform(_ action: NodeAction, _ lan: VirtualLAN) {
    switch action {
    case .dial(let session, let endpoints): dial(session, endpoints, lan)
    case .close(let session, let error):
      if let error { closed.append(error) }
      sessions[session]?.diallers.removeAll { $0.0 === self && $0.1 == session }
      sessions[session] = nil
      lan.after(1) { self.take(.sessionClosed(session, error)) }
    case .send(let session, let request):
      guard let peer = sessions[session] else { return }
      guard !dead.contains(session) else { return }
      lan.after(1) { if self.sessions[session] === peer { peer.answer(request, to: self, session) } }
    case .saveMetadata(let files):
      let failure = savesFail ? GtachError(.diskFull, "no space left") : nil
      if failure == nil { metadata.merge(files) { $1 } }
      lan.after(1) { self.take(.metadataSaved(failure)) }
    case .inspect(let variant, let index):
      let lacking = index.objects.enumerated().compactMap { number, object in
        stored[variant]?.contains(object.chunk) == true
          ? nil : LackingChunk(chunk: object.chunk, objects: useless.contains(object.chunk) ? [] : [number])
      }
      lan.after(1) { self.take(.inspected(variant, .success(lacking))) }
    case .complete(let variant, _, _) where !forgetsAtTheEnd.isEmpty:
      stored[variant]?.subtract(forgetsAtTheEnd)
      useless = forgetsAtTheEnd
      forgetsAtTheEnd = []
      lan.after(1) { self.take(.completed(variant, GtachError(.chunkMissing, "an object yields another chunk"))) }
    case .complete(let variant, let manifest, let index):
      releases[variant] = VirtualRelease(variant: variant, manifest: manifest, index: index)
      lan.after(1) { self.take(.completed(variant, nil)) }
    case .keep(let releases): for release in releases { choices.keep(release) }
    case .advertise(let told):
      let due = watchers.filter { $0.told != told }
      watchers.removeAll { $0.told != told }
      for watcher in due { lan.after(1) { watcher.node.take(.reply(watcher.session, .changed(told))) } }
    case .install(let set):
      installs += set.map(\.variant)
      dependencies += set.filter(\.isDependency).map(\.variant)
      lan.after(1) { self.install(set.map(\.variant)) }
    case .clean(let kept):
      self.kept = kept
      cleanings += 1
      lan.after(1) {
        let report = GarbageReport(dryRun: false, releases: [], parts: [], postponed: nil)
        self.take(.cleaned(.success((report: report, held: self.state.held))))
      }
    case .check(let suspects):
      checks.append(suspects)
      let damaged = self.damaged
      self.damaged = []
      lan.after(1) {
        for variant in damaged { (self.releases[variant], self.stored[variant]) = (nil, nil) }
        let held = self.state.held.filter { !damaged.contains($0.key) }
        self.take(.checked(.success((damaged: damaged, held: held))))
      }
    case .introduce(let peers): introduced = peers
    case .leave(let index, _): left.append(index)
    case .rollBack, .remember, .lookUp: break
    case .emit(let event): events.append(event)
    case .answer(let token, let reply): answers[token] = reply
    }
  }

  /// Installs all of a set or nothing of it.
  private func install(_ set: [VariantID]) {
    guard let goal = set.last?.release else { return }
    let culprit = set.first { failing.contains($0.release.name.text) }
    var installed = state.installState
    for variant in set {
      guard let bytes = releases[variant]?.manifest, let manifest = try? Manifest(json: bytes) else { continue }
      var package = installed.packages[variant.release.name] ?? InstallState.Package()
      let digest = SHA256().digest(of: bytes)
      if culprit == nil {
        package.active = InstallState.Release(manifest: manifest, digest: digest)
      } else if variant == culprit {
        package.refused.append(
          InstallState.Refusal(
            version: variant.release.version, digest: digest, circumstances: circumstances, errors: [],
            time: Timestamp(secondsSinceEpoch: 0)))
      }
      installed.packages[variant.release.name] = package
    }
    take(.installStateChanged(installed))
    take(
      .updateFinished(
        .success(
          UpdateResult(
            name: goal.name, version: goal.version, success: culprit == nil,
            message: culprit == nil ? "installed" : "rolled back", rollbackPerformed: culprit != nil))))
  }

  private func dial(_ session: SessionID, _ endpoints: [Endpoint], _ lan: VirtualLAN) {
    dials += 1
    openDials += 1
    mostDials = max(mostDials, openDials)
    lan.after(1) {
      self.openDials -= 1
      let answering = endpoints.firstIndex { lan.nodes[$0] != nil }
      self.dialled += endpoints[...(answering ?? endpoints.count - 1)]
      guard let endpoint = answering.map({ endpoints[$0] }), let peer = lan.nodes[endpoint] else {
        self.take(.sessionClosed(session, GtachError(.peerUnreachable, "nobody answers")))
        return
      }
      self.sessions[session] = peer
      peer.diallers.append((self, session))
      peer.take(.called(self.id, name: "node-\(self.endpoint.host)", endpoint: self.endpoint))
      self.take(.sessionOpened(session, hello: peer.hello, name: "node-\(endpoint.host)", endpoint: endpoint))
    }
  }

  var hello: Hello {
    let told = state.advertisement
    guard let name = try? NodeName("virtual") else { preconditionFailure("a valid name") }
    return Hello(
      node: id, name: name, fleet: state.table.fleet, indexRoot: told.indexRoot,
      metadataVersion: told.metadataVersion, port: endpoint.port)
  }

  private func answer(_ request: SessionRequest, to node: VirtualNode, _ session: SessionID) {
    guard isAlive, let lan else { return }
    if case .watch(let told) = request {
      let current = state.advertisement
      if told == current {
        watchers.append((node, session, told))
      } else {
        lan.after(1) { node.take(.reply(session, .changed(current))) }
      }
      return
    }
    switch request {
    case .follow(let variant, let map, _):
      followers.append((node, session, variant, map))
      // One more would end the connection.
      #expect(followers.count { $0.node === node && $0.session == session } <= Limits.follows)
    case .unfollow(let variant): followers.removeAll { $0.node === node && $0.variant == variant }
    default: break
    }
    guard !isSilent(request) else { return }
    var map: UnitMap?
    if case .fetch(let variant, _) = request {
      map = followers.first { $0.node === node && $0.session == session && $0.variant == variant }?.map
    }
    let isOfPeers = request == .peers && lies(request) == nil
    let reply = isOfPeers ? .peers(introduced.filter { $0.node != node.id }) : lies(request) ?? truth(request, map)
    guard let reply else { return }
    if case .fetch(_, let question) = request, let map {
      switch question {
      case .unit(let units, _):
        if case .unit(_, let object)? = units.first.map(map.part) {
          questions.append((map.index.objects[object].chunk, false))
        }
      case .chunk(let position): questions.append((position, true))
      case .claim, .endClaim, .lists: break
      }
    }
    if case .fetch(let variant, let told) = reply, let map {
      switch told {
      case .unit(let unit, _, .whole?):
        if case .unit(_, let object) = map.part(unit) {
          node.store(map.index.objects[object].chunk, of: variant, from: self)
        }
      case .chunk(let position, _): node.store(position, of: variant, from: self)
      default: break
      }
    }
    lan.after(1) { node.take(.reply(session, reply)) }
  }

  /// Stores a chunk, and tells those who want to know.
  private func store(_ position: Int, of variant: VariantID, from sender: VirtualNode) {
    sender.served[position, default: 0] += 1
    stored[variant, default: []].insert(position)
    for follower in followers where follower.variant == variant {
      let told = units(of: follower.map, variant).filter { unit in
        switch follower.map.part(unit) {
        case .unit(_, let object): follower.map.index.objects[object].chunk == position
        case .chunk(let other): other == position
        }
      }
      lan?.after(1) {
        follower.node.take(.reply(follower.session, .fetch(variant, .has(told.map { $0..<$0 + 1 }))))
      }
    }
  }

  /// What this node can give out of a variant.
  private func units(of map: UnitMap, _ variant: VariantID) -> [Int] {
    (0..<map.count).filter { unit in
      switch map.part(unit) {
      case .unit(_, let object):
        !hasOnlyChunks
          && (releases[variant] != nil || stored[variant]?.contains(map.index.objects[object].chunk) == true)
      case .chunk(let position): releases[variant] != nil || stored[variant]?.contains(position) == true
      }
    }
  }

  private func truth(_ question: ChunkFetch.Question, of variant: VariantID, _ map: UnitMap) -> ChunkFetch.Reply? {
    let here = units(of: map, variant)
    switch question {
    case .claim: return .lease(isGranted: true)
    case .endClaim: return nil
    case .lists(let objects): return .listsLacking(objects)
    case .unit(let units, _):
      guard let unit = units.first(where: here.contains) else { return .unitsLacking(units) }
      return .unit(unit, bytes: map.bytes(unit), .whole(isChunkHere: true))
    case .chunk(let position):
      return here.contains(map.number(ofChunk: position))
        ? .chunk(position, bytes: VirtualRelease.bareBytes) : .chunkLacking(position)
    }
  }

  private func truth(_ request: SessionRequest, _ map: UnitMap?) -> SessionReply? {
    switch request {
    case .metadata(let name, _): return .metadata(name: name, metadata[name])
    case .buckets: return .buckets(state.index.buckets)
    case .entries(let buckets, let known):
      let (entries, gone) =
        known.map { state.index.entries(in: buckets, besides: $0) } ?? (state.index.entries(in: buckets), nil)
      return .entries(Dictionary(uniqueKeysWithValues: entries.map { ($0.variant, $0.manifest) }), gone: gone)
    case .manifest(let variant, _):
      return releases[variant].map { .manifest(variant, $0.manifest) } ?? .missing(variant)
    case .index(let variant, _):
      return releases[variant].map { .index(variant, $0.index) } ?? .missing(variant)
    case .follow(let variant, let map, _):
      return .fetch(variant, .has(units(of: map, variant).map { $0..<$0 + 1 }))
    case .fetch(let variant, let question):
      return map.flatMap { truth(question, of: variant, $0) }.map { .fetch(variant, $0) }
    case .unfollow: return nil
    case .watch, .peers: return nil
    }
  }
}

/// A release of nothing: what matters here is who fetches what from whom.
struct VirtualRelease {
  let variant: VariantID
  let manifest: [UInt8]
  let index: [UInt8]

  /// How many bytes a chunk of any release takes that travels as it is: less than it has, more than its object.
  static let bareBytes = 900
}
