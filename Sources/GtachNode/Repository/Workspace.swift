import GtachCore
import GtachModel
import GtachSystem

/// A directory in `incoming` for one writer, in which nothing is visible. It is gone when the writer is; where that
/// ended badly, the next writer clears it away.
final class Workspace: Sendable {
  /// The directory's path.
  let path: String
  private let lockPath: String
  // Held as long as this lives: whoever can take it knows that the owner is gone.
  private let lock: FileLock

  /// Makes a workspace, and removes those whose owner is gone.
  ///
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  init(layout: RepositoryLayout) throws(GtachError) {
    let files = FileSystem()
    try files.perform(.makeDirectory(layout.incoming))
    try Self.clear(layout)
    path = "\(layout.incoming)/\(Self.newName())"
    lockPath = path + Self.lockSuffix
    lock = try FileLock(path: lockPath, wait: nil)
    try files.perform(.makeDirectory(path))
  }

  deinit {
    // What cannot be removed now is removed by the next writer.
    try? FileSystem().perform([.remove(path), .remove(lockPath)])
  }

  /// A name that nothing else has.
  static func newName() -> String { Hexadecimal.encode(SystemRandom.bytes(8)) }

  /// Says that this writer stores chunks which no index names yet. The caller has the repository's lock.
  ///
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func claimUnnamed() throws(GtachError) {
    try FileSystem().perform(.write(path: "\(path)/\(Self.claimName)", bytes: [], permissions: 0o644))
  }

  /// Takes back what `claimUnnamed` said. The caller has the repository's lock.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  func disclaimUnnamed() throws(GtachError) { try FileSystem().perform(.remove("\(path)/\(Self.claimName)")) }

  /// Whether any writer that is at work stores chunks which no index names yet. The caller has the repository's lock.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  static func hasClaims(_ layout: RepositoryLayout) throws(GtachError) -> Bool {
    let files = FileSystem()
    let abandoned = Set(try abandoned(layout))
    guard try files.exists(layout.incoming) else { return false }
    for name in try files.list(layout.incoming) where !abandoned.contains("\(layout.incoming)/\(name)") {
      if try files.exists("\(layout.incoming)/\(name)/\(claimName)") { return true }
    }
    return false
  }

  /// The workspaces whose owner is gone.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  static func abandoned(_ layout: RepositoryLayout) throws(GtachError) -> [String] {
    var paths: [String] = []
    try forEachAbandoned(layout) { (path, _) throws(GtachError) in paths.append(path) }
    return paths
  }

  private static let lockSuffix = ".lock"
  private static let claimName = "claim"

  /// Clears away the workspaces whose owner is gone.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  static func clear(_ layout: RepositoryLayout) throws(GtachError) {
    try forEachAbandoned(layout) { (path, lockPath) throws(GtachError) in
      try FileSystem().perform([.remove(path), .remove(lockPath)])
    }
  }

  /// Calls the body with each workspace whose owner is gone, and its lock's file, which is held meanwhile.
  private static func forEachAbandoned(
    _ layout: RepositoryLayout, _ body: (String, String) throws(GtachError) -> Void
  ) throws(GtachError) {
    guard try FileSystem().exists(layout.incoming) else { return }
    for name in try FileSystem().list(layout.incoming) where name.hasSuffix(lockSuffix) {
      let lockPath = "\(layout.incoming)/\(name)"
      do throws(GtachError) {
        let lock = try FileLock(path: lockPath, wait: MonotonicClock.now())
        try body(String(lockPath.dropLast(lockSuffix.count)), lockPath)
        withExtendedLifetime(lock) {}
      } catch {
        // Its owner is at work.
        guard error.code == .busy else { throw error }
      }
    }
  }
}
