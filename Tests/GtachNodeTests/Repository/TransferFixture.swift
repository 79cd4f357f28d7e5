import GtachCore
import GtachModel
import GtachSystem
import Testing

@testable import GtachNode

/// The homes of a publisher and of members of its fleet, without a daemon.
struct TransferFixture {
  let directory: String
  let membership: Membership
  let files = FileSystem()

  /// Runs a test in a new directory, which is gone afterwards.
  static func with(_ body: (TransferFixture) throws -> Void) throws {
    try withTestDirectory { directory in
      let membership = try FleetFounder.found(
        home: Home("\(directory)/dev"), fleetName: "test", nodeName: NodeName("dev"), now: SystemClock.now())
      try body(TransferFixture(directory: directory, membership: membership))
    }
  }

  /// The publisher's home.
  func publisher() throws(GtachError) -> NodeContext { try NodeContext(home: Home("\(directory)/dev")) }

  /// The home of another member of the fleet, new where there is none of that name.
  func member(_ name: String) throws(GtachError) -> NodeContext {
    let home = Home("\(directory)/\(name)")
    try files.perform(.makeDirectory(home.path))
    let store = MembershipStore(home: home)
    if try !store.exists() {
      let key = try Ed25519PrivateKey()
      let certificate = try membership.identity.authority.sign(
        CertificateRequest(key: key, name: name), name: name,
        with: MembershipStore(home: Home("\(directory)/dev")).key("authority"))
      let identity = try TLSIdentity(key: key, certificate: certificate, authority: membership.identity.authority)
      let membership = Membership(
        fleetName: "test", nodeName: try NodeName(name), identity: identity, pinnedRoot: membership.pinnedRoot,
        isPublisher: false)
      try store.store(membership, keys: [:])
    }
    return try NodeContext(home: home)
  }

  /// Publishes a release of some chunks, of which half are new with every seed.
  @discardableResult
  func publish(_ release: String, seed: UInt64 = 1, platform: Platform = .any) throws(GtachError) -> PackedRelease {
    let id = try ReleaseID(release)
    let tree = "\(directory)/tree"
    try files.perform([
      .remove(tree), .makeDirectory("\(tree)/bin"),
      .write(path: "\(tree)/bin/run", bytes: Array("#!/bin/sh\n".utf8), permissions: 0o755),
      .write(path: "\(tree)/data", bytes: RepositoryFixture.noise(1_000_000, seed: 99), permissions: 0o644),
      .write(path: "\(tree)/more", bytes: RepositoryFixture.noise(900_000, seed: seed), permissions: 0o644),
      .write(path: "\(tree)/zeros", bytes: [UInt8](repeating: 0, count: 2_500_000), permissions: 0o644),
    ])
    let context = try publisher()
    let repository = try context.repository()
    let packed = try PackageCreator(repository: repository).createPackage(
      source: tree, name: id.name, version: id.version, level: 1, platform: platform, created: SystemClock.now())
    try ReleasePublisher(home: context.home, membership: membership, repository: repository).publish(
      packed, now: SystemClock.now())
    return packed
  }

  /// Exports from the publisher to a file, and gives its path.
  func export(_ release: String, to name: String = "release.tar") throws(GtachError) -> String {
    let path = "\(directory)/\(name)"
    _ = try ReleaseExporter(publisher()).exportFile(try ReleaseID(release), to: path) { _, _ in }
    return path
  }

  @discardableResult
  func importFile(_ path: String, into context: NodeContext) throws(GtachError) -> ImportReport {
    try ReleaseImporter(context).importFile(path) { _, _ in }
  }

  @discardableResult
  func importStore(
    _ path: String, release: String? = nil, into context: NodeContext
  ) throws(GtachError) -> ImportReport {
    let id = try release.map { text throws(GtachError) in try ReleaseID(text) }
    return try ReleaseImporter(context).importStore(path, release: id) { _, _ in }
  }

  /// The releases that are complete in a home.
  func held(_ context: NodeContext) throws(GtachError) -> [String] {
    try context.repository().variants().keys.sorted().map(\.release.description)
  }

  /// Expects that a home has a release as the publisher has it, to the last byte of its tree.
  func expectSame(_ release: String, in context: NodeContext) throws {
    let id = try ReleaseID(release)
    var trees: [[String: [UInt8]]] = []
    for context in [try publisher(), context] {
      let out = "\(directory)/out"
      try files.perform([.remove(out), .makeDirectory(out)])
      _ = try ReleaseExtractor(context).extract(id, platform: nil, into: out) { _, _ in }
      var tree: [String: [UInt8]] = [:]
      for path in ["bin/run", "data", "more", "zeros"] {
        tree[path] = try files.read("\(out)/\(path)", maximumBytes: 1 << 24)
      }
      trees.append(tree)
    }
    #expect(trees[0] == trees[1])
  }

  /// The members of a release file.
  func members(of path: String) throws(GtachError) -> [(path: String, bytes: [UInt8])] {
    let input = try InputFile(path)
    var members: [(path: String, bytes: [UInt8])] = []
    try ArchiveReader.readFiles(
      source: { () throws(GtachError) in
        let bytes = try input.read(1 << 16)
        return bytes.isEmpty ? nil : bytes
      }, maximumBytes: { _ in 1 << 24 }, take: { path, bytes in members.append((path, bytes)) })
    return members
  }

  /// Writes a release file of these members, and gives its path.
  func write(
    _ members: [(path: String, bytes: [UInt8])], as name: String = "changed.tar"
  ) throws(GtachError) -> String {
    let file = try OutputFile("\(directory)/\(name)")
    let archive = try FileArchiveWriter { bytes throws(GtachError) in try file.append(bytes) }
    for (path, bytes) in members { try archive.append(path, bytes) }
    try archive.finish()
    try file.commit()
    return file.path
  }
}
