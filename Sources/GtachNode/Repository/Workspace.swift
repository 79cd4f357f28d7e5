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

  private static let lockSuffix = ".lock"

  private static func clear(_ layout: RepositoryLayout) throws(GtachError) {
    let files = FileSystem()
    for name in try files.list(layout.incoming) where name.hasSuffix(lockSuffix) {
      let lockPath = "\(layout.incoming)/\(name)"
      do throws(GtachError) {
        let lock = try FileLock(path: lockPath, wait: MonotonicClock.now())
        try files.perform([.remove(String(lockPath.dropLast(lockSuffix.count))), .remove(lockPath)])
        withExtendedLifetime(lock) {}
      } catch {
        // Its owner is at work.
        guard error.code == .busy else { throw error }
      }
    }
  }
}
