import GtachModel
import Testing

@testable import GtachSystem

@Suite("TLS key log")
struct TLSKeyLogTests {
  let fleet: TestFleet

  init() throws { fleet = try TestFleet(name: "workshop") }

  private func lines(_ path: String) throws -> [[Substring]] {
    String(decoding: try FileSystem().read(path, maximumBytes: 1 << 20), as: UTF8.self)
      .split(separator: "\n").map { $0.split(separator: " ") }
  }

  /// Has a byte go from the server to the client.
  private func connect(server identity: TLSIdentity, client: TLSIdentity) throws {
    let server = try TestServer(identity: identity)
    defer { server.stop() }
    let (client, accepted) = try server.pair(client)
    try accepted.send([1], deadline: soon())
    #expect(try client.receiveAll(1) == [1])
  }

  @Test("both ends write the same secrets, into files that are nobody else's")
  func secrets() throws {
    try withTestDirectory { directory in
      let paths = ["\(directory)/server", "\(directory)/client"]
      try connect(
        server: fleet.identity("pi-1").logging(to: TLSKeyLog(path: paths[0])),
        client: fleet.identity("pi-2").logging(to: TLSKeyLog(path: paths[1])))
      let (one, other) = (try lines(paths[0]), try lines(paths[1]))
      let labels = [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
      ]
      for label in labels {
        let line = try #require(one.first { $0.first == label[...] })
        // The client's random number, 32 bytes, and a secret of 32 or 48.
        #expect(line.count == 3 && line[1].count == 64 && [64, 96].contains(line[2].count))
        #expect(other.contains(line))
      }
      for path in paths { #expect(try FileSystem().status(of: path)?.permissions == 0o600) }
    }
  }

  @Test("connections of the identity without the log write nothing")
  func nothing() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/keys"
      let identity = try fleet.identity("pi-1")
      _ = try identity.logging(to: TLSKeyLog(path: path))
      try connect(server: identity, client: fleet.identity("pi-2"))
      #expect(try lines(path).isEmpty)
    }
  }

  @Test("a log goes on where it was")
  func appends() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/keys"
      for count in 1...2 {
        try connect(server: fleet.identity("pi-1").logging(to: TLSKeyLog(path: path)), client: fleet.identity("pi-2"))
        #expect(try lines(path).filter { $0.first == "SERVER_TRAFFIC_SECRET_0" }.count == count)
      }
    }
  }

  @Test("a file that others may read, a link and a directory are refused")
  func refused() throws {
    try withTestDirectory { directory in
      let path = "\(directory)/keys"
      try FileSystem().perform([
        .write(path: path, bytes: [], permissions: 0o644), .makeSymbolicLink(at: "\(directory)/link", to: path),
      ])
      #expect(thrownError { try TLSKeyLog(path: path) }?.code == .notPermitted)
      #expect(thrownError { try TLSKeyLog(path: "\(directory)/link") } != nil)
      #expect(thrownError { try TLSKeyLog(path: directory) } != nil)
      #expect(thrownError { try TLSKeyLog(path: "\(directory)/missing/keys") }?.code == .notFound)
      #expect(try FileSystem().read(path, maximumBytes: 1).isEmpty)
    }
  }
}
