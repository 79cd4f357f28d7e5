import GtachModel

/// What is known of the services on the LAN, and which questions to keep asking: the decisions of discovery, as a value
/// without clock, thread or library. Answers and the time go in, actions come out.
///
/// Per instance a TXT query stays open, since its answers are the notifications, while the target and its addresses are
/// asked for once, and again from time to time: every open query costs a thread and a connection.
struct DiscoveryTable {
  /// A question to the system.
  enum Query: Hashable {
    /// Follow the TXT record of an instance.
    case text(instance: String)
    /// Where an instance listens.
    case target(instance: String)
    /// The addresses of one family of an instance's host.
    case addresses(instance: String, host: String, family: Family)
  }

  /// An address family.
  enum Family: Hashable { case ipv4, ipv6 }

  /// What the owner of the table shall do.
  enum Action: Hashable {
    /// Ask a question, until told to stop.
    case ask(Query)
    /// Stop asking it.
    case stop(Query)
    /// Tell the user.
    case tell(DiscoveryEvent)
  }

  /// How many instances are followed at once: each costs five descriptors of the usual 1,024. Who comes later waits
  /// until somebody leaves.
  static let maximumInstances = 128
  /// How many TXT records of one instance are remembered at once: a few interfaces, each with an old and a new one.
  static let maximumTexts = 32
  /// How many instances are looked up at once: each lookup costs up to ten descriptors more.
  static let maximumLookups = 8
  /// How many addresses of one instance are remembered.
  static let maximumAddresses = 16
  /// How long a question about target or addresses may stay unanswered, in milliseconds.
  static let answerMilliseconds: Int64 = 5_000
  /// The first pause before a question is asked again, doubled each time, in milliseconds.
  static let firstRetryMilliseconds: Int64 = 1_000
  /// The longest pause before a question is asked again, in milliseconds.
  static let longestRetryMilliseconds: Int64 = 60_000
  /// How long to wait for more addresses after the first, in milliseconds: nobody says which is the last.
  static let settleMilliseconds: Int64 = 100
  /// How often target and addresses are asked for again, in milliseconds.
  static let refreshMilliseconds: Int64 = 120_000
  /// How long an instance that was known before an outage may take to show up again, in milliseconds.
  static let graceMilliseconds: Int64 = 10_000

  /// Where the search for an instance's endpoints stands.
  private enum Lookup {
    case idle(until: Instant)
    case target(until: Instant)
    case addresses(host: String, port: UInt16, found: [Address], until: Instant)
  }

  /// A numeric address of a family.
  private struct Address: Hashable {
    var family: Family
    var host: String
  }

  private struct Instance {
    /// Additions less removals: there is one of each per interface and protocol.
    var sightings = 0
    /// The records that are valid at the moment, the newest last. An old one stays for a second beside the new one.
    var texts: [[UInt8]] = []
    /// The newest record ever, kept while none is valid.
    var text: [UInt8]?
    var endpoints: [Endpoint] = []
    var lookup: Lookup
    var retryMilliseconds = DiscoveryTable.firstRetryMilliseconds
    var told: Service?
  }

  private var instances: [String: Instance] = [:]
  private var graceEnd: Instant?

  /// When `timePassed` shall be called next.
  var nextTimeout: Instant? {
    // Whoever is due while all lookups are taken waits for one of those to end.
    let mayStart = lookups < Self.maximumLookups
    var times = instances.values.compactMap { instance -> Instant? in
      switch instance.lookup {
      case .idle(let until): mayStart && instance.sightings > 0 ? until : nil
      case .target(let until), .addresses(_, _, _, let until): until
      }
    }
    if let graceEnd { times.append(graceEnd) }
    return times.min()
  }

  /// The system's discovery works again, after a time in which nothing could be seen.
  mutating func recovered(now: Instant) {
    graceEnd = now.advanced(byMilliseconds: Self.graceMilliseconds)
  }

  /// The system's discovery broke down: every question is void. What was told stays true until shown otherwise.
  mutating func brokeDown(now: Instant) {
    graceEnd = nil
    instances = instances.filter { $0.value.told != nil }
    for name in instances.keys {
      instances[name]?.sightings = 0
      instances[name]?.texts = []
      instances[name]?.lookup = .idle(until: now)
    }
  }

  /// An instance was seen on one more interface or protocol.
  mutating func seen(_ name: String, now: Instant) -> [Action] {
    if instances[name] == nil {
      guard instances.count < Self.maximumInstances else { return [] }
      instances[name] = Instance(lookup: .idle(until: now))
    }
    instances[name]?.sightings += 1
    guard instances[name]?.sightings == 1 else { return refresh(name, now: now) }
    instances[name]?.retryMilliseconds = Self.firstRetryMilliseconds
    instances[name]?.lookup = .idle(until: now)
    return [.ask(.text(instance: name))] + startDueLookups(now: now)
  }

  /// An instance is gone from one interface or protocol.
  mutating func vanished(_ name: String) -> [Action] {
    guard let instance = instances[name], instance.sightings > 0 else { return [] }
    guard instance.sightings == 1 else {
      instances[name]?.sightings -= 1
      return []
    }
    instances[name] = nil
    var actions = [Action.stop(.text(instance: name))] + openQueries(name, instance.lookup).map { .stop($0) }
    if instance.told != nil { actions.append(.tell(.lost(name: name))) }
    return actions
  }

  /// Looks up an instance's target and addresses anew, because it could not be reached where it was.
  mutating func refresh(_ name: String, now: Instant) -> [Action] {
    guard let instance = instances[name], instance.sightings > 0, case .idle = instance.lookup else { return [] }
    instances[name]?.lookup = .idle(until: now)
    return startDueLookups(now: now)
  }

  /// A TXT record appeared or disappeared.
  mutating func text(_ name: String, isAddition: Bool, bytes: [UInt8]) -> [Action] {
    guard var instance = instances[name], instance.sightings > 0, bytes.count <= TextStrings.maximumByteCount else {
      return []
    }
    if isAddition {
      instance.texts.append(bytes)
      if instance.texts.count > Self.maximumTexts { instance.texts.removeFirst() }
    } else if let old = instance.texts.firstIndex(of: bytes) {
      instance.texts.remove(at: old)
    }
    // Without any record the last one is kept: the next is on its way, or the instance is about to vanish.
    instance.text = instance.texts.last ?? instance.text
    instances[name] = instance
    return tell(name)
  }

  /// Where an instance listens is known.
  mutating func target(_ name: String, host: String, port: UInt16, now: Instant) -> [Action] {
    guard let instance = instances[name], case .target = instance.lookup else { return [] }
    let until = now.advanced(byMilliseconds: Self.answerMilliseconds)
    let lookup = Lookup.addresses(host: host, port: port, found: [], until: until)
    instances[name]?.lookup = lookup
    return [.stop(.target(instance: name))] + openQueries(name, lookup).map { .ask($0) }
  }

  /// A numeric address of an instance's host appeared or disappeared.
  mutating func address(
    _ name: String, family: Family, host: String, isAddition: Bool, now: Instant
  ) -> [Action] {
    guard let instance = instances[name],
      case .addresses(let target, let port, var found, let until) = instance.lookup
    else { return [] }
    let address = Address(family: family, host: host)
    if isAddition, !found.contains(address), found.count < Self.maximumAddresses { found.append(address) }
    if !isAddition { found.removeAll { $0 == address } }
    let settled = min(until, now.advanced(byMilliseconds: Self.settleMilliseconds))
    instances[name]?.lookup = .addresses(
      host: target, port: port, found: found, until: found.isEmpty ? until : settled)
    return []
  }

  /// A question could not be asked, or was answered with an error: it is asked again later.
  mutating func failed(_ query: Query, now: Instant) -> [Action] {
    switch query {
    // The system closed it; without it a change would go unnoticed, so it is asked again with the next lookup.
    case .text: []
    case .target(let name), .addresses(let name, _, _): giveUpLookup(name, now: now)
    }
  }

  /// Carries out what was to happen by now.
  mutating func timePassed(now: Instant) -> [Action] {
    var actions: [Action] = []
    for (name, instance) in instances.sorted(by: { $0.key < $1.key }) {
      switch instance.lookup {
      case .target(let until) where until <= now: actions += giveUpLookup(name, now: now)
      case .addresses(_, let port, let found, let until) where until <= now:
        actions += found.isEmpty ? giveUpLookup(name, now: now) : finishLookup(name, port: port, found, now: now)
      default: break
      }
    }
    actions += startDueLookups(now: now)
    if let graceEnd, graceEnd <= now {
      self.graceEnd = nil
      for (name, instance) in instances.sorted(by: { $0.key < $1.key }) where instance.sightings == 0 {
        instances[name] = nil
        actions.append(.tell(.lost(name: name)))
      }
    }
    return actions
  }

  /// How many instances are being looked up.
  private var lookups: Int {
    instances.values.count { if case .idle = $0.lookup { false } else { true } }
  }

  private mutating func startDueLookups(now: Instant) -> [Action] {
    var actions: [Action] = []
    for (name, instance) in instances.sorted(by: { $0.key < $1.key }) where instance.sightings > 0 {
      guard case .idle(let until) = instance.lookup, until <= now, lookups < Self.maximumLookups else { continue }
      instances[name]?.lookup = .target(until: now.advanced(byMilliseconds: Self.answerMilliseconds))
      // Asking what is asked already changes nothing; a TXT query that was closed by an error comes back so.
      actions += [.ask(.text(instance: name)), .ask(.target(instance: name))]
    }
    return actions
  }

  private mutating func giveUpLookup(_ name: String, now: Instant) -> [Action] {
    guard let instance = instances[name] else { return [] }
    let queries = openQueries(name, instance.lookup)
    let pause = instance.retryMilliseconds
    instances[name]?.lookup = .idle(until: now.advanced(byMilliseconds: pause))
    instances[name]?.retryMilliseconds = min(pause * 2, Self.longestRetryMilliseconds)
    return queries.map { .stop($0) }
  }

  private mutating func finishLookup(
    _ name: String, port: UInt16, _ found: [Address], now: Instant
  ) -> [Action] {
    guard let instance = instances[name] else { return [] }
    let queries = openQueries(name, instance.lookup)
    let endpoints =
      found
      .sorted { (Self.rank($0), $0.host) < (Self.rank($1), $1.host) }
      .map { Endpoint(host: $0.host, port: port) }
    instances[name]?.endpoints = endpoints
    instances[name]?.lookup = .idle(until: now.advanced(byMilliseconds: Self.refreshMilliseconds))
    instances[name]?.retryMilliseconds = Self.firstRetryMilliseconds
    return queries.map { .stop($0) } + tell(name)
  }

  /// IPv4 first, then IPv6, then what is valid on one link only.
  private static func rank(_ address: Address) -> Int {
    address.family == .ipv4 ? 0 : address.host.contains("%") ? 2 : 1
  }

  private func openQueries(_ name: String, _ lookup: Lookup) -> [Query] {
    switch lookup {
    case .idle: []
    case .target: [.target(instance: name)]
    case .addresses(let host, _, _, _):
      [
        .addresses(instance: name, host: host, family: .ipv4),
        .addresses(instance: name, host: host, family: .ipv6),
      ]
    }
  }

  /// Tells of an instance once everything is known of it, and again when something of it changed.
  private mutating func tell(_ name: String) -> [Action] {
    guard let instance = instances[name], let text = instance.text, !instance.endpoints.isEmpty else { return [] }
    let service = Service(name: name, endpoints: instance.endpoints, text: TextStrings.decode(text))
    guard service != instance.told else { return [] }
    instances[name]?.told = service
    return [.tell(.found(service))]
  }
}
