import GtachCore
import GtachModel
import GtachSystem
import GtachWire

/// Which variants are in a repository, read from its directories. A manifest is read again only when its file changed,
/// whichever process read it before: what is known outlasts this one in the package index.
struct Catalogue {
  /// A directory that was changed so short a time ago may change again without its times telling, in nanoseconds: FAT
  /// counts in steps of two seconds, and Linux in ticks of some milliseconds.
  private static let settlingNanoseconds: Int64 = 2_000_000_000

  /// How often to begin with a new index before giving up.
  private static let maximumAttempts = 5

  private let layout: RepositoryLayout
  private let clock: @Sendable () -> Timestamp
  private let packageIndex: PackageIndex
  /// What was read so far, by the directory of the version, relative to `packages`.
  private var known: [String: Version] = [:]
  /// Where what is known lies, by how the SHA-256 of a manifest, a chunk index or an archive begins.
  private var places: [Content: [ShortDigest: (version: String, directory: String)]] = [:]
  /// What the disk did not give when it was asked for last, by the path relative to `packages`: a package, a version or
  /// a variant. The others are read all the same.
  private(set) var unreadable: [String: GtachError] = [:]
  private var isLoaded = false
  /// Whether the index is to be made anew.
  private var isIndexUnfit = false

  init(_ layout: RepositoryLayout, cancellation: Cancellation?, clock: @escaping @Sendable () -> Timestamp) {
    self.layout = layout
    self.clock = clock
    packageIndex = PackageIndex(layout: layout, cancellation: cancellation)
  }

  // MARK: All of them

  /// Reads the directories. What is no variant of a release, or cannot be read as one, is not listed: it is not
  /// complete here, whatever it is.
  ///
  /// - Throws: `ErrorCode.inputOutput` where not even the packages can be listed.
  mutating func read() throws(GtachError) -> [VariantID: Entry] {
    try load()
    let before = known
    let entries = try walk()
    let changes = known.filter { before[$0.key] != $0.value }
    let removed = before.filter { known[$0.key] != $0.value }
    guard isIndexUnfit || !changes.isEmpty || !removed.isEmpty else { return entries }
    // The answer is there already. An index that cannot be written, on a full disk for instance, makes the next one
    // late.
    try? packageIndex.save(
      isIndexUnfit ? known : changes, replacing: isIndexUnfit ? nil : removed, wait: PackageIndex.wait)
    isIndexUnfit = false
    return entries
  }

  /// Reads every manifest again, and makes the index anew from them.
  ///
  /// - Throws: `ErrorCode.inputOutput`, `ErrorCode.diskFull`; `ErrorCode.busy` where other processes keep the index.
  mutating func readAnew() throws(GtachError) -> [VariantID: Entry] {
    (known, places) = ([:], [:])
    isLoaded = true
    let entries = try walk()
    for attempt in 1...Self.maximumAttempts {
      do throws(GtachError) {
        try packageIndex.save(known, replacing: nil, wait: PackageRepository.lockMilliseconds)
        break
      } catch {
        // SQLite notices when the file is taken away under it, and when the old one is still in use.
        let mayPass = error.code == .inputOutput || error.code == .databaseCorrupt
        guard mayPass, attempt < Self.maximumAttempts else { throw error }
      }
    }
    isIndexUnfit = false
    return entries
  }

  private mutating func load() throws(GtachError) {
    guard !isLoaded else { return }
    isLoaded = true
    let (versions, isSound) = try packageIndex.load()
    isIndexUnfit = !isSound
    for (path, version) in versions where known[path] == nil { note(version, at: path) }
  }

  private mutating func walk() throws(GtachError) -> [VariantID: Entry] {
    var entries: [VariantID: Entry] = [:]
    var seen: Set<String> = []
    unreadable = [:]
    for name in try Self.list(layout.packages) {
      for version in try versions(of: name) {
        let path = "\(name)/\(version)"
        seen.insert(path)
        // Versions that differ only in build metadata are one; the first in order counts.
        for entry in try read(version: path) where entries[entry.variant] == nil { entries[entry.variant] = entry }
      }
    }
    if seen.count != known.count {
      for path in known.keys where !seen.contains(path) { note(nil, at: path) }
    }
    return entries
  }

  // MARK: Some of them

  /// The variant, looked for where it has to be.
  mutating func entry(of variant: VariantID) throws(GtachError) -> Entry? {
    let version = Self.withoutBuild("\(variant.release.version)")
    return try entries(of: variant.release.name) { Self.withoutBuild($0) == version }[variant]
  }

  /// The variants of a package, or of some of its versions.
  mutating func entries(
    of name: PackageName, where isMeant: (String) -> Bool = { _ in true }
  ) throws(GtachError) -> [VariantID: Entry] {
    var entries: [VariantID: Entry] = [:]
    for version in try versions(of: "\(name)") where isMeant(version) {
      for entry in try read(version: "\(name)/\(version)") where entries[entry.variant] == nil {
        entries[entry.variant] = entry
      }
    }
    return entries
  }

  /// A variant whose manifest, chunk index or archive has that SHA-256.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  mutating func entry(holding content: Content, _ digest: Digest) throws(GtachError) -> Entry? {
    if let entry = try entry(knownBy: content, ShortDigest(digest)), entry.digest(of: content) == digest {
      return entry
    }
    return try read().values.first { $0.digest(of: content) == digest }
  }

  /// A variant whose manifest, chunk index or archive has a SHA-256 that begins so, unless it came here without this
  /// process knowing.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  mutating func entry(knownBy content: Content, _ digest: ShortDigest) throws(GtachError) -> Entry? {
    if places[content]?[digest] == nil, !isLoaded { _ = try read() }
    guard let place = places[content]?[digest] else { return nil }
    return try read(version: place.version).first {
      $0.directory == place.directory && ShortDigest($0.digest(of: content)) == digest
    }
  }

  // MARK: One version

  /// What is complete in the directory of a version, of which only that is read which has changed.
  private mutating func read(version path: String) throws(GtachError) -> [Entry] {
    let directory = "\(layout.packages)/\(path)"
    let before = known[path]
    let stamp: Stamp
    var names: [String]?
    do throws(GtachError) {
      guard let status = try FileSystem().status(of: directory), status.kind == .directory else {
        note(nil, at: path)
        return []
      }
      stamp = Stamp(status)
      if before?.stamp != stamp { names = try Self.list(directory) }
      if !unreadable.isEmpty { unreadable[path] = nil }
    } catch {
      try noteUnreadable(path, error)
      note(nil, at: path)
      return []
    }
    var entries: [Entry] = []
    for platform in names ?? before?.entries.map(\.variant.platform.text) ?? [] {
      let place = "\(directory)/\(platform)"
      do throws(GtachError) {
        let found = try entry(at: "\(path)/\(platform)", known: before?.entries.first { $0.directory == place })
        if !unreadable.isEmpty { unreadable["\(path)/\(platform)"] = nil }
        if let found { entries.append(found) }
      } catch {
        try noteUnreadable("\(path)/\(platform)", error)
      }
    }
    let count = names?.count ?? before?.entries.count ?? 0
    // What is not complete may become so without a trace in the directory above it.
    let isSettled =
      entries.count == count
      && stamp.changedNanoseconds < clock().secondsSinceEpoch * 1_000_000_000 - Self.settlingNanoseconds
    let version = Version(stamp: isSettled ? stamp : nil, entries: entries)
    if version != before { note(version, at: path) }
    return entries
  }

  private func entry(at path: String, known: Entry?) throws(GtachError) -> Entry? {
    let directory = "\(layout.packages)/\(path)"
    let manifestPath = "\(directory)/\(RepositoryLayout.manifestName)"
    guard let status = try FileSystem().status(of: manifestPath), status.kind == .file else { return nil }
    // What the manifest needs may have gone since.
    let index = try FileSystem().status(of: "\(directory)/\(RepositoryLayout.indexName)")
    guard let index, index.kind == .file else { return nil }
    let stamp = Stamp(status)
    if let known, known.stamp == stamp { return known.index.size == index.size ? known : nil }
    guard let variant = VariantID(targetPath: "\(path)/\(RepositoryLayout.manifestName)") else { return nil }
    do throws(GtachError) {
      let bytes = try FileSystem().read(manifestPath, offset: 0, count: Manifest.maximumBytes + 1)
      let manifest = try Manifest(json: bytes)
      guard manifest.variant == variant, manifest.index.size == index.size,
        index.size <= ChunkIndexCodec.maximumBytes
      else { return nil }
      return Entry(
        directory: directory, summary: ReleaseSummary(manifest), digest: SHA256().digest(of: bytes),
        archive: manifest.archive, index: manifest.index, stamp: stamp)
    } catch {
      // It vanished meanwhile, or is damaged: a variant that is not here.
      guard error.code == .notFound || error.code == .manifestCorrupt else { throw error }
      return nil
    }
  }

  /// The names in the directory of a package.
  private mutating func versions(of name: String) throws(GtachError) -> [String] {
    do throws(GtachError) {
      let versions = try Self.list("\(layout.packages)/\(name)")
      unreadable[name] = nil
      return versions
    } catch {
      try noteUnreadable(name, error)
      return []
    }
  }

  /// Takes note of what the disk does not give.
  ///
  /// - Parameter path: Relative to `packages`.
  /// - Throws: Whatever else is wrong.
  mutating func noteUnreadable(_ path: String, _ error: GtachError) throws(GtachError) {
    guard error.code == .inputOutput else { throw error }
    unreadable[path] = error
  }

  /// Takes note of what a version's directory holds now; of nothing where it is gone or holds nothing.
  private mutating func note(_ version: Version?, at path: String) {
    for entry in known[path]?.entries ?? [] {
      for content in Content.allCases {
        let digest = ShortDigest(entry.digest(of: content))
        if places[content]?[digest]?.directory == entry.directory { places[content]?[digest] = nil }
      }
    }
    guard let version, !version.entries.isEmpty else {
      known[path] = nil
      return
    }
    known[path] = version
    for entry in version.entries {
      for content in Content.allCases {
        places[content, default: [:]][ShortDigest(entry.digest(of: content))] = (path, entry.directory)
      }
    }
  }

  /// A version without its build metadata, which makes no other version.
  private static func withoutBuild(_ version: String) -> Substring { version.prefix { $0 != "+" } }

  /// The names in a directory; none where there is no such directory.
  private static func list(_ directory: String) throws(GtachError) -> [String] {
    guard try FileSystem().kind(of: directory) == .directory else { return [] }
    do throws(GtachError) {
      return try FileSystem().list(directory)
    } catch {
      guard error.code == .notFound else { throw error }
      return []
    }
  }
}
