#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// Removes a directory with all in it, without ever following a link out of it.
enum TreeRemoval {
  /// Removes whatever a path names; nothing being there is no error.
  static func remove(_ path: String) throws(GtachError) {
    try remove(path, in: AT_FDCWD, called: path)
  }

  private static func remove(_ name: String, in parent: Int32, called path: String) throws(GtachError) {
    if unlinkat(parent, name, 0) == 0 || errno == ENOENT || errno == ENOTDIR { return }
    // Linux says EISDIR for a directory, POSIX and macOS EPERM.
    guard errno == EISDIR || errno == EPERM else { throw failure(path, errno) }
    try empty(name, in: parent, called: path)
    guard unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT else { throw failure(path, errno) }
  }

  private static func empty(_ name: String, in parent: Int32, called path: String) throws(GtachError) {
    let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
    var number = openat(parent, name, flags)
    if number < 0, errno == EACCES {
      // A directory of one's own that one may not read.
      guard fchmodat(parent, name, 0o700, 0) == 0 else { throw failure(path, errno) }
      number = openat(parent, name, flags)
    }
    guard number >= 0 else {
      if errno == ENOENT { return }
      throw failure(path, errno)
    }
    let directory = Descriptor(owning: number)
    let status = try FileSystem.status(of: directory, path: path)
    if status.permissions & 0o300 != 0o300 {
      // An installed release is read-only; where this is not ours, unlinking will say so.
      _ = fchmod(number, 0o700)
    }
    for entry in try FileSystem.names(in: directory, called: path) {
      try remove(entry, in: number, called: "\(path)/\(entry)")
    }
  }

  private static func failure(_ path: String, _ number: Int32) -> GtachError {
    FileSystem.failure("cannot remove \(path)", number)
  }
}
