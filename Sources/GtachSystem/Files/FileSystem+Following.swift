#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

extension FileSystem {
  /// What kind of thing a path names, links followed to their end; nil where nothing is there, or a link leads nowhere.
  public func kind(following path: String) throws(GtachError) -> FileKind? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw Self.failure("cannot look at \(path)", errno)
    }
    return try FileStatus(status).kind
  }

  /// The absolute path of what a path names, without a link in it (realpath(3)).
  public func realPath(_ path: String) throws(GtachError) -> String {
    guard let resolved = realpath(path, nil) else { throw Self.failure("cannot look at \(path)", errno) }
    defer { free(resolved) }
    guard let text = String(validatingCString: resolved) else {
      throw GtachError(.inputOutput, "cannot look at \(path)", reason: "it lies in a place whose name is not UTF-8")
    }
    return text
  }

  /// Whether this process may write to a file or directory: what the kernel says now, which may be another thing later.
  public func isWritable(_ path: String) throws(GtachError) -> Bool {
    if access(path, W_OK) == 0 { return true }
    guard errno == EACCES || errno == EPERM || errno == EROFS else {
      throw Self.failure("cannot look at \(path)", errno)
    }
    return false
  }

  /// Gives a file of this process's own to the owner and group of another, as far as that is allowed: root may, anybody
  /// else only passes it on to a group of his.
  public func takeOwner(of model: String, for path: String) throws(GtachError) {
    var (wanted, own) = (stat(), stat())
    guard stat(model, &wanted) == 0 else { throw Self.failure("cannot look at \(model)", errno) }
    guard stat(path, &own) == 0 else { throw Self.failure("cannot look at \(path)", errno) }
    let owner = own.st_uid == wanted.st_uid ? uid_t.max : wanted.st_uid
    let group = own.st_gid == wanted.st_gid ? gid_t.max : wanted.st_gid
    for (user, group) in [(uid_t.max, group), (owner, gid_t.max)] where user != uid_t.max || group != gid_t.max {
      guard lchown(path, user, group) == 0 || errno == EPERM else {
        throw Self.failure("cannot give \(path) its owner", errno)
      }
    }
  }
}
