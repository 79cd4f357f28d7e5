import GtachCore
import GtachModel
import GtachSystem
import Testing

/// The keys of a fleet, and the metadata that was signed with them so far.
struct VirtualFleet {
  let id: FleetID
  private let key: Ed25519PrivateKey
  private(set) var metadata: [String: [UInt8]]
  private let root: [UInt8]
  private let start = Timestamp(secondsSinceEpoch: 1_699_000_000)

  init() throws {
    let key = try Ed25519PrivateKey()
    self.key = key
    id = FleetID(publicKey: key.publicKey, hashing: SHA256())
    metadata = try MetadataPublisher.makeFleet(
      name: "virtual", signers: { _ in [key] }, now: start, hashing: SHA256())
    root = metadata["1.root.json"] ?? []
  }

  /// What a machine trusts that has just joined.
  func pinned() throws -> TrustedMetadata {
    try TrustedMetadata(pinnedRoot: root, checking: Ed25519(), hashing: SHA256())
  }

  /// What a machine trusts that has all there is.
  func trusted() throws -> TrustedMetadata {
    let metadata = self.metadata
    return try TrustedMetadata.load(
      files: { metadata[$0] }, pinnedRoot: root, checking: Ed25519(), hashing: SHA256())
  }

  /// Publishes a release of so many objects.
  mutating func publish(
    _ name: String, _ version: String, objects: Int = 4, needs: [String: String] = [:],
    platform: Platform = .any
  ) throws -> VirtualRelease {
    var description = PackageDescription(name: try PackageName(name), version: try SemanticVersion(version))
    var dependencies: [PackageName: VersionRange] = [:]
    for (name, range) in needs { dependencies[try PackageName(name)] = try VersionRange(range) }
    if !needs.isEmpty { description.dependencies = Dependencies(dependencies) }
    let chunks = (0..<objects).map { number in
      ChunkIndex.Chunk(
        digest: SHA256().digest(of: Array("\(name)\(version)\(number)".utf8)), size: 100_000 + number)
    }
    let index = ChunkIndex(
      unitSize: 4_096, chunks: chunks,
      objects: chunks.indices.map {
        ChunkIndex.Object(
          id: ObjectID(units: [UnitDigest(of: chunks[$0].digest.bytes[...], hashing: SHA256())], hashing: SHA256()),
          size: 500 + $0, chunk: $0, encoding: .full)
      })
    let indexBytes = ChunkIndexCodec.encode(index)
    let manifest = Manifest(
      description: description, platform: platform, created: start,
      archive: Manifest.Content(digest: SHA256().digest(of: [1]), size: index.archiveSize),
      index: Manifest.Content(digest: SHA256().digest(of: indexBytes), size: indexBytes.count))
    let bytes = try manifest.json()
    let listing = ListedVariant(
      variant: manifest.variant,
      manifest: Manifest.Content(digest: SHA256().digest(of: bytes), size: bytes.count), platforms: nil,
      dependencies: Dependencies(dependencies))
    let metadata = self.metadata
    let key = self.key
    let files = try MetadataPublisher.publish(
      listing, to: trusted(), files: { metadata[$0] }, signers: { _ in [key] }, now: start, hashing: SHA256())
    self.metadata.merge(files) { $1 }
    return VirtualRelease(variant: manifest.variant, manifest: bytes, index: indexBytes)
  }
}

extension VirtualNode {
  /// Gives a node a release as `gtach pack` does: in the repository, then in the metadata.
  func publish(_ release: VirtualRelease, of fleet: VirtualFleet) throws {
    releases[release.variant] = release
    metadata = fleet.metadata
    var held = state.held
    held[release.variant] = SHA256().digest(of: release.manifest)
    take(.repositoryChanged(trusted: try fleet.trusted(), held: held, choices: choices))
  }
}

extension ControlReply {
  /// Why it could not be done; nil where it could.
  var failure: ErrorReport? { if case .failed(let error) = self { error } else { nil } }
  /// What a sync did; nil for anything else.
  var synced: SyncReport? { if case .sync(let report) = self { report } else { nil } }
  /// What an update did; nil for anything else.
  var updated: UpdateResult? { if case .update(let result) = self { result } else { nil } }
}

extension VirtualLAN {
  /// What a node answers its operator within so many milliseconds.
  func answer(
    of node: VirtualNode, to request: ControlRequest, within milliseconds: Int64
  ) throws -> ControlReply {
    let token = RequestToken(number: node.answers.count + 1)
    node.take(.control(token, request))
    run(milliseconds: milliseconds)
    return try #require(node.answers[token])
  }

  /// A publisher and so many nodes that were told its address.
  func room(
    _ fleet: VirtualFleet, nodes count: UInt8, peers: [UInt8] = [1]
  ) throws -> (publisher: VirtualNode, nodes: [VirtualNode]) {
    let publisher = try VirtualNode(
      number: 1, fleet: fleet.id, trusted: try fleet.trusted(), isPublisher: true)
    publisher.metadata = fleet.metadata
    add(publisher)
    let nodes = try (0..<count).map { number in try fleet.member(number + 2, told: peers) }
    for node in nodes { add(node) }
    return (publisher, nodes)
  }

  /// A node in the room that was told of others; a publisher where there are none.
  func node(_ number: UInt8, _ fleet: VirtualFleet, peers: [VirtualNode]) throws -> VirtualNode {
    let node = try fleet.member(number, at: peers.map(\.endpoint), isPublisher: peers.isEmpty)
    add(node)
    return node
  }
}

extension VirtualFleet {
  /// A node, in no room yet, that was told of others by their numbers.
  func member(_ number: UInt8, told: [UInt8] = []) throws -> VirtualNode {
    try member(number, at: told.map { Endpoint(host: "10.0.0.\($0)", port: 7420) }, isPublisher: false)
  }

  fileprivate func member(_ number: UInt8, at peers: [Endpoint], isPublisher: Bool) throws -> VirtualNode {
    var configuration = NodeConfiguration()
    configuration.peers = peers
    return try VirtualNode(
      number: number, fleet: id, trusted: try pinned(), configuration: configuration, isPublisher: isPublisher)
  }
}
