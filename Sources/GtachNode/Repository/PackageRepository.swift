import GtachCore
import GtachModel
import GtachSystem
import Synchronization

/// The releases on this machine: `HOME/repository`. Directories and signed metadata are the truth; several processes
/// and threads may use one at once.
///
/// What is stored is hashed whenever it is read, but for the chunks that an object is decoded from or an archive
/// unpacked: what comes of them is, and where that is wrong they are. What turns out to be damaged is moved to
/// `quarantine/`, and is missing from then on.
public final class PackageRepository: Sendable {
  /// How long a writer waits for another, in milliseconds.
  static let lockMilliseconds: Int64 = 60_000
  /// The level of a stored chunk that is no object's file: quick to read and to write on a Pi.
  static let chunkLevel = 1
  /// How many decoders are kept for the next object, of up to 6 MB each: more are at work at a time only where many
  /// peers send the last units of objects at once.
  static let maximumIdleDecoders = 2

  /// The home that it is in.
  let home: String
  /// Where everything lies.
  public let layout: RepositoryLayout
  let files = FileSystem()
  private let cancellation: Cancellation?

  struct State {
    var catalogue: Catalogue
    /// Made when something is written for the first time: looking leaves no trace.
    var workspace: Workspace?
    /// Chunks that this process stored or read and found right: not read again when a release is completed.
    var sound: Set<Digest> = []
    /// Objects whose units arrive.
    var arriving: [ObjectID: ArrivingObject] = [:]
    /// Archives that patches were made or decoded from, and by whose manifest they are known.
    var archives: [Digest: (map: ArchiveMap, manifest: Digest)] = [:]
    /// Manifests whose archive was hashed: it is the one that they name, or it is not.
    var archiveClaims: [Digest: Bool] = [:]
    /// Made for an object and kept for the next.
    var decoders: [ChunkDecoder] = []
  }
  let state: Mutex<State>
  /// What objects were decoded from last.
  let decodedChunks = DecodedChunks()

  /// The repository in a node's home, which need not exist yet.
  ///
  /// - Parameters:
  ///   - cancellation: What ends a wait for other processes' locks.
  ///   - clock: The time by which it tells directories that have just been changed.
  /// - Throws: `ErrorCode.inputOutput` where something else is in its place.
  public init(
    home: String, cancellation: Cancellation? = nil, clock: @escaping @Sendable () -> Timestamp = { SystemClock.now() }
  ) throws(GtachError) {
    self.cancellation = cancellation
    self.home = home
    layout = RepositoryLayout(home: home)
    state = Mutex(State(catalogue: Catalogue(layout, cancellation: cancellation, clock: clock)))
    if let kind = try files.kind(of: layout.root), kind != .directory, kind != .symbolicLink {
      throw GtachError(.inputOutput, "\(layout.root) is no repository", reason: "it is not a directory")
    }
  }

  // MARK: What is here

  /// The variants that are complete here and can be read, and the SHA-256 of their manifests.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  public func variants() throws(GtachError) -> [VariantID: Digest] { try entries().mapValues(\.digest) }

  /// Whether a variant is complete here.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  public func contains(_ variant: VariantID) throws(GtachError) -> Bool { try entryIfPresent(of: variant) != nil }

  /// What the manifest of a variant says.
  ///
  /// - Throws: `ErrorCode.notFound` where it is not complete here; `ErrorCode.inputOutput`.
  public func manifest(of variant: VariantID) throws(GtachError) -> Manifest { try manifest(of: entry(of: variant)) }

  /// The index of a variant's chunks and objects.
  ///
  /// - Throws: `ErrorCode.notFound` where it is not complete here, or is so no longer because its index is damaged;
  ///   `ErrorCode.inputOutput`.
  public func index(of variant: VariantID) throws(GtachError) -> ChunkIndex {
    try ChunkIndexCodec.decode(try indexBytes(of: entry(of: variant)))
  }

  /// What the disk did not give when releases were looked for last, or those of a package; nil where it gave all.
  public func unreadable(of name: PackageName? = nil) -> GtachError? {
    let found = unreadablePaths().filter { PackagePath($0.path).mayHold(name: name, version: nil) }
    guard let first = found.first?.error else { return nil }
    let advice = "see what keeps them from being read, permissions or the disk; gtach verify names all of them"
    if found.count == 1 { return first }
    return GtachError(
      first.code, "\(found.count) places in \(layout.packages) cannot be read",
      reason: first.reason.map { "\(first.message): \($0)" } ?? first.message, advice: advice)
  }

  // MARK: Beneath

  /// What the disk did not give when releases were looked for last: a package, a version or a variant, relative to
  /// `packages`.
  func unreadablePaths() -> [(path: String, error: GtachError)] {
    state.withLock { $0.catalogue.unreadable }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  func entries() throws(GtachError) -> [VariantID: Catalogue.Entry] {
    try state.withLock { state throws(GtachError) in try state.catalogue.read() }
  }

  /// The variants of one package that are complete here; much quicker than all of them.
  func entries(of name: PackageName) throws(GtachError) -> [VariantID: Catalogue.Entry] {
    try state.withLock { state throws(GtachError) in try state.catalogue.entries(of: name) }
  }

  func entryIfPresent(of variant: VariantID) throws(GtachError) -> Catalogue.Entry? {
    try state.withLock { state throws(GtachError) in try state.catalogue.entry(of: variant) }
  }

  func entry(of variant: VariantID) throws(GtachError) -> Catalogue.Entry {
    guard let entry = try entryIfPresent(of: variant) else {
      throw GtachError(.notFound, "\(variant) is not in the repository")
    }
    return entry
  }

  /// The bytes of a variant's manifest, which hash as they did when they were read before.
  func manifestBytes(of entry: Catalogue.Entry) throws(GtachError) -> [UInt8] {
    let missing = GtachError(.notFound, "\(entry.variant) is not in the repository any more")
    let bytes: [UInt8]
    do throws(GtachError) {
      bytes = try files.read(
        "\(entry.directory)/\(RepositoryLayout.manifestName)", maximumBytes: Manifest.maximumBytes)
    } catch {
      throw error.code == .notFound ? missing : error
    }
    guard SHA256().digest(of: bytes) == entry.digest else {
      // The file was right when it was read before, and nobody wrote to it: the disk did.
      try withdraw(entry.variant, from: entry.directory)
      throw missing
    }
    return bytes
  }

  func manifest(of entry: Catalogue.Entry) throws(GtachError) -> Manifest {
    try Manifest(json: try manifestBytes(of: entry))
  }

  /// The bytes of a variant's index, which hash as its manifest says.
  func indexBytes(of entry: Catalogue.Entry) throws(GtachError) -> [UInt8] {
    let path = "\(entry.directory)/\(RepositoryLayout.indexName)"
    do throws(GtachError) {
      let bytes = try files.read(path, offset: 0, count: entry.index.size + 1)
      if SHA256().digest(of: bytes) == entry.index.digest { return bytes }
    } catch {
      guard error.code == .notFound else { throw error }
    }
    try withdraw(entry.variant, from: entry.directory)
    throw GtachError(
      .notFound, "\(entry.variant) is not in the repository any more", reason: "its index is damaged",
      advice: "fetch it again with gtach sync")
  }

  /// The plan of this writer.
  func plan() throws(GtachError) -> StorePlan { StorePlan(layout: layout, workspace: try workspace().path) }

  private func workspace() throws(GtachError) -> Workspace {
    try state.withLock { state throws(GtachError) in
      if let workspace = state.workspace { return workspace }
      let workspace = try Workspace(layout: layout)
      state.workspace = workspace
      return workspace
    }
  }

  /// Keeps gc from chunks and objects that no index names yet, as long as this value lives: for whoever stores before
  /// there is an index. Called before anything is stored, or found to be here already.
  ///
  /// - Throws: `ErrorCode.busy` where another process holds the lock for a minute; `ErrorCode.diskFull`,
  ///   `ErrorCode.inputOutput`.
  func claimUnnamed() throws(GtachError) {
    let workspace = try workspace()
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    try workspace.claimUnnamed()
  }

  /// Takes back what `claimUnnamed` said, and takes away the chunks and objects that no index names: for whoever stored
  /// some and could not go on, perhaps because the disk is full. Where another writer has a claim, too, that is left to
  /// gc.
  ///
  /// - Throws: `ErrorCode.busy` where another process holds the lock for a minute; `ErrorCode.inputOutput`.
  public func abandonUnnamed() throws(GtachError) {
    guard let workspace = state.withLock({ $0.workspace }) else { return }
    let lock = try lock()
    defer { withExtendedLifetime(lock) {} }
    try workspace.disclaimUnnamed()
    let garbage = try Garbage(
      in: self, policy: nil, now: Timestamp(secondsSinceEpoch: 0), cancellation: try Cancellation())
    for item in garbage.files where item.kind == "chunks" || item.kind == "objects" {
      try files.perform(.remove(item.path))
    }
  }

  /// Carries out a plan; where that fails, what it began in the workspace goes.
  func perform(_ operations: [FileOperation], plan: StorePlan, temporaryName: String) throws(GtachError) {
    do throws(GtachError) {
      try files.perform(operations)
    } catch {
      // The first error is the one that counts.
      try? files.perform(.remove("\(plan.workspace)/\(temporaryName)"))
      throw error
    }
  }

  /// Takes a damaged variant out of sight, and leaves word of it: whoever verifies later finds nothing else of it here.
  func withdraw(_ variant: VariantID, from directory: String) throws(GtachError) {
    // No workspace is needed, so this may be done wherever something is read.
    let plan = StorePlan(layout: layout, workspace: layout.incoming)
    try files.perform(plan.markLost(variant))
    // Its chunks are sound, for all that is known: gc is to leave them alone, as a publisher's are nowhere else.
    let index = "\(directory)/\(RepositoryLayout.indexName)"
    if try understoodIndex(index) != nil, try understoodIndex(layout.partialIndex(of: variant)) == nil {
      try files.perform(plan.keepIndex(index, of: variant))
    }
    try quarantine(directory)
  }

  /// An index that can be understood, at a path; nil where there is none.
  private func understoodIndex(_ path: String) throws(GtachError) -> ChunkIndex? {
    do throws(GtachError) {
      return try ChunkIndexCodec.decode(try files.read(path, maximumBytes: ChunkIndexCodec.maximumBytes))
    } catch {
      guard error.code == .notFound || error.code == .indexCorrupt || error.code == .inputOutput else { throw error }
      return nil
    }
  }

  /// Moves something damaged out of the way.
  func quarantine(_ path: String) throws(GtachError) {
    let name = Self.quarantineName(path)
    let plan = StorePlan(layout: layout, workspace: layout.incoming)
    do throws(GtachError) {
      try files.perform(plan.quarantine(path, as: "\(Workspace.newName())-\(name)"))
    } catch {
      // Somebody else was quicker.
      guard error.code == .notFound else { throw error }
    }
  }

  /// How the name ends that something has in quarantine.
  private static func quarantineName(_ path: String) -> String {
    path.split(separator: "/").suffix(3).joined(separator: "-")
  }

  /// How the name ends that the directory of a variant has in quarantine.
  static func quarantineName(_ variant: VariantID) -> String {
    "-" + quarantineName("\(variant.release.name)/\(variant.release.version)/\(variant.platform)")
  }

  /// The lock of whoever changes what is visible.
  func lock() throws(GtachError) -> FileLock {
    try files.perform(.makeDirectory(layout.root))
    return try FileLock(
      path: layout.lock, wait: MonotonicClock.now().advanced(byMilliseconds: Self.lockMilliseconds),
      cancellation: cancellation)
  }
}
