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
}
