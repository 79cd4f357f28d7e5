import GtachCore
import GtachModel
import GtachSystem

/// `gtach verify --installed`: reads each release that is installed, and what its archive in the repository has, and
/// says how they differ.
public struct InstalledVerifier {
  private let repository: PackageRepository
  private let updates: UpdateManager
  private let layout: InstallLayout
  private let cancellation: Cancellation
  private let files = FileSystem()

  /// A verifier of what is installed from a home.
  ///
  /// - Throws: `ErrorCode.configurationInvalid` where the install root is no absolute path; `ErrorCode.inputOutput`
  ///   where the repository's directories cannot be made.
  public init(_ context: NodeContext, cancellation: Cancellation) throws(GtachError) {
    repository = try context.repository()
    updates = try context.updates()
    layout = updates.layout
    self.cancellation = cancellation
  }

  /// Looks at all that is installed, or at one package or release.
  ///
  /// - Parameter progress: Told how many bytes of archives are done, and how many there are.
  /// - Throws: `ErrorCode.notFound` where nothing of that name is installed; `ErrorCode.busy` where an update ends
  ///   meanwhile; `ErrorCode.cancelled`; `ErrorCode.journalCorrupt`; `ErrorCode.inputOutput`.
  public func verify(
    name: PackageName?, version: SemanticVersion?, progress: @escaping (Int, Int) -> Void
  ) throws(GtachError) -> InstalledReport {
    let state = try updates.state()
    let releases = state.packages.filter { name == nil || $0.key == name }.sorted { $0.key < $1.key }
      .flatMap { $0.value.kept }.filter { version == nil || $0.id.version == version }
    if let name, releases.isEmpty {
      throw GtachError(
        .notFound, "\(name)\(version.map { "@\($0)" } ?? "") is not installed",
        advice: "`gtach status` shows what is; `gtach verify` looks at what was fetched")
    }
    let total = releases.reduce(0) { $0 + $1.manifest.archive.size }
    var report = InstalledReport()
    for release in releases {
      let before = report.bytes
      do throws(GtachError) {
        try verify(release, isActive: state.active[release.id.name]?.id == release.id, &report) {
          progress(before + $0, total)
        }
      } catch {
        // A release that an update takes away meanwhile cannot be read to its end.
        guard try updates.state() == state else { throw Self.busy }
        throw error
      }
      report.releases += 1
      report.bytes += release.manifest.archive.size
    }
    guard try updates.state() == state else { throw Self.busy }
    return report
  }

  private static var busy: GtachError {
    GtachError(.busy, "an update has ended meanwhile", advice: "run the same again")
  }

  private func verify(
    _ release: InstallState.Release, isActive: Bool, _ report: inout InstalledReport,
    progress: @escaping (Int) -> Void
  ) throws(GtachError) {
    let places = InstalledTree.configurationPlaces(of: release, layout: layout).values
    report.configuration += InstalledTree.configured(
      release, layout: layout, seen: try files.contents(of: Array(places)), hashing: SHA256())
    guard let archive = try archive(of: release, progress) else {
      report.findings.append(.init(release: release.id.description, path: "", problem: .unverifiable))
      return
    }
    let directory = layout.release(release.id)
    var found: [String: TreeEntry] = [:]
    if try files.kind(of: directory) == .directory { try walk(directory, below: "", into: &found) }
    report.findings += InstalledTree(release, archive: archive, layout: layout).findings(in: found)
    let link = layout.active(release.id.name)
    let isLink = try files.kind(of: link) == .symbolicLink
    let target: String? = isLink ? try files.readLink(link) : nil
    if isActive, target != layout.linkTarget(release.id) {
      let path = String(link.dropFirst(layout.root.count + 1))
      report.findings.append(
        .init(release: release.id.description, path: path, problem: isLink ? .changed : .missing))
    }
  }

  /// What the archive of a release has; nil where it is not here, or not the one that was installed.
  private func archive(
    of release: InstallState.Release, _ progress: @escaping (Int) -> Void
  ) throws(GtachError) -> [String: TreeEntry]? {
    let variant = release.manifest.variant
    do throws(GtachError) {
      let entry = try repository.entry(of: variant)
      guard entry.archive == release.manifest.archive else { return nil }
      return try repository.listing(of: variant) { (done, _) throws(GtachError) in
        try cancellation.check()
        progress(done)
      }
    } catch {
      if error.code == .notFound || error.code == .chunkMissing { return nil }
      throw error
    }
  }

  private func walk(_ root: String, below parent: String, into found: inout [String: TreeEntry]) throws(GtachError) {
    for name in try files.list(parent.isEmpty ? root : "\(root)/\(parent)") {
      try cancellation.check()
      let path = parent.isEmpty ? name : "\(parent)/\(name)"
      guard let status = try files.status(of: "\(root)/\(path)") else { continue }
      switch status.kind {
      case .directory:
        found[path] = .directory(permissions: status.permissions)
        try walk(root, below: path, into: &found)
      case .file: found[path] = .file(try digest(of: "\(root)/\(path)"), permissions: status.permissions)
      case .symbolicLink: found[path] = .link(to: try files.readLink("\(root)/\(path)"))
      case .characterDevice, .blockDevice, .socket, .pipe: found[path] = .other
      }
    }
  }

  private func digest(of path: String) throws(GtachError) -> Digest {
    let (file, hash) = (try InputFile(path), SHA256Stream())
    while true {
      let bytes = try file.read(Self.readBytes)
      if bytes.isEmpty { return hash.finish() }
      hash.update(bytes)
    }
  }

  private static let readBytes = 1 << 20
}
