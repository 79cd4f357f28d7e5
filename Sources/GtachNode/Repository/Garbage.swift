import GtachCore
import GtachModel
import GtachSystem

/// What nothing in a repository needs, found by looking at all of it. Whoever acts on it holds the repository's lock.
struct Garbage {
  /// What can go, and what it is.
  struct Item {
    let kind: String
    let path: String
    let bytes: Int
  }

  /// Visible releases and fetches, each of which goes as a whole before anything else.
  private(set) var directories: [Item] = []
  /// What nobody would miss at any moment.
  private(set) var files: [Item] = []
  /// Visible releases, and what would be some, of which nobody knows what they need.
  private(set) var damagedReleases: [(variant: VariantID, directory: String)] = []
  /// Indexes of other directories, of fetches mostly, which say nothing.
  private(set) var damagedIndexes: [String] = []
  private var releases: [VariantID] = []
  private var postponed: GtachError?

  private let layout: RepositoryLayout
  private let disk = FileSystem()

  /// - Parameter policy: Which releases and fetches may go; none where it is nil.
  init(
    in repository: PackageRepository, policy: RetentionPolicy?, now: Timestamp, cancellation: Cancellation
  ) throws(GtachError) {
    layout = repository.layout
    for path in try Workspace.abandoned(layout) {
      files.append(Item(kind: "unfinished", path: path, bytes: try size(of: path)))
    }
    try findOld(in: layout.quarantine, now: now)
    var needed = ReachableContent()
    try findDirectories(repository, policy: policy, now: now, needed: &needed, cancellation: cancellation)
    if postponed == nil, try Workspace.hasClaims(layout) {
      postponed = GtachError(
        .busy, "chunks and objects were left alone", reason: "another process is storing a release",
        advice: "run gtach gc again when it is done")
    }
    guard postponed == nil else { return }
    try findUnneeded(in: layout.chunks, kind: "chunks", cancellation: cancellation) { name in
      Digest(hex: name).map(needed.chunks.contains) ?? true
    }
    try findUnneeded(in: layout.objects, kind: "objects", cancellation: cancellation) { name in
      ObjectID(hex: name).map(needed.objects.contains) ?? true
    }
    try findUnneeded(in: layout.arriving, kind: "objects", cancellation: cancellation) { name in
      ObjectID(hex: name).map(needed.awaitedObjects.contains) ?? true
    }
    if let policy { try findSurplus(of: needed.cachedObjects, policy: policy, cancellation: cancellation) }
  }

  func report(dryRun: Bool) -> GarbageReport {
    let parts = ["releases", "fetches", "chunks", "objects", "cache", "unfinished", "quarantine"].compactMap { kind in
      // What takes no room is nothing to tell of: an empty directory of a writer that is gone, for instance.
      let items = (directories + files).filter { $0.kind == kind && $0.bytes > 0 }
      return items.isEmpty
        ? nil : GarbageReport.Part(kind: kind, count: items.count, bytes: items.reduce(0) { $0 + $1.bytes })
    }
    return GarbageReport(
      dryRun: dryRun, releases: releases.sorted().map(\.description), parts: parts,
      postponed: postponed.map(ErrorReport.init))
  }

  // MARK: Releases

  /// Finds the directories that go, and adds what all others need.
  private mutating func findDirectories(
    _ repository: PackageRepository, policy: RetentionPolicy?, now: Timestamp, needed: inout ReachableContent,
    cancellation: Cancellation
  ) throws(GtachError) {
    let entries = try repository.entries()
    let unreadable = repository.unreadablePaths()
    for (path, error) in unreadable { try postpone("\(layout.packages)/\(path)", error) }
    for (variant, path) in try variantDirectories(in: layout.packages) {
      try cancellation.check()
      // It stays, whatever the policy says of what is not here.
      if unreadable.contains(where: { path == "\(layout.packages)/\($0.path)" }) { continue }
      if let variant, policy?.isSuperfluous(variant) == true {
        do throws(GtachError) {
          directories.append(Item(kind: "releases", path: path, bytes: try size(of: path)))
          releases.append(variant)
        } catch {
          try postpone(path, error)
        }
      } else {
        let entry = variant.flatMap { entries[$0] }
        try add(path, visible: variant, entry: entry?.directory == path ? entry : nil, to: &needed)
      }
    }
    for (variant, path) in try variantDirectories(in: layout.partial) {
      try cancellation.check()
      var status: FileStatus?
      do throws(GtachError) {
        status = try disk.status(of: "\(path)/\(RepositoryLayout.indexName)")
        if status == nil { status = try disk.status(of: "\(path)/\(RepositoryLayout.lossMarkName)") }
      } catch {
        try postpone(path, error)
        continue
      }
      guard let status else {
        directories.append(Item(kind: "fetches", path: path, bytes: 0))
        continue
      }
      let age = now.secondsSinceEpoch - status.modifiedNanoseconds / 1_000_000_000
      if let variant, entries[variant] == nil, policy?.isAbandoned(variant, ageSeconds: age) != true {
        try add(path, visible: nil, entry: nil, to: &needed)
      } else {
        directories.append(Item(kind: "fetches", path: path, bytes: status.size))
      }
    }
  }

  /// Adds what the index in a directory names. Where one cannot be understood, nobody knows what it needs, and no chunk
  /// goes.
  ///
  /// - Parameters:
  ///   - variant: What the directory would be in sight; nil for that of a fetch.
  ///   - entry: What is complete in it.
  private mutating func add(
    _ directory: String, visible variant: VariantID?, entry: Catalogue.Entry?, to needed: inout ReachableContent
  ) throws(GtachError) {
    let path = "\(directory)/\(RepositoryLayout.indexName)"
    do throws(GtachError) {
      let bytes = try disk.read(path, maximumBytes: ChunkIndexCodec.maximumBytes)
      if let entry, SHA256().digest(of: bytes) != entry.index.digest {
        throw GtachError(.indexCorrupt, "the index is damaged")
      }
      needed.add(try ChunkIndexCodec.decode(bytes), isComplete: entry != nil)
    } catch {
      guard error.code == .notFound || error.code == .indexCorrupt else { return try postpone(path, error) }
      // A directory without an index is no release, and needs nothing, unless its manifest says that it is one, in the
      // place of one: else nobody ever makes anything of it.
      if error.code == .notFound {
        guard variant != nil, try disk.exists("\(directory)/\(RepositoryLayout.manifestName)") else { return }
      }
      // As a whole: a manifest without an index would stay in sight.
      if let variant { damagedReleases.append((variant, directory)) } else { damagedIndexes.append(path) }
      postponed = GtachError(
        .indexCorrupt, "chunks and objects were left alone", reason: "\(path) is damaged: nobody knows what it needs",
        advice: "it goes out of sight: fetch it again with gtach sync, then run gtach gc again")
    }
  }

  /// The directories three levels below a directory, and the variants that their paths name.
  private mutating func variantDirectories(in root: String) throws(GtachError) -> [(VariantID?, String)] {
    var found: [(VariantID?, String)] = []
    for name in try names(in: root) {
      for version in try namesIfReadable(in: "\(root)/\(name)") {
        for platform in try namesIfReadable(in: "\(root)/\(name)/\(version)") {
          let target = "\(name)/\(version)/\(platform)"
          do throws(GtachError) {
            guard try disk.kind(of: "\(root)/\(target)") == .directory else { continue }
          } catch {
            try postpone("\(root)/\(target)", error)
            continue
          }
          found.append((VariantID(targetPath: "\(target)/\(RepositoryLayout.manifestName)"), "\(root)/\(target)"))
        }
      }
    }
    return found
  }

  private mutating func namesIfReadable(in directory: String) throws(GtachError) -> [String] {
    do throws(GtachError) {
      return try names(in: directory)
    } catch {
      try postpone(directory, error)
      return []
    }
  }

  /// Leaves chunks and objects alone, as nobody knows what is needed by what the disk does not give.
  private mutating func postpone(_ path: String, _ error: GtachError) throws(GtachError) {
    guard error.code == .inputOutput else { throw error }
    postponed = GtachError(
      .inputOutput, "chunks and objects were left alone",
      reason: "\(path) cannot be read: nobody knows what it needs" + (error.reason.map { " (\($0))" } ?? ""),
      advice: "see what keeps it from being read, its permissions or the disk, then run gtach gc again")
  }

  // MARK: Everything else

  /// Finds the files of a store that are not needed by their names. What has no name of the store is not its business.
  private mutating func findUnneeded(
    in root: String, kind: String, cancellation: Cancellation, isNeeded: (String) -> Bool
  ) throws(GtachError) {
    for directory in try names(in: root) {
      try cancellation.check()
      for name in try names(in: "\(root)/\(directory)") {
        guard !isNeeded(name) else { continue }
        let path = "\(root)/\(directory)/\(name)"
        files.append(Item(kind: kind, path: path, bytes: try disk.status(of: path)?.size ?? 0))
      }
    }
  }

  /// Finds the objects that are too many to be kept for others only.
  private mutating func findSurplus(
    of cached: Set<ObjectID>, policy: RetentionPolicy, cancellation: Cancellation
  ) throws(GtachError) {
    var cache: [RetentionPolicy.CachedObject] = []
    for id in cached {
      try cancellation.check()
      // One that is a stored chunk as well takes no room of its own.
      guard let status = try disk.status(of: layout.object(id)), status.links == 1 else { continue }
      cache.append(.init(path: layout.object(id), bytes: status.size, modified: status.modifiedNanoseconds))
    }
    for object in policy.evicted(from: cache) {
      files.append(Item(kind: "cache", path: object.path, bytes: object.bytes))
    }
  }

  private mutating func findOld(in directory: String, now: Timestamp) throws(GtachError) {
    for name in try names(in: directory) {
      let path = "\(directory)/\(name)"
      guard let status = try disk.status(of: path) else { continue }
      // A rename changes this time, and nothing does so afterwards.
      let age = now.secondsSinceEpoch - status.changedNanoseconds / 1_000_000_000
      guard age > RetentionPolicy.quarantineDays * 86_400 else { continue }
      files.append(Item(kind: "quarantine", path: path, bytes: try size(of: path)))
    }
  }

  /// The length of all files below a path, in bytes.
  private func size(of path: String) throws(GtachError) -> Int {
    guard let status = try disk.status(of: path) else { return 0 }
    guard status.kind == .directory else { return status.size }
    var sum = 0
    for name in try names(in: path) { sum += try size(of: "\(path)/\(name)") }
    return sum
  }

  private func names(in directory: String) throws(GtachError) -> [String] {
    guard try disk.kind(following: directory) == .directory else { return [] }
    do throws(GtachError) {
      return try disk.list(directory)
    } catch {
      // Its owner cleared it away meanwhile.
      guard error.code == .notFound else { throw error }
      return []
    }
  }
}
