import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

@Suite("The installer, and what a daemon that was taken over may show it")
struct ReleaseInstallerTests {
  /// The installer over the home of the fixture's publisher, with a home of its own.
  private struct Bench {
    let fixture: TransferFixture
    let files = FileSystem()
    var source: String { "\(fixture.directory)/dev" }
    var own: String { "\(fixture.directory)/installer" }
    var root: String { "\(fixture.directory)/opt" }
    var layout: RepositoryLayout { RepositoryLayout(home: source) }

    func setUp() throws {
      _ = try fixture.publish("app@1.0.0")
      let configuration = #"{ "installRoot": "\#(root)", "services": false, "installer": "/nowhere" }"#
      try files.perform([
        .makeDirectory(own),
        .write(path: "\(own)/config.json", bytes: Array(configuration.utf8), permissions: 0o644),
        .write(
          path: "\(own)/root.json", bytes: try files.read("\(source)/fleet/root.json", maximumBytes: 1 << 20),
          permissions: 0o644),
      ])
    }

    func installer() throws -> ReleaseInstaller {
      var context = try NodeContext(home: Home(own))
      context.isInstaller = true
      return ReleaseInstaller(context, source: source, cancellation: try Cancellation())
    }

    func activate(_ release: String) throws -> UpdateResult {
      let id = try ReleaseID(release)
      return try installer().carryOut(
        .activate(releases: [.init(name: id.name, version: id.version, isForced: true, isDependency: false)])
      ) { _ in }
    }

    /// What the order ends with; nothing may be installed then, nor anything changed in the daemon's home.
    func refusal(_ release: String = "app@1.0.0", _ location: SourceLocation = #_sourceLocation) throws -> ErrorCode? {
      let before = try allFiles(of: source)
      let error = thrownError { try activate(release) }
      #expect(try allFiles(of: source) == before, "nothing was written there", sourceLocation: location)
      #expect(try !files.exists("\(root)/current/app"), "nothing is installed", sourceLocation: location)
      return error?.code
    }

    private func allFiles(of directory: String) throws -> [String] {
      try files.list(directory).flatMap { name -> [String] in
        let path = "\(directory)/\(name)"
        return try files.kind(of: path) == .directory ? [path] + allFiles(of: path) : [path]
      }
    }

    /// The chunks, of which the release has all.
    func chunks() throws -> [String] {
      try allFiles(of: layout.chunks).filter { $0.split(separator: "/").last?.count == 64 }
    }
  }

  private func with(_ body: (Bench) throws -> Void) throws {
    try TransferFixture.with { fixture in
      let bench = Bench(fixture: fixture)
      try bench.setUp()
      try body(bench)
    }
  }

  @Test("a release that signed metadata list is installed, and rolled back to")
  func orders() throws {
    try with { bench in
      #expect(try bench.activate("app@1.0.0").success)
      _ = try bench.fixture.publish("app@2.0.0", seed: 2)
      #expect(try bench.activate("app@2.0.0").success)
      #expect(try bench.files.readLink("\(bench.root)/current/app") == "../../releases/app/2.0.0")
      let back = try bench.installer().carryOut(.rollBack(name: PackageName("app"), version: nil)) { _ in }
      #expect(back.success)
      #expect(try bench.files.readLink("\(bench.root)/current/app") == "../../releases/app/1.0.0")
      #expect(thrownError { try bench.activate("app@9.0.0") }?.code == .manifestUnlisted)
      #expect(
        thrownError { try bench.installer().carryOut(.activate(releases: [])) { _ in } }?.code == .protocolViolation)
    }
  }

  @Test("a chunk with other bytes, a link instead of one, and none at all")
  func chunks() throws {
    try with { bench in
      let chunk = try #require(try bench.chunks().first)
      let bytes = try bench.files.read(chunk, maximumBytes: 1 << 24)
      try bench.files.perform([
        .remove(chunk), .write(path: chunk, bytes: try Zstd.compress([1, 2, 3], level: 1), permissions: 0o644),
      ])
      #expect(try bench.refusal() == .chunkCorrupt)
      try bench.files.perform([.remove(chunk), .write(path: chunk, bytes: [1, 2, 3], permissions: 0o644)])
      #expect(try bench.refusal() == .chunkCorrupt)
      // The right bytes, and somewhere else.
      try bench.files.perform([
        .remove(chunk), .write(path: "\(bench.source)/elsewhere", bytes: bytes, permissions: 0o644),
        .makeSymbolicLink(at: chunk, to: "\(bench.source)/elsewhere"),
      ])
      #expect(try bench.refusal() == .inputOutput)
      try bench.files.perform(.remove(chunk))
      #expect(try bench.refusal() == .chunkMissing)
      try bench.files.perform(.write(path: chunk, bytes: bytes, permissions: 0o644))
      #expect(try bench.activate("app@1.0.0").success)
    }
  }

  @Test("another manifest or index than the one that was signed")
  func manifests() throws {
    try with { bench in
      let variant = VariantID(release: try ReleaseID("app@1.0.0"), platform: .any)
      for (path, code) in [
        (bench.layout.manifest(of: variant), ErrorCode.manifestUnlisted),
        (bench.layout.index(of: variant), ErrorCode.indexCorrupt),
      ] {
        let bytes = try bench.files.read(path, maximumBytes: 1 << 20)
        try bench.files.perform([.remove(path), .write(path: path, bytes: Array(bytes.reversed()), permissions: 0o644)])
        #expect(try bench.refusal() == code)
        try bench.files.perform([.remove(path), .write(path: path, bytes: bytes, permissions: 0o644)])
      }
    }
  }

  @Test("metadata of another fleet, and older ones than it has seen")
  func metadata() throws {
    try with { bench in
      let other = Home("\(bench.fixture.directory)/other")
      _ = try FleetFounder.found(
        home: other, fleetName: "other", nodeName: NodeName("evil"), now: SystemClock.now())
      let ours = try saved(bench.layout.metadata, bench)
      try replace(bench.layout.metadata, with: saved(RepositoryLayout(home: other.path).metadata, bench), bench)
      #expect(try bench.refusal() == .metadataUnsigned)
      try replace(bench.layout.metadata, with: ours, bench)
      _ = try bench.fixture.publish("app@2.0.0", seed: 2)
      #expect(try bench.activate("app@2.0.0").success)
      // What it has seen counts: the older ones change nothing, and what they would list is as it is now.
      try replace(bench.layout.metadata, with: ours, bench)
      #expect(try bench.activate("app@2.0.0").message == "app@2.0.0 is installed already")
    }
  }

  private func saved(_ directory: String, _ bench: Bench) throws -> [String: [UInt8]] {
    var saved: [String: [UInt8]] = [:]
    for name in try bench.files.list(directory) {
      saved[name] = try bench.files.read("\(directory)/\(name)", maximumBytes: 1 << 20)
    }
    return saved
  }

  private func replace(_ directory: String, with contents: [String: [UInt8]], _ bench: Bench) throws {
    try bench.files.perform([.remove(directory), .makeDirectory(directory)])
    for (name, bytes) in contents {
      try bench.files.perform(.write(path: "\(directory)/\(name)", bytes: bytes, permissions: 0o644))
    }
  }

  @Test("over its socket it takes its two orders and nothing else")
  func service() throws {
    try with { bench in
      let cancellation = try Cancellation()
      let socket = "\(bench.fixture.directory)/i.sock"
      let service = InstallerService(
        try bench.installer(), listener: try UnixSocketListener(path: socket), cancellation: cancellation
      ) { _ in }
      let thread = try WorkerThread(name: "installer") { try? service.run(idleSeconds: nil) }
      defer {
        cancellation.cancel()
        thread.join()
      }
      let client = InstallerClient(socket: socket, cancellation: nil)
      let id = try ReleaseID("app@1.0.0")
      let order = InstallerRequest.activate(
        releases: [.init(name: id.name, version: id.version, isForced: true, isDependency: false)])
      var told: [NodeEvent] = []
      #expect(try client.carryOut(order) { told.append($0) }.success)
      #expect(told.contains { if case .updateStep(_, step: "staging") = $0 { true } else { false } })
      for line in [#"{"sync":{}}"#, #"{"activate":{"releases":"app@1.0.0"}}"#, "", "rm -rf /", #""rollBack""#] {
        let connection = try UnixSocketConnection.connect(path: socket, deadline: nil, cancellation: nil)
        try connection.sendLine(Array(line.utf8), deadline: nil)
        let reply = try #require(try connection.receiveLine(deadline: nil))
        guard case .failed(let error) = try ControlCoding.decode(InstallerReply.self, from: reply) else {
          Issue.record("\(line) was taken for an order")
          continue
        }
        #expect(error.code == "protocol-violation", "\(line)")
      }
    }
  }
}
