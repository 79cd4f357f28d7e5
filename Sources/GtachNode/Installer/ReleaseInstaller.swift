import GtachCore
import GtachModel
import GtachSystem

/// Carries out the orders of somebody who is not trusted: what is installed is what signed metadata list, from the root
/// of trust in a home of its own down to the last byte, whoever has fetched it.
public struct ReleaseInstaller: Sendable {
  private let context: NodeContext
  private let source: String
  private let cancellation: Cancellation
  private let files = FileSystem()

  /// An installer.
  ///
  /// - Parameters:
  ///   - context: Its own home, which only root may write to: `config.json`, `root.json`, and the metadata that it has
  ///     seen, so that nobody shows it older ones.
  ///   - source: The home of the daemon that fetches.
  public init(_ context: NodeContext, source: String, cancellation: Cancellation) {
    self.context = context
    self.source = source
    self.cancellation = cancellation
  }

  /// The user from whom it takes orders, beside root: whose home it is that it reads.
  ///
  /// - Throws: `ErrorCode.notFound`, `ErrorCode.inputOutput` where that cannot be read.
  var customer: UInt32 { get throws(GtachError) { try GuardedDirectory(path: source).owner } }

  /// Finishes or undoes what an earlier run left unfinished, and makes lines inputs again that it drove.
  ///
  /// - Throws: As `UpdateManager.recover`, and what a line says.
  func recover(events: @escaping @Sendable (NodeEvent) -> Void) throws(GtachError) {
    try context.releaseDrivenLines()
    _ = try context.updates(cancellation: cancellation, events: events).recover()
  }

  /// Carries out an order.
  ///
  /// - Throws: `ErrorCode.manifestUnlisted` for a release that signed metadata do not list;
  ///   `ErrorCode.platformUnsupported`; what `ForeignRepository` finds to be otherwise than was signed, and what
  ///   `MetadataReceiver` refuses; as `UpdateManager`.
  func carryOut(
    _ request: InstallerRequest, events: @escaping @Sendable (NodeEvent) -> Void
  ) throws(GtachError) -> UpdateResult {
    let updates = try context.updates(cancellation: cancellation, events: events)
    switch request {
    case .rollBack(let name, let version): return try updates.rollback(name: name, version: version)
    case .activate(let releases):
      guard (1...InstallerRequest.maximumReleases).contains(releases.count) else {
        throw GtachError(.protocolViolation, "\(releases.count) releases are to be installed at once")
      }
      let foreign = ForeignRepository(home: try GuardedDirectory(path: source))
      let trusted = try MetadataReceiver(
        repository: try context.repository(), pinnedRoot: try pinnedRoot(), isPublisher: false
      ).receive(try foreign.metadata(), from: source)
      var requests: [RequestedRelease] = []
      for activation in releases {
        let id = ReleaseID(name: activation.name, version: activation.version)
        let listed = try variant(of: id, in: trusted)
        requests.append(
          RequestedRelease(
            InstallState.Release(manifest: try foreign.manifest(of: listed), digest: listed.manifest.digest),
            isForced: activation.isForced, isDependency: activation.isDependency))
      }
      let manifests = requests.map(\.release.manifest)
      return try updates.install(requests) { release, directory throws(GtachError) in
        guard let manifest = manifests.first(where: { $0.variant.release == release }) else {
          throw GtachError(.bug, "\(release) was never asked for")
        }
        try foreign.extract(manifest, into: directory)
      }
    }
  }

  private func variant(of release: ReleaseID, in trusted: TrustedMetadata) throws(GtachError) -> ListedVariant {
    let listed = trusted.targets.values.filter { $0.variant.release == release }
    guard !listed.isEmpty else {
      throw GtachError(
        .manifestUnlisted, "signed metadata do not list \(release)", reason: trusted.problems.first?.message)
    }
    guard let best = Machine.platform.mostSuitable(of: listed, \.variant.platform) else {
      throw GtachError(
        .platformUnsupported, "no variant of \(release) is for this machine, which is \(Machine.platform)")
    }
    return best
  }

  private func pinnedRoot() throws(GtachError) -> [UInt8] {
    let path = "\(context.home.path)/root.json"
    do throws(GtachError) {
      return try files.read(path, maximumBytes: PackageRepository.maximumMetadataBytes)
    } catch {
      guard error.code == .notFound else { throw error }
      throw GtachError(
        .fleetMissing, "the installer has no root of trust", reason: "there is no \(path)",
        advice: "once the machine has joined its fleet: scripts/packaging/install.sh trust")
    }
  }
}
