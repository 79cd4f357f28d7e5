import CDNSSD
import GtachModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif

/// The thread of a `DiscoveryService`: carries out what the table decides, and rebuilds everything when the system's
/// discovery breaks down.
///
/// A restart of avahi-daemon or of the bus leaves every reference dead without a word from most calls; the browse and
/// the registration are told by an error in their callback, and that is the sign to make all of them anew.
final class DiscoveryWorker {
  /// The first pause before discovery is tried again, doubled each time, in milliseconds.
  static let firstRetryMilliseconds: Int64 = 250
  /// The longest pause, in milliseconds. A try costs one of them.
  static let longestRetryMilliseconds: Int64 = 8_000
  /// The least time between two changes of one's TXT record, in milliseconds: at more than two a second those who
  /// watch starve.
  static let textUpdateMilliseconds: Int64 = 500

  private let commands: DiscoveryCommands
  private let advertisement: DiscoveryService.Advertisement?
  private let events: @Sendable (DiscoveryEvent) -> Void

  private var table = DiscoveryTable()
  private var browse: Subscription?
  private var registration: Subscription?
  private var isRegistered = false
  private var queries: [DiscoveryTable.Query: Subscription] = [:]
  private var retryAt: Instant? = MonotonicClock.now()
  private var retryMilliseconds = DiscoveryWorker.firstRetryMilliseconds
  /// Whether the last thing told was that discovery works; nil where nothing was told.
  private var isAvailable: Bool?
  private var wantedText: [UInt8]
  private var sentText: [UInt8] = []
  private var nextTextUpdate = Instant(milliseconds: .min)

  init(
    commands: DiscoveryCommands, advertisement: DiscoveryService.Advertisement?,
    events: @escaping @Sendable (DiscoveryEvent) -> Void
  ) {
    self.commands = commands
    self.advertisement = advertisement
    self.events = events
    wantedText = advertisement?.text ?? []
  }

  /// Works until told to stop.
  func run() {
    while true {
      let pending = commands.take()
      if pending.stop { break }
      if let text = pending.text { wantedText = text }
      let now = MonotonicClock.now()
      for name in pending.refresh { perform(table.refresh(name, now: now), now: now) }
      if let retryAt, retryAt <= now { connect(now: now) }
      perform(table.timePassed(now: now), now: now)
      updateText(now: now)
      wait(until: nextTimeout)
    }
    disconnect()
  }

  private var nextTimeout: Instant? {
    var times = [retryAt, table.nextTimeout]
    if isRegistered, wantedText != sentText { times.append(nextTextUpdate) }
    return times.compactMap { $0 }.min()
  }

  // MARK: The system's discovery

  private func connect(now: Instant) {
    do throws(GtachError) {
      if let advertisement {
        registration = try Subscription.register(
          name: advertisement.name, port: advertisement.port, text: wantedText)
        sentText = wantedText
        nextTextUpdate = now.advanced(byMilliseconds: Self.textUpdateMilliseconds)
      }
      browse = try Subscription.browse()
      retryAt = nil
      table.recovered(now: now)
      tell(available: nil)
    } catch {
      breakDown(error, now: now)
    }
  }

  private func disconnect() {
    for query in queries.values { query.close() }
    queries = [:]
    browse?.close()
    browse = nil
    registration?.close()
    registration = nil
    isRegistered = false
  }

  private func breakDown(_ error: GtachError, now: Instant) {
    disconnect()
    table.brokeDown(now: now)
    retryAt = now.advanced(byMilliseconds: retryMilliseconds)
    retryMilliseconds = min(retryMilliseconds * 2, Self.longestRetryMilliseconds)
    tell(available: error)
  }

  private func tell(available failure: GtachError?) {
    guard isAvailable != (failure == nil) else { return }
    isAvailable = failure == nil
    events(failure.map { .unavailable($0) } ?? .available)
  }

  private func updateText(now: Instant) {
    guard isRegistered, wantedText != sentText, nextTextUpdate <= now else { return }
    do throws(GtachError) {
      try registration?.update(text: wantedText)
      sentText = wantedText
      nextTextUpdate = now.advanced(byMilliseconds: Self.textUpdateMilliseconds)
    } catch {
      breakDown(error, now: now)
    }
  }

  // MARK: Questions and answers

  private func perform(_ actions: [DiscoveryTable.Action], now: Instant) {
    for action in actions {
      switch action {
      case .tell(let event): events(event)
      case .stop(let query): queries.removeValue(forKey: query)?.close()
      case .ask(let query):
        guard queries[query] == nil, browse != nil else { continue }
        do throws(GtachError) {
          queries[query] = try ask(query)
        } catch {
          // Where all of discovery is down, the browse will say so; otherwise the table asks again later.
          perform(table.failed(query, now: now), now: now)
        }
      }
    }
  }

  private func ask(_ query: DiscoveryTable.Query) throws(GtachError) -> Subscription {
    switch query {
    case .target(let instance): return try Subscription.resolve(instance: instance)
    case .addresses(_, let host, let family):
      let type = family == .ipv4 ? kDNSServiceType_A : kDNSServiceType_AAAA
      return try Subscription.query(name: host, type: Int(type))
    case .text(let instance):
      guard let name = Subscription.fullName(of: instance) else {
        throw GtachError(.discoveryUnavailable, "\"\(instance)\" is not the name of a service")
      }
      return try Subscription.query(name: name, type: Int(kDNSServiceType_TXT))
    }
  }

  private func wait(until deadline: Instant?) {
    let asked = Array(queries)
    let subscriptions = [browse, registration] + asked.map { $0.value }
    // poll passes over negative descriptors.
    var entries = [pollfd(fd: commands.descriptor, events: Int16(POLLIN), revents: 0)]
    entries += subscriptions.map { pollfd(fd: $0?.descriptor ?? -1, events: Int16(POLLIN), revents: 0) }
    let timeout = deadline.map { Int32(clamping: MonotonicClock.milliseconds(until: $0)) } ?? -1
    guard poll(&entries, nfds_t(entries.count), timeout) > 0 else { return }
    if entries[0].revents != 0 { commands.drain() }
    let now = MonotonicClock.now()
    if entries[2].revents != 0 { handleRegistration(registration?.process() ?? [], now: now) }
    if entries[1].revents != 0 { handleBrowse(browse?.process() ?? [], now: now) }
    for (entry, (query, subscription)) in zip(entries.dropFirst(3), asked) where entry.revents != 0 {
      // What came before it may have closed it, or everything.
      guard queries[query] === subscription else { continue }
      for answer in subscription.process() { handle(answer, to: query, now: now) }
    }
  }

  private func handleRegistration(_ answers: [Subscription.Answer], now: Instant) {
    for answer in answers {
      if case .registered = answer {
        isRegistered = true
        retryMilliseconds = Self.firstRetryMilliseconds
      }
      if case .failed(let status) = answer {
        return breakDown(Subscription.failure(status, "advertise"), now: now)
      }
    }
  }

  private func handleBrowse(_ answers: [Subscription.Answer], now: Instant) {
    for answer in answers {
      switch answer {
      case .browsed(let name, true):
        retryMilliseconds = Self.firstRetryMilliseconds
        perform(table.seen(name, now: now), now: now)
      case .browsed(let name, false): perform(table.vanished(name), now: now)
      case .failed(let status): return breakDown(Subscription.failure(status, "browse"), now: now)
      default: break
      }
    }
  }

  private func handle(_ answer: Subscription.Answer, to query: DiscoveryTable.Query, now: Instant) {
    switch (query, answer) {
    case (.target(let name), .target(let host, let port)):
      perform(table.target(name, host: host, port: port, now: now), now: now)
    case (.text(let name), .record(let bytes, _, let isAddition)):
      perform(table.text(name, isAddition: isAddition, bytes: bytes), now: now)
    case (.addresses(let name, _, let family), .record(let bytes, let interface, let isAddition)):
      guard let host = NumericAddress.text(bytes, family: family, interface: interface) else { return }
      perform(table.address(name, family: family, host: host, isAddition: isAddition, now: now), now: now)
    case (_, .failed):
      queries.removeValue(forKey: query)?.close()
      perform(table.failed(query, now: now), now: now)
    default: break
    }
  }
}
