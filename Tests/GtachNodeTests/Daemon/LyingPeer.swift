import GtachModel
import GtachSystem
import GtachWire

@testable import GtachNode

/// A member of the fleet that passes on what an honest node says, and changes a byte of every unit or chunk, or stops
/// in the middle.
final class LyingPeer: Sendable {
  enum Lie {
    /// It changes units.
    case units
    /// It says that it has no objects, and changes chunks.
    case chunks
    /// It owes all units but the first few.
    case silence
  }

  /// How many units come of one that falls silent.
  static let unitsBeforeSilence = 3

  private let listener: TLSListener
  private let identity: TLSIdentity
  private let truth: TestNode
  private let cancellation: Cancellation
  private let thread: WorkerThread

  init(identity: TLSIdentity, truth: TestNode, lie: Lie) throws {
    let listener = try TLSListener(endpoint: Endpoint(host: "127.0.0.1", port: 0))
    let cancellation = try Cancellation()
    self.listener = listener
    self.identity = identity
    self.truth = truth
    self.cancellation = cancellation
    thread = try WorkerThread(name: "liar") {
      while let socket = try? listener.accept(deadline: nil, cancellation: cancellation) {
        _ = try? WorkerThread(name: "lie") {
          try? Self.tell(lie, on: socket, identity: identity, truth: truth, cancellation: cancellation)
        }
      }
    }
  }

  var endpoint: Endpoint { listener.boundEndpoint }

  /// Closes all connections.
  func leave() { cancellation.cancel() }

  func stop() {
    leave()
    thread.join()
  }

  private static func tell(
    _ lie: Lie, on socket: AcceptedSocket, identity: TLSIdentity, truth: TestNode, cancellation: Cancellation
  ) throws {
    let soon = MonotonicClock.now().advanced(byMilliseconds: 20_000)
    let victim = PeerChannel(
      try socket.handshake(identity: identity, allowJoin: false, deadline: soon, cancellation: cancellation).connection)
    let source = PeerChannel(
      try TLSConnection.connect(to: truth.endpoint, identity: identity, deadline: soon, cancellation: cancellation))
    let id = NodeID(publicKey: identity.certificate.publicKey, hashing: SHA256())
    let backwards = try WorkerThread(name: "backwards") {
      var units = 0
      while let message = try? source.receive(
        deadline: MonotonicClock.now().advanced(byMilliseconds: 60_000))
      {
        let told: Message
        switch message {
        case .hello(let hello):
          told = .hello(
            Hello(
              node: id, name: hello.name, fleet: hello.fleet, indexRoot: hello.indexRoot,
              metadataVersion: hello.metadataVersion))
        case .unit(let unit) where lie == .chunks:
          told = .failure(Failure(id: unit.id, GtachError(.chunkMissing, "it is not here")))
        case .chunkPart(let part):
          var bytes = part.bytes
          bytes[bytes.count - 1] ^= 1
          told = .chunkPart(ChunkPart(id: part.id, total: part.total, bytes: bytes))
        case .unit where lie == .silence:
          units += 1
          guard units <= unitsBeforeSilence else { continue }
          told = message
        case .unit(let unit):
          var bytes = unit.bytes
          bytes[0] ^= 1
          told = .unit(ObjectUnit(id: unit.id, unit: unit.unit, bytes: bytes))
        default: told = message
        }
        guard (try? victim.send(told)) != nil else { break }
      }
      victim.close(telling: nil)
    }
    while let message = try? victim.receive(deadline: MonotonicClock.now().advanced(byMilliseconds: 60_000)) {
      if case .hello(let hello) = message {
        try source.send(
          .hello(
            Hello(
              node: id, name: hello.name, fleet: hello.fleet, indexRoot: hello.indexRoot,
              metadataVersion: hello.metadataVersion)))
      } else {
        try source.send(message)
      }
    }
    source.close(telling: nil)
    backwards.join()
  }
}
