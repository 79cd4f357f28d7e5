#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// What a path names.
public enum FileKind: Hashable, Sendable {
  /// A regular file.
  case file
  /// A directory.
  case directory
  /// A symbolic link, wherever it leads.
  case symbolicLink
  /// A character device.
  case characterDevice
  /// A block device.
  case blockDevice
  /// A Unix socket.
  case socket
  /// A named pipe.
  case pipe
}

/// What the kernel says of a file, a link being a file of its own. Two that are equal mean that nobody changed the
/// file between them.
public struct FileStatus: Hashable, Sendable {
  /// What it is.
  public let kind: FileKind
  /// The lowest twelve bits of its mode: set-user-ID, set-group-ID, sticky, and read, write, execute three times.
  public let permissions: UInt16
  /// Its length in bytes.
  public let size: Int
  /// Which device it is on.
  public let device: UInt64
  /// Its number there.
  public let number: UInt64
  /// How many names it has.
  public let links: Int
  /// When its content changed, in nanoseconds since 1970.
  public let modifiedNanoseconds: Int64
  /// When its content or what is said here changed, in nanoseconds since 1970.
  public let changedNanoseconds: Int64

  init(_ status: stat) throws(GtachError) {
    switch status.st_mode & S_IFMT {
    case S_IFREG: kind = .file
    case S_IFDIR: kind = .directory
    case S_IFLNK: kind = .symbolicLink
    case S_IFCHR: kind = .characterDevice
    case S_IFBLK: kind = .blockDevice
    case S_IFSOCK: kind = .socket
    case S_IFIFO: kind = .pipe
    default:
      throw GtachError(.inputOutput, "a file is of no known kind", reason: "its mode is \(status.st_mode)")
    }
    permissions = UInt16(status.st_mode & 0o7777)
    size = Int(status.st_size)
    device = UInt64(truncatingIfNeeded: status.st_dev)
    number = UInt64(status.st_ino)
    links = Int(status.st_nlink)
    #if canImport(Darwin)
      modifiedNanoseconds = Self.nanoseconds(status.st_mtimespec)
      changedNanoseconds = Self.nanoseconds(status.st_ctimespec)
    #else
      modifiedNanoseconds = Self.nanoseconds(status.st_mtim)
      changedNanoseconds = Self.nanoseconds(status.st_ctim)
    #endif
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    // A file may claim any time; only whether two are equal matters, so a wrap does no harm.
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }
}
