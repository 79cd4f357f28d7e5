import GtachCore
import GtachModel
import GtachSystem

/// What was read from the manifests of a repository, kept in an SQLite database for the next process: derived, and
/// never believed over the directories.
///
/// A row counts only for the very file that it was read from, and only if its checksum is right. So whatever a power
/// cut, a worn SD card or another program did to the database, it costs the time to read the manifests again, and no
/// more.
struct PackageIndex {
  /// The version of the tables: another one's are made anew.
  static let version: Int64 = 1
  /// "gtac": says that a database is one of gtach.
  static let application: Int64 = 0x6774_6163
  /// How long somebody who has an answer already waits to write it down, in milliseconds.
  static let wait: Int64 = 250

  let layout: RepositoryLayout
  let cancellation: Cancellation?
  private let files = FileSystem()

  /// Paths are relative to `packages`; times are seconds since 1970, those of files nanoseconds. The directory is that
  /// of the version, of which all rows say the same; its times are NULL where it has to be listed each time.
  private static let tables = """
    CREATE TABLE release (
      path TEXT PRIMARY KEY, version TEXT NOT NULL, created INTEGER NOT NULL, description TEXT, author TEXT,
      archive BLOB NOT NULL, archive_size INTEGER NOT NULL, chunks BLOB NOT NULL, chunks_size INTEGER NOT NULL,
      manifest BLOB NOT NULL, manifest_size INTEGER NOT NULL, manifest_inode INTEGER NOT NULL,
      manifest_modified INTEGER NOT NULL, manifest_changed INTEGER NOT NULL,
      directory_variants INTEGER NOT NULL, directory_size INTEGER, directory_inode INTEGER,
      directory_modified INTEGER, directory_changed INTEGER, checksum INTEGER NOT NULL
    ) WITHOUT ROWID;
    PRAGMA user_version=\(version);
    PRAGMA application_id=\(application);
    """

  /// - Parameter cancellation: What ends a wait for other processes.
  init(layout: RepositoryLayout, cancellation: Cancellation?) {
    self.layout = layout
    self.cancellation = cancellation
  }

  /// What is in the database.
  ///
  /// - Returns: The versions by their directories, relative to `packages`, and whether the database is as it should be:
  ///   one that is not is to be made anew. Where there is none yet, it is.
  /// - Throws: `ErrorCode.inputOutput` where the repository cannot be looked at.
  func load() throws(GtachError) -> (versions: [String: Catalogue.Version], isSound: Bool) {
    guard try files.exists(layout.packageIndex) else { return ([:], true) }
    do throws(GtachError) {
      return try read(SQLiteDatabase(path: layout.packageIndex, busyMilliseconds: Int32(Self.wait)))
    } catch {
      // Only one that another process keeps to itself is left as it is.
      return ([:], error.code == .busy)
    }
  }

  /// Writes down what has changed: all of it, or nothing.
  ///
  /// - Parameters:
  ///   - versions: What is new, or all there is.
  ///   - removed: What is here no longer, or otherwise; nil where the database is to be made anew.
  ///   - wait: How long to wait for other processes, in milliseconds.
  /// - Throws: `ErrorCode.busy`, `ErrorCode.diskFull`, `ErrorCode.inputOutput`, `ErrorCode.databaseCorrupt`.
  func save(
    _ versions: [String: Catalogue.Version], replacing removed: [String: Catalogue.Version]?, wait: Int64
  ) throws(GtachError) {
    // Where there is no repository, there is nothing to keep.
    guard try files.exists(layout.root) else { return }
    // SQLite orders writers of one database; this orders those who take its file away.
    let lock = try FileLock(
      path: layout.packageIndexLock, wait: MonotonicClock.now().advanced(byMilliseconds: wait),
      cancellation: cancellation)
    defer { withExtendedLifetime(lock) {} }
    if removed == nil {
      let file = layout.packageIndex
      guard try files.kind(of: file) != .directory else {
        throw GtachError(.inputOutput, "\(file) cannot be written", reason: "it is a directory", advice: "take it away")
      }
      try files.perform(["-wal", "-shm", ""].map { .remove(file + $0) })
    }
    let database = try SQLiteDatabase(path: layout.packageIndex, busyMilliseconds: Int32(clamping: wait))
    try database.transaction { () throws(GtachError) in
      if try !isOurs(database) { try database.execute(Self.tables) }
      let removal = try database.prepare("DELETE FROM release WHERE path = ?")
      for entry in (removed ?? [:]).values.flatMap(\.entries) { try removal.run([.text(path(of: entry))]) }
      let marks = Array(repeating: "?", count: PackageIndexRow.columns.count).joined(separator: ", ")
      let columns = PackageIndexRow.columns.joined(separator: ", ")
      let insertion = try database.prepare("INSERT OR REPLACE INTO release (\(columns)) VALUES (\(marks))")
      // In the order of the table, which then grows at its end.
      let rows = versions.values.flatMap { version in
        version.entries.map {
          PackageIndexRow(path: path(of: $0), entry: $0, variants: version.entries.count, directory: version.stamp)
        }
      }
      for row in rows.sorted(by: { $0.path < $1.path }) { try insertion.run(row.values) }
    }
  }

  private func read(
    _ database: SQLiteDatabase
  ) throws(GtachError) -> (versions: [String: Catalogue.Version], isSound: Bool) {
    guard try isOurs(database) else { return ([:], false) }
    let columns = PackageIndexRow.columns.joined(separator: ", ")
    let statement = try database.prepare("SELECT \(columns) FROM release ORDER BY path")
    var versions: [String: (version: Catalogue.Version, variants: Int)] = [:]
    var isSound = true
    while try statement.step() {
      guard let row = PackageIndexRow(statement, packages: layout.packages) else {
        isSound = false
        continue
      }
      let directory = String(row.path.dropLast(row.entry.variant.platform.text.count + 1))
      if versions[directory] == nil {
        versions[directory] = (Catalogue.Version(stamp: row.directory, entries: []), row.variants)
      }
      if versions[directory]?.version.stamp != row.directory { versions[directory]?.version.stamp = nil }
      versions[directory]?.version.entries.append(row.entry)
    }
    // Where a row is missing, the directory knows better.
    let whole = versions.mapValues { version, variants in
      variants == version.entries.count ? version : Catalogue.Version(stamp: nil, entries: version.entries)
    }
    return (whole, isSound)
  }

  private func isOurs(_ database: SQLiteDatabase) throws(GtachError) -> Bool {
    func number(_ name: String) throws(GtachError) -> Int64 {
      let statement = try database.prepare("PRAGMA \(name)")
      return try statement.step() ? statement.integer(0) : 0
    }
    let application = try number("application_id")
    let version = try number("user_version")
    return application == Self.application && version == Self.version
  }

  private func path(of entry: Catalogue.Entry) -> String {
    String(entry.directory.dropFirst(layout.packages.count + 1))
  }
}
