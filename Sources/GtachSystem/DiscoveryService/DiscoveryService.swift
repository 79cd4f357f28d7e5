import CDNSSD
import GtachModel

/// Advertises this node as `_gtach._tcp` and follows all others on the LAN, through dns_sd (Avahi on Linux,
/// mDNSResponder on macOS).
///
/// It has a thread of its own. Where the system's discovery is missing, or comes and goes, it says so once each time
/// and goes on by itself when it is back.
public final class DiscoveryService: Sendable {
  /// What is advertised.
  struct Advertisement: Sendable {
    var name: String
    var port: UInt16
    var text: [UInt8]
  }

  // Evaluated at most once in a process, by the first service that starts.
  private static let isPrepared: Bool = {
    gtach_dns_sd_prepare()
    return true
  }()

  private let commands: DiscoveryCommands
  private let advertisement: Advertisement?
  private let events: @Sendable (DiscoveryEvent) -> Void
  private let worker = WorkerSlot()

  /// A service that does nothing before `start`.
  ///
  /// - Parameters:
  ///   - name: The instance name that is asked for, at most 63 bytes of UTF-8 (the rest is cut off); the system
  ///     changes it where another machine has it.
  ///   - port: The TCP port that is advertised.
  ///   - text: The pairs of the TXT record.
  ///   - advertise: Whether to advertise at all, or only to follow the others.
  ///   - events: Called on the service's thread; must return soon and must not call `stop`.
  /// - Throws: `ErrorCode.bug` where the text is no TXT record, `ErrorCode.busy` without descriptors.
  public init(
    name: String, port: UInt16, text: [String: String], advertise: Bool = true,
    events: @escaping @Sendable (DiscoveryEvent) -> Void
  ) throws(GtachError) {
    commands = try DiscoveryCommands()
    advertisement =
      advertise ? Advertisement(name: Self.cut(name), port: port, text: try TextStrings.encode(text)) : nil
    self.events = events
  }

  // Only asks the thread to end: the last reference may go on that very thread.
  deinit { commands.post { $0.stop = true } }

  /// Starts the thread; doing so again changes nothing.
  ///
  /// - Throws: `ErrorCode.busy` where the system has no room for another thread.
  public func start() throws(GtachError) {
    _ = Self.isPrepared
    // The thread keeps what it needs and not the service, or the service would never go.
    let (commands, advertisement, events) = (commands, advertisement, events)
    try worker.start { () throws(GtachError) -> WorkerThread in
      try WorkerThread(name: "discovery") {
        DiscoveryWorker(commands: commands, advertisement: advertisement, events: events).run()
      }
    }
  }

  /// Changes the TXT record; sent at most twice a second, the newest one always.
  ///
  /// - Throws: `ErrorCode.bug` where the text is no TXT record.
  public func update(text: [String: String]) throws(GtachError) {
    let bytes = try TextStrings.encode(text)
    commands.post { $0.text = bytes }
  }

  /// Looks up the target and the addresses of an instance anew, because it could not be reached where it was. A
  /// change comes as `found`.
  public func refresh(name: String) {
    commands.post { $0.refresh.insert(name) }
  }

  /// Takes the advertisement back, ends the thread and waits for that. Afterwards no event comes any more.
  public func stop() {
    commands.post { $0.stop = true }
    worker.join()
  }

  /// The first 63 bytes of a name, whole characters only.
  private static func cut(_ name: String) -> String {
    var result = name
    while result.utf8.count > 63 { result.removeLast() }
    return result
  }
}

/// The thread of a service, once it has one.
private final class WorkerSlot: @unchecked Sendable {
  // Touched only under the monitor.
  private let monitor = Monitor()
  private var thread: WorkerThread?

  func start(_ make: () throws(GtachError) -> WorkerThread) throws(GtachError) {
    try monitor.withLock { () throws(GtachError) -> Void in
      if thread == nil { thread = try make() }
    }
  }

  func join() { monitor.withLock { thread }?.join() }
}
