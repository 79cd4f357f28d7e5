import GtachModel

/// A disk in memory whose power can be cut: what was not synced may be there, be torn or be missing, each thing on
/// its own.
struct CrashingDisk {
  private final class Node {
    /// What readers see now.
    var bytes: [UInt8]
    /// What survives for sure; nil where nothing was synced yet.
    var synced: [UInt8]?
    init(_ bytes: [UInt8]) { self.bytes = bytes }
  }

  /// A change of directory entries, atomic as a journal makes it.
  private struct Change {
    var directories: Set<String>
    var apply: (inout [String: Node]) -> Void
  }

  private var files: [String: Node] = [:]
  private var syncedFiles: [String: Node] = [:]
  private var changes: [Change] = []

  /// The paths that exist, and their bytes.
  var contents: [String: [UInt8]] { files.mapValues(\.bytes) }

  mutating func perform(_ operation: FileOperation) {
    switch operation {
    case .makeDirectory, .makeReadOnly: break
    case .write(let path, let bytes, _):
      let node = Node(bytes)
      change([Self.parent(path)]) { $0[path] = node }
    case .rename(let from, let to):
      change([Self.parent(from), Self.parent(to)]) { files in
        for (path, node) in files where path == from || path.hasPrefix(from + "/") {
          files[path] = nil
          files[to + path.dropFirst(from.count)] = node
        }
      }
    case .remove(let path):
      change([Self.parent(path)]) { files in
        for name in files.keys where name == path || name.hasPrefix(path + "/") { files[name] = nil }
      }
    case .syncFile(let path): files[path]?.synced = files[path]?.bytes
    case .syncDirectory(let directory):
      // A journal is written in order: what was done before in other directories goes with it.
      guard let last = changes.lastIndex(where: { $0.directories.contains(directory) }) else { return }
      for change in changes[...last] { change.apply(&syncedFiles) }
      changes.removeSubrange(...last)
    case .syncFileSystem:
      for node in files.values { node.synced = node.bytes }
      for change in changes { change.apply(&syncedFiles) }
      changes = []
    case .makeSymbolicLink, .takeOwner, .carryOver, .setAside, .replace:
      preconditionFailure("a repository makes no links, gives nothing away, and has no configuration")
    }
  }

  private mutating func change(_ directories: Set<String>, _ apply: @escaping (inout [String: Node]) -> Void) {
    apply(&files)
    changes.append(Change(directories: directories, apply: apply))
  }

  /// The disk after a power cut at this instant.
  func afterCrash(using generator: inout some RandomNumberGenerator) -> CrashingDisk {
    var disk = CrashingDisk()
    var survivors = syncedFiles
    for change in changes where Bool.random(using: &generator) { change.apply(&survivors) }
    for (path, node) in survivors {
      let copy: Node
      if let synced = node.synced, synced == node.bytes {
        copy = Node(synced)
      } else {
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: copy = Node(node.bytes)
        case 1: copy = Node(Array(node.bytes.prefix(Int.random(in: 0...node.bytes.count, using: &generator))))
        case 2: copy = Node(Array(repeating: 0, count: node.bytes.count))
        default: copy = Node(node.synced ?? [])
        }
      }
      copy.synced = copy.bytes
      disk.files[path] = copy
    }
    disk.syncedFiles = disk.files
    return disk
  }

  private static func parent(_ path: String) -> String {
    path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
  }
}
