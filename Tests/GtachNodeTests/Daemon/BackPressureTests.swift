import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Synchronization
import Testing

@testable import GtachNode

/// A session with a peer that this test plays, and whose inputs this test decides when to take.
@Suite("What one session may have waiting", .serialized)
struct BackPressureTests {
  private typealias Input = (input: NodeInput, taken: @Sendable () -> Void)

  private let directory: TestDirectory
  private let node: TestNode
  private let listener: TLSListener
  private let session: DialledSession
  private let inputs = Mailbox<Input>()
  private let counter = Counter()
  private let thread: WorkerThread
  private let connection: TLSConnection
  private let peer: PeerChannel

  private static var soon: Instant { MonotonicClock.now().advanced(byMilliseconds: 20_000) }

  init() throws {
    directory = try TestDirectory()
    node = try TestNode.founder(directory)
    let listener = try TLSListener(endpoint: Endpoint(host: "127.0.0.1", port: 0))
    self.listener = listener
    let (mine, theirs) = (try node.identity("mine"), try node.identity("theirs"))
    let fleet = node.membership.fleet
    func hello(_ identity: TLSIdentity, _ name: String) throws -> Hello {
      Hello(
        node: NodeID(publicKey: identity.certificate.publicKey, hashing: SHA256()), name: try NodeName(name),
        fleet: fleet, indexRoot: .zero, metadataVersion: 0)
    }
    let repository = try PackageRepository(home: "\(directory.path)/mine")
    let sharing = UnitSharing(repository: repository, limits: UploadLimits(), isUnavailable: { _ in })
    let (inputs, counter) = (self.inputs, self.counter)
    session = try DialledSession(
      id: SessionID(number: 1), endpoints: [listener.boundEndpoint], identity: mine, hello: try hello(mine, "mine"),
      repository: repository, sharing: sharing
    ) { input, taken in
      counter.add(1)
      inputs.post((input, taken))
    }
    thread = try session.start()
    let socket = try listener.accept(deadline: Self.soon, cancellation: nil)
    let (opened, _) = try socket.handshake(
      identity: theirs, allowJoin: false, deadline: Self.soon, cancellation: nil)
    connection = opened
    peer = PeerChannel(connection)
    try peer.send(.hello(try hello(theirs, "theirs")))
    guard case .hello? = try peer.receive(deadline: Self.soon) else {
      throw GtachError(.bug, "the session did not say hello")
    }
  }

  /// Counts, from any thread.
  private final class Counter: Sendable {
    private let value = Mutex(0)
    func add(_ more: Int) { value.withLock { $0 += more } }
    var count: Int { value.withLock { $0 } }
  }

  private func end() {
    session.close(nil)
    thread.join()
    peer.close(telling: nil)
    node.stop()
  }

  private func waits(until deadline: Instant, _ isSo: () -> Bool) -> Bool {
    while MonotonicClock.now() < deadline {
      if isSo() { return true }
      _ = Mailbox<Int>().receive(until: MonotonicClock.now().advanced(byMilliseconds: 10))
    }
    return isSo()
  }

  private var variant: VariantID {
    get throws { try #require(VariantID(targetPath: "app/1.0.0/any/manifest.json")) }
  }

  private func follow() throws -> UInt32 {
    let map = UnitMap(ChunkIndex(unitSize: 4096, chunks: [], objects: []))
    session.ask(.follow(try variant, map, index: SHA256().digest(of: [1])))
    guard case .follow(let follow)? = try peer.receive(deadline: Self.soon) else {
      throw GtachError(.bug, "the session did not follow")
    }
    return follow.id
  }

  @Test func aPeerThatTellsWithoutEndFillsNoMemoryAndKeepsNobodyFromEndingItsSession() throws {
    let id = try follow()
    // The memory that each takes is reckoned with, and one may go beyond.
    let input = NodeInput.reply(session.id, .fetch(try variant, .has([0..<1])))
    let enough = DistributionLimits.backlogBytes / input.approximateBytes
    let most = enough + 2
    let count = 10 * most
    let peer = self.peer
    let flood = try WorkerThread(name: "flood") {
      for _ in 0..<count { try? peer.enqueue([.have(Have(id: id, ranges: [0..<1]))]) }
      try? peer.flush()
    }
    // Nobody takes anything. What could come after as much as may be is given the time to.
    try #require(waits(until: Self.soon) { counter.count >= enough })
    #expect(!waits(until: MonotonicClock.now().advanced(byMilliseconds: 500)) { counter.count > most })
    // All of it comes when it is taken, and in between never more than may be.
    var taken = 0
    while taken < count + 1 {
      let next = try #require(inputs.receive(until: Self.soon))
      #expect(counter.count - taken <= most)
      taken += 1
      next.taken()
    }
    // Once more: a session whose thread waits ends nevertheless.
    let again = try WorkerThread(name: "flood") {
      for _ in 0..<count { try? peer.enqueue([.have(Have(id: id, ranges: [0..<1]))]) }
      try? peer.flush()
    }
    #expect(waits(until: Self.soon) { counter.count - taken >= enough })
    end()
    flood.join()
    again.join()
    var last: NodeInput?
    while let next = inputs.receive(until: MonotonicClock.now()) { last = next.input }
    guard case .sessionClosed? = last else {
      Issue.record("the session did not say that it has ended")
      return
    }
  }

  @Test func aPartOfAnAnswerIsTold() throws {
    defer { end() }
    _ = try #require(inputs.receive(until: Self.soon)).taken()
    session.ask(.metadata(name: "timestamp.json", maximumBytes: 100_000))
    guard case .getFile(let request)? = try peer.receive(deadline: Self.soon) else {
      Issue.record("the session did not ask")
      return
    }
    let frame = try Zstd.compressBare(SystemRandom.bytes(50_000)[...], after: [], level: 1)
    let parts = FilePart.messages(id: request.id, size: 50_000, base: 0, frame: frame)
    let bytes = parts.flatMap { Message.filePart($0).encoded() }
    // Slowly, a little at a time, until the session says so.
    var sent = 0
    var heard = false
    while !heard, sent + 100 < bytes.count {
      try connection.send(bytes[sent..<sent + 100], deadline: Self.soon)
      sent += 100
      let input = inputs.receive(until: MonotonicClock.now().advanced(byMilliseconds: 20))?.input
      if case .heard? = input { heard = true }
    }
    #expect(heard)
    try connection.send(bytes[sent...], deadline: Self.soon)
    while let input = inputs.receive(until: Self.soon)?.input {
      if case .reply(_, .metadata(_, let file)) = input {
        #expect(file?.count == 50_000)
        return
      }
    }
    Issue.record("no answer")
  }
}
