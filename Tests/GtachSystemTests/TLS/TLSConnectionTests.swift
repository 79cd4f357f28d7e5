import GtachModel
import Testing

@testable import GtachSystem

@Suite("TLS connections")
struct TLSConnectionTests {
  let fleet: TestFleet
  let server: TestServer
  let serverIdentity: TLSIdentity
  let clientIdentity: TLSIdentity

  init() throws {
    fleet = try TestFleet(name: "workshop")
    serverIdentity = try fleet.identity("pi-1")
    clientIdentity = try fleet.identity("pi-2")
    server = try TestServer(identity: serverIdentity)
  }

  @Test("members know each other by key, and bytes arrive as they were sent")
  func echo() throws {
    defer { server.stop() }
    let (client, accepted) = try server.pair(clientIdentity)
    #expect(client.peerPublicKey == serverIdentity.key.publicKey)
    #expect(client.peerName == "pi-1")
    #expect(client.remoteEndpoint == server.endpoint)
    #expect(accepted.peerPublicKey == clientIdentity.key.publicKey)
    #expect(accepted.peerName == "pi-2")
    #expect(accepted.remoteEndpoint.host == "127.0.0.1")
    for message in [[7], Array("hello".utf8), SystemRandom.bytes(300_000)] {
      let thread = try WorkerThread(name: "echo") {
        do throws(GtachError) {
          try accepted.send(try accepted.receiveAll(message.count), deadline: soon())
        } catch { Issue.record(error) }
      }
      try client.send(message, deadline: soon())
      #expect(try client.receiveAll(message.count) == message)
      thread.join()
    }
  }

  @Test("certificates of another century are as good as any")
  func calendar() throws {
    defer { server.stop() }
    let key = try Ed25519PrivateKey()
    var maker = CertificateMaker(subject: "old", subjectKey: key.object, isAuthority: false)
    maker.notBefore = "19700101000000Z"
    maker.notAfter = "19710101000000Z"
    let old = try maker.make(issuer: fleet.authority, issuerKey: fleet.key.object)
    let (client, accepted) = try server.pair(TLSIdentity(key: key, certificate: old, authority: fleet.authority))
    try accepted.send([1], deadline: soon())
    #expect(try client.receiveAll(1) == [1])
    #expect(accepted.peerName == "old")
  }

  @Test("two threads at each end send and receive several MiB both ways at once")
  func fullDuplex() throws {
    defer { server.stop() }
    let (client, accepted) = try server.pair(clientIdentity)
    let size = 4 * 1024 * 1024
    let messages = [SystemRandom.bytes(size), SystemRandom.bytes(size)]
    let results = Mailbox<(Int, Digest)>()
    var threads: [WorkerThread] = []
    for (number, ends) in [(client, accepted), (accepted, client)].enumerated() {
      let message = messages[number]
      threads.append(
        try WorkerThread(name: "send") {
          do throws(GtachError) { try ends.0.send(message, deadline: soon()) } catch { Issue.record(error) }
        })
      threads.append(
        try WorkerThread(name: "receive") {
          do throws(GtachError) {
            results.post((number, SHA256().digest(of: try ends.1.receiveAll(size))))
          } catch { Issue.record(error) }
        })
    }
    for thread in threads { thread.join() }
    results.close()
    var digests: [Int: Digest] = [:]
    while let (number, digest) = results.receive(until: nil) { digests[number] = digest }
    #expect(digests == [0: SHA256().digest(of: messages[0]), 1: SHA256().digest(of: messages[1])])
  }

  @Test("a goodbye is the end, and a connection that breaks off is an error")
  func ends() throws {
    defer { server.stop() }
    var (client, accepted) = try server.pair(clientIdentity)
    try accepted.send([1, 2, 3], deadline: soon())
    accepted.close()
    accepted.close()
    #expect(try client.receiveAll(3) == [1, 2, 3])
    #expect(try client.receive(maximum: 10, deadline: soon()) == [])
    #expect(try client.receive(maximum: 10, deadline: soon()) == [])
    #expect(thrownError { try accepted.send([1], deadline: soon()) }?.code == .cancelled)

    (client, accepted) = try server.pair(clientIdentity)
    try accepted.send([1, 2, 3], deadline: soon())
    let receiver = client
    accepted.abandon()
    #expect(try receiver.receiveAll(3) == [1, 2, 3])
    #expect(thrownError { try receiver.receive(maximum: 10, deadline: soon()) }?.code == .peerClosed)
    #expect(thrownError { try receiver.receive(maximum: 10, deadline: soon()) }?.code == .peerClosed)
  }

  @Test("the last message arrives although the peer has sent what nobody read")
  func lingering() throws {
    defer { server.stop() }
    let (client, accepted) = try server.pair(clientIdentity)
    try client.send(SystemRandom.bytes(1000), deadline: soon())
    try accepted.send(Array("no".utf8), deadline: soon())
    let thread = try WorkerThread(name: "close") { accepted.close(lingering: soon()) }
    #expect(try client.receiveAll(2) == Array("no".utf8))
    #expect(try client.receive(maximum: 10, deadline: soon()) == [])
    client.close()
    thread.join()
  }

  @Test("a silent peer is given up at the deadline, and may be heard later")
  func silence() throws {
    defer { server.stop() }
    let (client, accepted) = try server.pair(clientIdentity)
    #expect(thrownError { try client.receive(maximum: 10, deadline: shortly()) }?.code == .peerTimeout)
    try accepted.send([5], deadline: soon())
    #expect(try client.receiveAll(1) == [5])
  }

  @Test("a peer that sends a byte now and then does not move the deadline of a whole message")
  func trickle() throws {
    defer { server.stop() }
    let (client, accepted) = try server.pair(clientIdentity)
    let stop = try Cancellation()
    let thread = try WorkerThread(name: "trickle") {
      while thrownError({
        try accepted.send([1], deadline: soon())
        try stop.sleep(until: MonotonicClock.now().advanced(byMilliseconds: 10))
      }) == nil {}
    }
    let deadline = shortly()
    var count = 0
    let error = thrownError {
      while count < 1_000_000 { count += try client.receive(maximum: 100, deadline: deadline).count }
    }
    stop.cancel()
    thread.join()
    #expect(error?.code == .peerTimeout)
  }

  @Test("a peer that does not read is given up at the deadline, and nothing more can be sent to it")
  func fullPipe() throws {
    defer { server.stop() }
    let (client, accepted) = try server.pair(clientIdentity)
    let bytes = [UInt8](repeating: 1, count: 64 * 1024 * 1024)
    #expect(thrownError { try client.send(bytes, deadline: shortly()) }?.code == .peerTimeout)
    #expect(thrownError { try client.send([1], deadline: soon()) }?.code == .peerTimeout)
    #expect(accepted.peerName == "pi-2")
  }

  @Test("a cancellation wakes a thread that receives and one that sends")
  func cancellation() throws {
    defer { server.stop() }
    let cancellation = try Cancellation()
    let (client, accepted) = try server.pair(clientIdentity, cancellation: cancellation)
    let errors = Mailbox<GtachError>()
    let receiver = try WorkerThread(name: "receive") {
      if let error = thrownError({ try client.receive(maximum: 10, deadline: nil) }) { errors.post(error) }
    }
    let sender = try WorkerThread(name: "send") {
      let bytes = [UInt8](repeating: 1, count: 64 * 1024 * 1024)
      if let error = thrownError({ try client.send(bytes, deadline: nil) }) { errors.post(error) }
    }
    // Once the first bytes are here, the sender is at work.
    #expect(try accepted.receiveAll(1) == [1])
    cancellation.cancel()
    receiver.join()
    sender.join()
    #expect(errors.receive(until: nil)?.code == .cancelled)
    #expect(errors.receive(until: nil)?.code == .cancelled)
    #expect(
      thrownError {
        try TLSConnection.connect(
          to: server.endpoint, identity: clientIdentity, deadline: soon(), cancellation: cancellation)
      }?.code == .cancelled)
  }

  @Test("closing wakes this side's own receiver")
  func closeWakes() throws {
    defer { server.stop() }
    let (client, accepted) = try server.pair(clientIdentity)
    let errors = Mailbox<GtachError>()
    let receiver = try WorkerThread(name: "receive") {
      if let error = thrownError({ try client.receive(maximum: 10, deadline: nil) }) { errors.post(error) }
    }
    client.close()
    receiver.join()
    #expect(errors.receive(until: nil)?.code == .cancelled)
    #expect(try accepted.receive(maximum: 10, deadline: soon()) == [])
  }

  @Test("an identity whose parts do not belong together is refused")
  func identity() throws {
    defer { server.stop() }
    let (one, other) = (try fleet.member("pi-3"), try fleet.member("pi-4"))
    let wrongKey = thrownError {
      try TLSIdentity(key: one.key, certificate: other.certificate, authority: fleet.authority)
    }
    #expect(wrongKey?.code == .configurationInvalid)
    let wrongFleet = thrownError {
      try TLSIdentity(key: one.key, certificate: one.certificate, authority: TestFleet(name: "workshop").authority)
    }
    #expect(wrongFleet?.code == .configurationInvalid)
  }
}

extension TLSConnection {
  /// Breaks off as a process does that is killed: without a goodbye.
  func abandon() { session.socket.endConnection(lingering: nil, cancellation: nil) }
}
