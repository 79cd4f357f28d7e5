import GtachCore
import GtachModel
import GtachSystem
import GtachWire
import Testing

@testable import GtachNode

/// Daemons over TLS on loopback: what a node can still give that has lost or never had a release's objects.
@Suite("Fetching without objects", .serialized)
struct FetchingWithoutObjectsTests {
  private let files = FileSystem()

  private func layout(_ node: TestNode) -> RepositoryLayout { RepositoryLayout(home: node.home.path) }

  private func isComplete(_ node: TestNode) -> Bool {
    node.log.waits { if case .fetchFinished = $0 { true } else { false } }
  }

  private func blames(_ peer: String, _ node: TestNode) -> Bool {
    node.log.all.contains { if case .peerFailed(peer, _) = $0 { true } else { false } }
  }

  private func index(_ node: TestNode) throws -> ChunkIndex {
    try PackageRepository(home: node.home.path).index(of: try #require(try node.held().first))
  }

  @Test func aNeighbourThatHasChunksOnlyIsEnoughWhileThePublisherIsOff() throws {
    let directory = try TestDirectory()
    let publisher = try TestNode.founder(directory)
    try publisher.publish("app", "1.0.0", bytes: 1_500_000)
    let neighbour = try publisher.member("neighbour", in: directory, peers: [publisher.endpoint])
    #expect(isComplete(neighbour), "\(neighbour.log.all)")
    publisher.stop()
    try files.perform(.remove(layout(neighbour).objects))
    let late = try publisher.member("late", in: directory, peers: [neighbour.endpoint])
    defer {
      late.stop()
      neighbour.stop()
    }
    #expect(isComplete(late), "\(late.log.all)")
    #expect(try late.held().map(\.release.description) == ["app@1.0.0"])
    #expect(!blames("neighbour", late), "\(late.log.all)")
    let index = try index(late)
    let here = try PackageRepository(home: late.home.path).lackingChunks(index: index)
    #expect(here.isEmpty)
  }

  @Test func theOnlyHoldersDamagedAndUnreadableObjectsAreMadeUpForByItsChunks() throws {
    let directory = try TestDirectory()
    let publisher = try TestNode.founder(directory)
    try publisher.publish("app", "1.0.0", bytes: 1_500_000)
    let index = try index(publisher)
    try #require(index.objects.count > 3)
    let damaged = layout(publisher).object(index.objects[0].id)
    var bytes = try files.read(damaged, maximumBytes: 1 << 24)
    bytes[bytes.count - 1] ^= 1
    let unreadable = layout(publisher).object(index.objects[1].id)
    try files.perform([
      .write(path: damaged, bytes: bytes, permissions: 0o644), .remove(unreadable), .makeDirectory(unreadable),
    ])
    let late = try publisher.member("late", in: directory, peers: [publisher.endpoint])
    defer {
      late.stop()
      publisher.stop()
    }
    #expect(isComplete(late), "\(late.log.all)")
    #expect(!blames("dev", late), "\(late.log.all)")
    let objects = try index.objects.map { try files.exists(layout(late).object($0.id)) }
    #expect(objects == index.objects.indices.map { $0 > 1 })
  }

  @Test(arguments: ["missing", "damaged", "unreadable"])
  func aHolderThatLostAChunkFindsOutByServingItAndFetchesItAgain(kind: String) throws {
    let directory = try TestDirectory()
    let publisher = try TestNode.founder(directory)
    try publisher.publish("app", "1.0.0", bytes: 1_500_000)
    let neighbour = try publisher.member("neighbour", in: directory, peers: [publisher.endpoint])
    #expect(isComplete(neighbour), "\(neighbour.log.all)")
    let chunk = layout(neighbour).chunk(try index(neighbour).chunks[1].digest)
    try files.perform([.remove(layout(neighbour).objects), .remove(chunk)])
    switch kind {
    case "damaged": try files.perform(.write(path: chunk, bytes: [1, 2, 3], permissions: 0o644))
    case "unreadable": try files.perform(.makeDirectory(chunk))
    default: break
    }
    // Not a daemon: it would hear of the publisher, too, and might ask that one.
    let asker = try TestPeer("asker", to: neighbour, of: publisher)
    try asker.send(.getChunk(GetChunk(id: 1, digest: index(neighbour).chunks[1].digest)))
    #expect(try asker.failure(1) == "chunk-missing")
    let late = try publisher.member("late", in: directory, peers: [neighbour.endpoint])
    defer {
      late.stop()
      neighbour.stop()
      publisher.stop()
    }
    #expect(neighbour.log.waits { $0 == .releaseDamaged(release: "app@1.0.0") }, "\(neighbour.log.all)")
    // The publisher has it still; and as soon as the neighbour has it again, so has the one that asked.
    #expect(isComplete(late), "\(late.log.all)")
    // Whether it read the refusal or the shorter list first is a race of two connections; neither is a fault.
    #expect(!blames("neighbour", late), "\(late.log.all)")
    let repository = try PackageRepository(home: neighbour.home.path)
    #expect(try repository.lackingChunks(index: index(neighbour)).isEmpty)
  }

  @Test func aNodeThatHasTheReleaseFromAFileServesIt() throws {
    let directory = try TestDirectory()
    let publisher = try TestNode.founder(directory)
    try publisher.publish("app", "1.0.0", bytes: 600_000)
    let file = "\(directory.path)/app.tar"
    _ = try ReleaseExporter(try NodeContext(home: publisher.home)).exportFile(
      try ReleaseID("app@1.0.0"), to: file
    ) { _, _ in }
    publisher.stop()
    let importer = try publisher.member("importer", in: directory, peers: [])
    _ = try ReleaseImporter(try NodeContext(home: importer.home)).importFile(file) { _, _ in }
    #expect(importer.ask(.reload) == .done)
    let late = try publisher.member("late", in: directory, peers: [importer.endpoint])
    defer {
      late.stop()
      importer.stop()
    }
    #expect(isComplete(late), "\(late.log.all)")
    #expect(try late.held() == importer.held())
  }
}
