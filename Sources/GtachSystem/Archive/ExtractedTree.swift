#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// A directory that an archive is unpacked into. Every step from its root downwards is opened on its own and without
/// following links: there is no path that a link could bend, and no moment between a check and a use.
struct ExtractedTree {
  private let root: Descriptor

  /// - Throws: `ErrorCode.notFound`, `ErrorCode.inputOutput`.
  init(directory: String) throws(GtachError) {
    let number = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw FileSystem.failure("cannot open the directory \(directory)", errno) }
    root = Descriptor(owning: number)
  }

  /// Makes a directory and those around it.
  func makeDirectory(_ components: [String]) throws(GtachError) {
    _ = try openDirectory(components[...], of: components)
  }

  /// Makes a symbolic link.
  func makeSymbolicLink(_ components: [String], to target: String) throws(GtachError) {
    let (parent, name) = try openParent(of: components)
    guard symlinkat(target, parent.number, name) == 0 else { throw failure(components, errno) }
  }

  /// Makes a file and opens it for writing.
  func makeFile(_ components: [String]) throws(GtachError) -> Descriptor {
    let (parent, name) = try openParent(of: components)
    let number = openat(parent.number, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw failure(components, errno) }
    return Descriptor(owning: number)
  }

  /// Makes another name for a file that was made before.
  func makeHardLink(_ components: [String], to target: [String]) throws(GtachError) {
    let (from, old) = try openParent(of: target)
    let (parent, name) = try openParent(of: components)
    guard linkat(from.number, old, parent.number, name, 0) == 0 else { throw failure(components, errno) }
  }

  private func openParent(of components: [String]) throws(GtachError) -> (Descriptor, String) {
    guard let name = components.last else {
      throw GtachError(.archiveInvalid, "the root of the archive is not a directory")
    }
    return (try openDirectory(components.dropLast(), of: components), name)
  }

  private func openDirectory(
    _ path: ArraySlice<String>, of components: [String]
  ) throws(GtachError) -> Descriptor {
    var directory = root
    for name in path {
      var number = openat(directory.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      if number < 0, errno == ENOENT {
        guard mkdirat(directory.number, name, 0o755) == 0 else { throw failure(components, errno) }
        number = openat(directory.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        // The umask took bits away.
        guard number < 0 || fchmod(number, 0o755) == 0 else { throw failure(components, errno) }
      }
      guard number >= 0 else {
        let reason = errno
        var status = stat()
        let isLink =
          fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_mode & S_IFMT == S_IFLNK
        if isLink {
          throw GtachError(
            .archivePathUnsafe, "the archive's member \"\(components.joined(separator: "/"))\" lies behind a link",
            reason: "\"\(name)\" is a symbolic link")
        }
        throw failure(components, reason)
      }
      directory = Descriptor(owning: number)
    }
    return directory
  }

  private func failure(_ components: [String], _ number: Int32) -> GtachError {
    let path = components.joined(separator: "/")
    if number == EEXIST || number == ENOTDIR {
      return GtachError(
        .archiveInvalid, "the archive's member \"\(path)\" is there twice", reason: "or a file is in its way")
    }
    return FileSystem.failure("cannot unpack \"\(path)\"", number)
  }
}
