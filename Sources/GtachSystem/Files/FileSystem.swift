#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// The disk: looks at it here, and carries out `FileOperation`s in `FileSystem+Perform.swift`.
///
/// Everything throws `ErrorCode.notFound` where something is not there, `ErrorCode.diskFull` for a full disk or
/// quota, and `ErrorCode.inputOutput` for whatever else the kernel refuses.
public struct FileSystem: Sendable {
  /// The machine's own.
  public init() {}

  /// The bytes of a regular file.
  ///
  /// - Throws: `ErrorCode.inputOutput` also for more than `maximumBytes`, and for anything that is not a regular file
  ///   (a pipe that nobody writes to must not hold anybody up).
  public func read(_ path: String, maximumBytes: Int) throws(GtachError) -> [UInt8] {
    let (descriptor, status) = try Self.openFile(path)
    guard status.size <= maximumBytes else { throw Self.tooLong(path, maximumBytes) }
    // Files in /proc say that they are empty, so one byte more than promised is asked for.
    let bytes = try Self.readFully(descriptor, count: min(max(status.size, 4096), maximumBytes) + 1, path: path)
    guard bytes.count > max(status.size, 4096) else {
      guard bytes.count <= maximumBytes else { throw Self.tooLong(path, maximumBytes) }
      return bytes
    }
    let rest = try Self.readFully(descriptor, count: maximumBytes + 1 - bytes.count, path: path)
    guard bytes.count + rest.count <= maximumBytes else { throw Self.tooLong(path, maximumBytes) }
    return bytes + rest
  }

  /// Up to `count` bytes of a regular file from `offset` on; fewer where it ends before.
  public func read(_ path: String, offset: Int, count: Int) throws(GtachError) -> [UInt8] {
    let (descriptor, _) = try Self.openFile(path)
    guard lseek(descriptor.number, off_t(offset), SEEK_SET) >= 0 else {
      throw Self.failure("cannot read \(path)", errno)
    }
    return try Self.readFully(descriptor, count: count, path: path)
  }

  /// The names in a directory, sorted by their bytes, without `.` and `..`.
  ///
  /// - Throws: `ErrorCode.inputOutput` also for a name that is not UTF-8.
  public func list(_ directory: String) throws(GtachError) -> [String] {
    let number = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw Self.failure("cannot list \(directory)", errno) }
    return try Self.names(in: Descriptor(owning: number), called: directory)
  }

  /// What the kernel says of a path, links not followed; nil where nothing is there.
  public func status(of path: String) throws(GtachError) -> FileStatus? {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw Self.failure("cannot look at \(path)", errno)
    }
    return try FileStatus(status)
  }

  /// What kind of thing a path names, links not followed; nil where nothing is there.
  public func kind(of path: String) throws(GtachError) -> FileKind? { try status(of: path)?.kind }

  /// Whether something is there, be it a link that leads nowhere.
  public func exists(_ path: String) throws(GtachError) -> Bool { try status(of: path) != nil }

  /// Where a symbolic link leads, as it is written.
  public func readLink(_ path: String) throws(GtachError) -> String {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = buffer.withUnsafeMutableBytes { buffer -> Int in
      guard let base = buffer.baseAddress else { return -1 }
      return Int(readlink(path, base.assumingMemoryBound(to: CChar.self), buffer.count))
    }
    guard count >= 0 else { throw Self.failure("cannot read the link \(path)", errno) }
    guard let target = String(validating: buffer[..<count], as: UTF8.self) else {
      throw GtachError(.inputOutput, "cannot read the link \(path)", reason: "it leads to a name that is not UTF-8")
    }
    return target
  }

  /// How many bytes this user may still write to the file system of a path.
  public func freeBytes(of path: String) throws(GtachError) -> Int {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { throw Self.failure("cannot look at the disk of \(path)", errno) }
    let (bytes, overflow) = UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
    return overflow ? Int.max : Int(clamping: bytes)
  }

  /// Makes a new, empty directory that only this user may enter.
  ///
  /// - Parameters:
  ///   - prefix: How its name begins.
  ///   - parent: Where; the system's place for such things where it is nil.
  public func temporaryDirectory(prefix: String, in parent: String? = nil) throws(GtachError) -> String {
    var place = "/tmp"
    if let parent {
      place = parent
    } else if let variable = getenv("TMPDIR"), variable.pointee == UInt8(ascii: "/") {
      place = String(cString: variable)
    }
    var template = Array("\(place)/\(prefix)XXXXXX".utf8CString)
    let path: String? = template.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress, let path = mkdtemp(base) else { return nil }
      return String(cString: path)
    }
    guard let path else { throw Self.failure("cannot make a directory in \(place)", errno) }
    return path
  }

  // MARK: Beneath

  /// Opens a regular file for reading, without waiting for anybody.
  static func openFile(_ path: String) throws(GtachError) -> (Descriptor, FileStatus) {
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else { throw failure("cannot read \(path)", errno) }
    let descriptor = Descriptor(owning: number)
    let status = try status(of: descriptor, path: path)
    guard status.kind == .file else {
      throw GtachError(
        .inputOutput, "cannot read \(path)", reason: "it is not a regular file", advice: "name a file")
    }
    return (descriptor, status)
  }

  /// Whether a path leads to a directory, links followed.
  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  static func status(of descriptor: Descriptor, path: String) throws(GtachError) -> FileStatus {
    var status = stat()
    guard fstat(descriptor.number, &status) == 0 else { throw failure("cannot look at \(path)", errno) }
    return try FileStatus(status)
  }

  /// Reads until there are `count` bytes or no more.
  static func readFully(_ descriptor: Descriptor, count: Int, path: String) throws(GtachError) -> [UInt8] {
    var failed: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      while initialized < count {
        let step = systemRead(descriptor.number, buffer.baseAddress.map { $0 + initialized }, count - initialized)
        if step == 0 { break }
        if step < 0 {
          if errno == EINTR { continue }
          failed = errno
          break
        }
        initialized += step
      }
    }
    guard failed == 0 else { throw failure("cannot read \(path)", failed) }
    return bytes
  }

  /// The names in an open directory, which is read from its start.
  static func names(in descriptor: Descriptor, called path: String) throws(GtachError) -> [String] {
    let duplicate = fcntl(descriptor.number, F_DUPFD_CLOEXEC, 0)
    guard duplicate >= 0 else { throw failure("cannot list \(path)", errno) }
    guard let stream = fdopendir(duplicate) else {
      let number = errno
      close(duplicate)
      throw failure("cannot list \(path)", number)
    }
    defer { closedir(stream) }
    rewinddir(stream)
    var names: [[UInt8]] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else { throw failure("cannot list \(path)", errno) }
        break
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
      if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
    }
    names.sort { $0.lexicographicallyPrecedes($1) }
    var texts: [String] = []
    for name in names {
      guard let text = String(validating: name, as: UTF8.self) else {
        throw GtachError(
          .inputOutput, "cannot list \(path)",
          reason: "the name \"\(String(decoding: name, as: UTF8.self))\" is not UTF-8", advice: "rename it")
      }
      texts.append(text)
    }
    return texts
  }

  static func failure(_ message: String, _ number: Int32) -> GtachError {
    let isRefused = number == EACCES || number == EPERM
    return GtachError.system(
      number == ENOENT ? .notFound : .inputOutput, message, errno: number,
      advice: isRefused ? "run gtach as the user whom it belongs to, or let this one: `ls -ld` shows who may" : nil)
  }

  private static func tooLong(_ path: String, _ maximumBytes: Int) -> GtachError {
    GtachError(
      .inputOutput, "cannot read \(path)", reason: "it is longer than \(maximumBytes) bytes",
      advice: "is it the right file?")
  }
}
