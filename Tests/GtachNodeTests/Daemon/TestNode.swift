import GtachModel
import GtachSystem
import GtachWire
import Synchronization
import Testing

@testable import GtachNode

/// A daemon in this process, on loopback, with a home that is gone when the test is.
final class TestNode: Sendable {
  let home: Home
  let membership: Membership
  let endpoint: Endpoint
  private let daemon: NodeDaemon
  private let thread: WorkerThread
  let log: EventLog

  /// The publisher of a new fleet.
  static func founder(_ directory: TestDirectory, upload: UploadLimits? = nil) throws -> TestNode {
    let home = Home("\(directory.path)/dev")
    let membership = try FleetFounder.found(
      home: home, fleetName: "test", nodeName: NodeName("dev"), now: SystemClock.now())
    return try TestNode(home: home, membership: membership, upload: upload)
  }

  /// Another member of this node's fleet, its peers told by hand.
  func member(_ name: String, in directory: TestDirectory, peers: [Endpoint]) throws -> TestNode {
    let home = Home("\(directory.path)/\(name)")
    try FileSystem().perform([.makeDirectory(home.path)])
    let identity = try identity(name)
    let membership = Membership(
      fleetName: "test", nodeName: try NodeName(name), identity: identity, pinnedRoot: self.membership.pinnedRoot,
      isPublisher: false)
    try MembershipStore(home: home).store(membership, keys: [:])
    return try TestNode(home: home, membership: membership, peers: peers)
  }

  /// A certificate of the fleet for somebody else.
  func identity(_ name: String) throws -> TLSIdentity {
    let key = try Ed25519PrivateKey()
    let certificate = try membership.identity.authority.sign(
      CertificateRequest(key: key, name: name), name: name, with: MembershipStore(home: home).key("authority"))
    return try TLSIdentity(key: key, certificate: certificate, authority: membership.identity.authority)
  }

  private init(
    home: Home, membership: Membership, peers: [Endpoint] = [], upload: UploadLimits? = nil
  ) throws {
    self.home = home
    self.membership = membership
    var context = try NodeContext(home: home)
    context.configuration.listen = Endpoint(host: "127.0.0.1", port: 0)
    context.configuration.peers = peers
    context.configuration.upload = upload
    let listening = Mailbox<Endpoint>()
    let log = EventLog()
    let daemon = try context.daemon(options: NodeDaemon.Options(usesDiscovery: false)) { event in
      log.append(event)
      if case .listening(let endpoint) = event { listening.post(endpoint) }
    }
    self.daemon = daemon
    self.log = log
    thread = try WorkerThread(name: "test-node") {
      do throws(GtachError) {
        try daemon.run()
      } catch {
        log.append(.peerFailed(name: "the daemon itself", error: ErrorReport(error)))
      }
    }
    endpoint = try #require(
      listening.receive(until: MonotonicClock.now().advanced(byMilliseconds: 20_000)), "it listens: \(log.all)")
  }

  func stop() {
    daemon.stop()
    thread.join()
  }

  /// The variants that it holds complete.
  func held() throws -> [VariantID] { try PackageRepository(home: home.path).variants().keys.sorted() }

  /// What it answers.
  func ask(_ request: ControlRequest) -> ControlReply? {
    let replies = daemon.submit(request)
    let deadline = MonotonicClock.now().advanced(byMilliseconds: 30_000)
    var last: ControlReply?
    while let reply = replies.receive(until: deadline) { last = reply }
    return last
  }

  /// Packs a release of random bytes, as `gtach pack` does.
  func publish(_ name: String, _ version: String, bytes: Int) throws {
    let directory = "\(home.path)/tree-\(name)-\(version)"
    try FileSystem().perform([
      .makeDirectory(directory),
      .write(path: "\(directory)/data", bytes: SystemRandom.bytes(bytes), permissions: 0o644),
    ])
    let repository = try PackageRepository(home: home.path)
    let packed = try PackageCreator(repository: repository).createPackage(
      source: directory, name: PackageName(name), version: SemanticVersion(version), descriptionFile: nil,
      level: 1, platform: .any, created: SystemClock.now())
    try ReleasePublisher(home: home, membership: membership, repository: repository).publish(
      packed, now: SystemClock.now())
    #expect(ask(.reload) == .done)
  }
}

/// What a node told, from any thread.
final class EventLog: Sendable {
  private let events = Mutex<[NodeEvent]>([])
  func append(_ event: NodeEvent) { events.withLock { $0.append(event) } }
  var all: [NodeEvent] { events.withLock { $0 } }

  /// Waits until an event of this kind was told.
  func waits(for isMeant: (NodeEvent) -> Bool) -> Bool {
    let deadline = MonotonicClock.now().advanced(byMilliseconds: 60_000)
    while MonotonicClock.now() < deadline {
      if all.contains(where: isMeant) { return true }
      _ = Mailbox<Int>().receive(until: MonotonicClock.now().advanced(byMilliseconds: 20))
    }
    return false
  }
}

/// A directory that is gone when the test is.
final class TestDirectory {
  let path: String
  init() throws { path = try FileSystem().temporaryDirectory(prefix: "gt-node-") }
  deinit { try? FileSystem().perform([.remove(path)]) }
}
