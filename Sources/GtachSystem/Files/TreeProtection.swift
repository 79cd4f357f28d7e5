#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// Takes the permission to write from a directory and all in it, without ever following a link out of it.
enum TreeProtection {
  /// Makes a directory read-only, for its owner too.
  static func protect(_ path: String) throws(GtachError) {
    try protect(path, in: AT_FDCWD, called: path)
  }

  private static func protect(_ name: String, in parent: Int32, called path: String) throws(GtachError) {
    var status = stat()
    guard fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw failure(path, errno) }
    switch status.st_mode & S_IFMT {
    case S_IFDIR:
      let number = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard number >= 0 else { throw failure(path, errno) }
      let directory = Descriptor(owning: number)
      for entry in try FileSystem.names(in: directory, called: path) {
        try protect(entry, in: number, called: "\(path)/\(entry)")
      }
      guard fchmod(number, status.st_mode & 0o7555) == 0 else { throw failure(path, errno) }
    case S_IFREG:
      guard fchmodat(parent, name, status.st_mode & 0o7555, 0) == 0 else { throw failure(path, errno) }
    default: return
    }
  }

  private static func failure(_ path: String, _ number: Int32) -> GtachError {
    FileSystem.failure("cannot make \(path) read-only", number)
  }
}
