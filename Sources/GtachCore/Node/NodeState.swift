import GtachModel
import GtachWire

/// What a node is told once, when it starts.
public struct NodeSetup: Sendable {
  /// Who it is.
  public var id: NodeID
  /// Its fleet.
  public var fleet: FleetID
  /// What it runs on.
  public var machine: InstallMachine
  /// What its owner configured.
  public var configuration: NodeConfiguration
  /// Whether it signs releases: such a node keeps everything.
  public var isPublisher: Bool
  /// Whether it fetches what it wants, or only finds out what that would be.
  public var fetches: Bool
  /// Whether it installs by itself what `autoInstall` says.
  public var installs: Bool
  /// Whether it cleans its repository by itself.
  public var cleans: Bool
  /// Whether it gives out what it holds.
  var uploads: Bool { configuration.uploadLimits.isOn }

  /// A setup from its fields.
  public init(
    id: NodeID, fleet: FleetID, machine: InstallMachine, configuration: NodeConfiguration, isPublisher: Bool,
    fetches: Bool = true, installs: Bool = true, cleans: Bool = true
  ) {
    self.id = id
    self.fleet = fleet
    self.machine = machine
    self.configuration = configuration
    self.isPublisher = isPublisher
    self.fetches = fetches
    self.installs = installs
    self.cleans = cleans
  }
}

/// Everything that a node knows and decides: whom to dial, what to ask, what to trust, what to fetch from whom, what to
/// install next.
///
/// A value without clock, socket, disk or randomness of its own. The daemon and the simulator feed it what happens and
/// carry out what it answers. After every input the same question is asked of each part, "what is to be done as things
/// stand?", so that no order of events can leave something forgotten.
public struct NodeState: Sendable {
  let setup: NodeSetup
  let checking: any SignatureChecking
  let hashing: any Hashing
  var generator: SeededGenerator

  /// The peers.
  public internal(set) var table: PeerTable
  /// The metadata that everything else is checked against.
  public internal(set) var trusted: TrustedMetadata
  /// The variants that are here complete, with the digests of their manifests.
  public private(set) var held: [VariantID: Digest]
  /// The digest of those, by which peers compare; of nothing where this node gives out nothing: so nobody takes it for
  /// a holder. Kept up to date, not made anew after every event: it hashes all of them.
  public private(set) var index: IndexDigest
  /// What operators decided about releases here.
  public internal(set) var choices: ReleaseChoices
  /// What is installed.
  public internal(set) var installState: InstallState
  /// Whether discovery works; nil before it said so or where it is off.
  public internal(set) var discoveryError: GtachError?

  /// The open sessions.
  var sessions: [SessionID: Session] = [:]
  /// Metadata that is being fetched, and from whom.
  var metadataUpdate: (session: SessionID, update: MetadataUpdate)?
  /// How often a peer was asked for metadata.
  var metadataTurns = 0
  /// How many sets of verified metadata are on their way to the disk.
  var metadataSaves = 0
  /// What is trusted and on the disk: what a node could serve, and comes back to if a save fails.
  var trustedOnDisk: TrustedMetadata
  /// After a save that failed, until when no metadata is asked for.
  var metadataBackoff = Backoff()
  /// Downloads under way, by variant.
  var downloads: [VariantID: Download] = [:]
  /// When it is looked whether the downloads have room for more leases; nil while there is none that could.
  var measuresAt: Instant?
  /// Variants that could not be stored here, and until when they are left alone.
  var downloadBackoff: [VariantID: Backoff] = [:]
  /// Variants that the policy wants and that are not here; nil where that must be found out again.
  var wanted: [ListedVariant]?
  /// What is here complete and to be installed by itself, in this order; nil where that must be found out again.
  var due: [[VariantID]]?
  /// What would be installed by itself if all that is listed were here; nil where that must be found out again.
  var dueOfListed: [VariantID]?
  /// What operators asked for by name since the node started.
  var requirements: [Requirement] = []
  /// The update under way, and the ones after it.
  var installing: InstallOrder?
  var installQueue: [InstallOrder] = []
  /// The time on the wall at the last input; nil where nobody asked for it.
  var localTime: LocalTime?
  /// When the first input came.
  var startedAt: Instant?
  /// When it is looked again whether a window is open; nil while nothing waits for one.
  var windowAt: Instant?
  /// Packages whose update could not even begin (a full disk, say), and until when the policy leaves them alone.
  var installBackoff: [PackageName: Backoff] = [:]
  /// When the repository is cleaned.
  var cleaning = Cleaning()
  /// What may be damaged of that which is listed here.
  var damage = Damage()
  /// Requests of operators that wait for an answer.
  var orders: [Order] = []
  /// What was last told to the neighbours.
  var advertised: Advertisement?
  var rememberedOnDisk: [RememberedPeer]
  /// Whom others are told of, and whether it may have changed.
  var introduced: [Peers.Entry] = []
  var isCompanyChanged = false
  /// From when on others than neighbours are asked for what none of these has; nil while they have all.
  var lacksFrom: Instant?
  /// When the last input came, by both clocks, and when the next one was to come at the latest.
  private(set) var lastInput: Instant?
  private(set) var lastTime: Timestamp?
  private(set) var expected: Instant?

  /// The state of a node that has just started.
  public init(
    setup: NodeSetup, trusted: TrustedMetadata, held: [VariantID: Digest], choices: ReleaseChoices,
    installState: InstallState, remembered: [RememberedPeer], checking: any SignatureChecking, hashing: any Hashing,
    seed: UInt64
  ) {
    self.setup = setup
    self.checking = checking
    self.hashing = hashing
    self.trusted = trusted
    trustedOnDisk = trusted
    self.held = held
    index = IndexDigest(entries: setup.uploads ? held : [:], hashing: hashing)
    self.choices = choices
    self.installState = installState
    generator = SeededGenerator(seed: seed)
    table = PeerTable(own: setup.id, fleet: setup.fleet)
    rememberedOnDisk = remembered
    for peer in remembered { table.add(remembered: peer) }
    for endpoint in setup.configuration.peers ?? [] { table.add(manual: endpoint) }
  }

  /// Takes note of what happened, and says what to do.
  ///
  /// - Parameters:
  ///   - now: the monotonic clock.
  ///   - time: the calendar's, as far as this machine knows it; never believed to be before the newest signed time.
  ///   - local: what the clock on the wall says; needed only where `installWindows` is configured.
  public mutating func handle(
    _ inputs: [NodeInput], now: Instant, time: Timestamp, local: LocalTime? = nil
  ) -> [NodeAction] {
    localTime = local
    startedAt = startedAt ?? now
    var actions: [NodeAction] = []
    if isLate(now: now, time: time) { lookAround(now: now, into: &actions) }
    lastInput = now
    lastTime = time
    for input in inputs { note(input, now: now, into: &actions) }
    endProbes(now: now, into: &actions)
    advanceDamage(now: now, into: &actions)
    advanceMetadata(now: now, time: time, into: &actions)
    advanceExchanges(into: &actions)
    advanceDownloads(now: now, into: &actions)
    measureDownloads(now: now, into: &actions)
    advanceUpdates(now: now, into: &actions)
    advanceConnections(now: now, into: &actions)
    advanceOrders(now: now, into: &actions)
    advanceCleaning(now: now, into: &actions)
    advanceAdvertisement(into: &actions)
    advanceIntroductions(now: now, into: &actions)
    expected = earliestDeadline()
    return actions
  }

  /// Takes note that a variant is here complete.
  mutating func hold(_ variant: VariantID, _ manifest: Digest) {
    let before = held.updateValue(manifest, forKey: variant)
    if setup.uploads { index.change(variant, from: before, to: manifest, hashing: hashing) }
  }

  /// Takes note of all that is here complete.
  mutating func hold(_ all: [VariantID: Digest]) {
    for (variant, manifest) in all { hold(variant, manifest) }
    for (variant, manifest) in held where all[variant] == nil && setup.uploads {
      index.change(variant, from: manifest, to: nil, hashing: hashing)
    }
    held = all
  }

  /// Forgets what follows from what is listed, here, installed or asked for: one of them has changed.
  mutating func reconsider() {
    wanted = nil
    due = nil
    dueOfListed = nil
  }

  /// The instant at which `tick` is due if nothing else happens before; nil where nothing depends on time.
  public var nextDeadline: Instant? { expected }

  private func earliestDeadline() -> Instant? {
    // What was due at the last input was looked at then; only what lies after it can make a difference.
    let idle: [Instant] =
      sessions.values.compactMap { closesAt($0) } + sessions.values.map(\.watchesFrom)
      + sessions.values.compactMap(\.asksPeersAt) + sessions.values.compactMap(\.probedUntil)
    let pauses =
      downloadBackoff.values.compactMap(\.until) + installBackoff.values.compactMap(\.until)
      + cleaning.deadlines + damage.deadlines
      + [metadataBackoff.until, measuresAt, lacksFrom, windowAt].compactMap { $0 }
    let silences = downloads.values.compactMap(\.silentAt)
    let all = idle + pauses + silences + table.deadlines + orderDeadlines
    return all.filter { deadline in lastInput.map { $0 < deadline } ?? true }.min()
  }

  private mutating func note(_ input: NodeInput, now: Instant, into actions: inout [NodeAction]) {
    switch input {
    case .discovery(let event): note(event, now: now, into: &actions)
    case .sessionOpened(let session, let hello, let name, let endpoint):
      opened(session, hello: hello, name: name, endpoint: endpoint, now: now, into: &actions)
    case .called(let id, let name, let endpoint):
      if let session = table.called(id, name: name, at: endpoint, now: now) { probe(session, now: now, into: &actions) }
    case .networkChanged: lookAround(now: now, into: &actions)
    case .sessionClosed(let session, let error): closed(session, error: error, now: now, into: &actions)
    case .reply(let session, let reply): replied(session, reply, now: now, into: &actions)
    case .heard(let session): heard(session, now: now)
    case .metadataSaved(let error):
      metadataSaved(error, now: now)
    case .inspected(let variant, let result): inspected(variant, result, now: now, into: &actions)
    case .completed(let variant, let error): completed(variant, error: error, now: now, into: &actions)
    case .repositoryChanged(let trusted, let held, let choices):
      if trusted.timestampVersion >= self.trusted.timestampVersion {
        self.trusted = trusted
        trustedOnDisk = trusted
      } else if metadataSaves == 0 {
        self.trusted = self.trusted.withoutFiles()
        trustedOnDisk = self.trusted
      }
      hold(held)
      self.choices = choices
      cleaning.isDue = true
      reconsider()
    case .installStateChanged(let state):
      installState = state
      reconsider()
    case .updateFinished(let result):
      cleaning.isDue = true
      updateFinished(result, now: now, into: &actions)
    case .cleaned(let result): cleaned(result, now: now, into: &actions)
    case .chunkUnavailable(let digest): chunkUnavailable(digest)
    case .checked(let result): checked(result, now: now, into: &actions)
    case .control(let token, let request): accept(request, token: token, now: now, into: &actions)
    case .tick: break
    }
  }
}

/// What the neighbours are told: by the TXT record, in `hello`, and in answer to `watch`.
public struct Advertisement: Hashable, Sendable {
  /// The root of the index digest.
  public var indexRoot: ShortDigest
  /// The version of the TUF timestamp.
  public var metadataVersion: Int

  /// What to tell from its parts.
  public init(indexRoot: ShortDigest, metadataVersion: Int) {
    self.indexRoot = indexRoot
    self.metadataVersion = metadataVersion
  }
}

extension NodeState {
  /// What this node is to tell its neighbours as things stand.
  public var advertisement: Advertisement {
    Advertisement(indexRoot: index.root, metadataVersion: trusted.timestampVersion)
  }

  /// Metadata is told of when it is on disk: a neighbour would ask for it at once.
  private mutating func advanceAdvertisement(into actions: inout [NodeAction]) {
    guard metadataSaves == 0 else { return }
    let current = advertisement
    guard current != advertised else { return }
    advertised = current
    actions.append(.advertise(current))
  }

  /// An error that is nobody's fault in particular is told to those who wait for an answer.
  mutating func report(_ error: GtachError) {
    for position in orders.indices { orders[position].report.errors.append(ErrorReport(error)) }
  }
}
