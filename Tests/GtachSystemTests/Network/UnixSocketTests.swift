import GtachModel
import Testing

@testable import GtachSystem

@Suite("Unix sockets")
struct UnixSocketTests {
  private func connect(_ path: String) throws(GtachError) -> UnixSocketConnection {
    try UnixSocketConnection.connect(path: path, deadline: soon(), cancellation: nil)
  }

  /// The two ends of a connection.
  private func withPair(_ body: (UnixSocketConnection, UnixSocketConnection) throws -> Void) throws {
    try withSocketDirectory { directory in
      let listener = try UnixSocketListener(path: "\(directory)/socket")
      let client = try connect(listener.path)
      try body(client, try listener.accept(deadline: soon(), cancellation: nil))
    }
  }

  @Test("lines arrive whole and in order, empty and longest ones too")
  func lines() throws {
    try withPair { client, server in
      let longest = [UInt8](repeating: 0x78, count: UnixSocketConnection.maximumLineByteCount)
      let lines = [Array("one".utf8), [], Array("three".utf8), longest, [0, 0xFF, 13]]
      let thread = try WorkerThread(name: "send") {
        do throws(GtachError) {
          for line in lines { try client.sendLine(line, deadline: soon()) }
        } catch { Issue.record(error) }
      }
      for line in lines { #expect(try server.receiveLine(deadline: soon()) == line) }
      thread.join()
      try server.sendLine([1], deadline: soon())
      client.close()
      #expect(try server.receiveLine(deadline: soon()) == nil)
      #expect(thrownError { try client.receiveLine(deadline: soon()) }?.code == .cancelled)
    }
  }

  @Test("a line that is too long is refused at both ends")
  func oversize() throws {
    try withPair { client, server in
      let tooLong = [UInt8](repeating: 0x78, count: UnixSocketConnection.maximumLineByteCount + 1)
      #expect(thrownError { try client.sendLine(tooLong, deadline: soon()) }?.code == .frameOversize)
      #expect(thrownError { try client.sendLine([1, 10, 2], deadline: soon()) }?.code == .bug)
      let thread = try WorkerThread(name: "send") {
        // Two lines' worth without an end between them; the receiver may hang up before all of it is sent.
        _ = thrownError {
          for _ in 0..<3 { try client.sendRaw([UInt8](repeating: 0x78, count: 400_000), deadline: soon()) }
        }
      }
      #expect(thrownError { try server.receiveLine(deadline: soon()) }?.code == .frameOversize)
      server.close()
      thread.join()
    }
  }

  @Test("a connection that ends within a line is an error, a silent one ends at the deadline")
  func incomplete() throws {
    try withPair { client, server in
      #expect(thrownError { try server.receiveLine(deadline: shortly()) }?.code == .peerTimeout)
      try client.sendRaw([1, 2, 3], deadline: soon())
      #expect(thrownError { try server.receiveLine(deadline: shortly()) }?.code == .peerTimeout)
      client.close()
      #expect(thrownError { try server.receiveLine(deadline: soon()) }?.code == .peerClosed)
      #expect(
        thrownError { for _ in 0..<10 { try server.sendLine([1], deadline: soon()) } }?.code == .peerClosed)
    }
  }

  @Test("only the owner may use the socket, which goes with its listener")
  func owner() throws {
    try withSocketDirectory { directory in
      let path = "\(directory)/socket"
      do {
        let listener = try UnixSocketListener(path: path)
        #expect(permissions(of: path) == 0o600)
        #expect(listener.path == path)
      }
      #expect(permissions(of: path) == nil)
    }
  }

  @Test("what a dead process left is replaced, a live listener is not")
  func stale() throws {
    try withSocketDirectory { directory in
      let path = "\(directory)/socket"
      try makeStaleSocket(at: path)
      #expect(thrownError { try connect(path) }?.code == .peerUnreachable)
      let listener = try UnixSocketListener(path: path)
      #expect(thrownError { try UnixSocketListener(path: path) }?.code == .busy)
      // The one that was there first is unharmed. The look of the second has left a connection, which is closed.
      let client = try connect(path)
      try client.sendLine([7], deadline: soon())
      var line: [UInt8]?
      while line == nil {
        line = try listener.accept(deadline: soon(), cancellation: nil).receiveLine(deadline: soon())
      }
      #expect(line == [7])
    }
  }

  @Test("of many that start at once over a stale socket exactly one listens")
  func race() throws {
    try withSocketDirectory { directory in
      let path = "\(directory)/socket"
      try makeStaleSocket(at: path)
      let listeners = Mailbox<UnixSocketListener>()
      let errors = Mailbox<GtachError>()
      let threads = try (0..<8).map { (number) throws(GtachError) in
        try WorkerThread(name: "start \(number)") {
          do throws(GtachError) {
            listeners.post(try UnixSocketListener(path: path))
          } catch { errors.post(error) }
        }
      }
      for thread in threads { thread.join() }
      for _ in 0..<7 { #expect(errors.receive(until: soon())?.code == .busy) }
      #expect(listeners.receive(until: soon()) != nil)
    }
  }

  @Test("a file of another kind is left alone")
  func otherFile() throws {
    try withSocketDirectory { directory in
      let path = "\(directory)/file"
      try makeFile(at: path)
      #expect(thrownError { try UnixSocketListener(path: path) }?.code == .configurationInvalid)
      #expect(permissions(of: path) == 0o644)
    }
  }

  @Test("a path that is too long, empty or has a zero byte says so", arguments: [200, 0, 1])
  func badPath(length: Int) {
    let path = length == 1 ? "/tmp/a\0b" : String(repeating: "x", count: length)
    #expect(thrownError { try UnixSocketListener(path: path) }?.code == .configurationInvalid)
    #expect(thrownError { try connect(path) }?.code == .configurationInvalid)
  }

  @Test("no daemon is there: unreachable, with advice")
  func nobody() throws {
    try withSocketDirectory { directory in
      let error = thrownError { try connect("\(directory)/socket") }
      #expect(error?.code == .peerUnreachable)
      #expect(error?.advice != nil)
    }
  }

  @Test("a cancellation wakes a listener and a receiver")
  func cancellation() throws {
    try withSocketDirectory { directory in
      let cancellation = try Cancellation()
      let listener = try UnixSocketListener(path: "\(directory)/socket")
      let client = try connect(listener.path)
      let server = try listener.accept(deadline: soon(), cancellation: cancellation)
      let errors = Mailbox<ErrorCode?>()
      let threads = [
        try WorkerThread(name: "accept") {
          errors.post(thrownError { try listener.accept(deadline: nil, cancellation: cancellation) }?.code)
        },
        try WorkerThread(name: "receive") { errors.post(thrownError { try server.receiveLine(deadline: nil) }?.code) },
      ]
      cancellation.cancel()
      for thread in threads { thread.join() }
      #expect(errors.receive(until: nil) == .some(.cancelled))
      #expect(errors.receive(until: nil) == .some(.cancelled))
      client.close()
    }
  }
}
