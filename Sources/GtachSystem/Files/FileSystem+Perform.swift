#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import CSystem
import GtachModel

extension FileSystem {
  /// Carries out operations one after the other, and stops at the first that fails.
  public func perform(_ operations: [FileOperation]) throws(GtachError) {
    for operation in operations { try perform(operation) }
  }

  /// Carries out one operation.
  public func perform(_ operation: FileOperation) throws(GtachError) {
    switch operation {
    case .makeDirectory(let path): try makeDirectory(path)
    case .write(let path, let bytes, let permissions): try write(bytes, to: path, permissions: permissions)
    case .rename(let from, let to):
      guard rename(from, to) == 0 else { throw Self.failure("cannot rename \(from) to \(to)", errno) }
    case .makeSymbolicLink(let path, let target):
      guard symlink(target, path) == 0 else { throw Self.failure("cannot make the link \(path)", errno) }
    case .remove(let path): try TreeRemoval.remove(path)
    case .takeOwner(let model, let path): try takeOwner(of: model, for: path)
    case .makeReadOnly(let path): try TreeProtection.protect(path)
    case .carryOver(let from, let to, let except): try carryOver(from, to: to, except: except)
    case .setAside(let from, let to): try setAside(from, to: to)
    case .replace(let path, let other): try replace(path, by: other)
    case .syncFile(let path), .syncDirectory(let path): try sync(path)
    case .syncFileSystem(let path): try syncFileSystem(of: path)
    }
  }

  private func makeDirectory(_ path: String) throws(GtachError) {
    if mkdir(path, 0o777) == 0 { return }
    let number = errno
    if number == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeDirectory(String(path[..<slash]))
      if mkdir(path, 0o777) == 0 { return }
      if errno != EEXIST { throw Self.failure("cannot make the directory \(path)", errno) }
    } else if number != EEXIST {
      throw Self.failure("cannot make the directory \(path)", number)
    }
    // What is there may also be a link to a directory: an operator may keep a store on another disk.
    var status = stat()
    guard stat(path, &status) == 0 else { throw Self.failure("cannot make the directory \(path)", errno) }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw GtachError(.inputOutput, "cannot make the directory \(path)", reason: "a file is in the way")
    }
  }

  private func write(_ bytes: [UInt8], to path: String, permissions: UInt16) throws(GtachError) {
    let mode = mode_t(permissions)
    let number = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode)
    guard number >= 0 else { throw Self.failure("cannot write \(path)", errno) }
    let descriptor = Descriptor(owning: number)
    do throws(GtachError) {
      // The umask took bits away from those of a new file, and an old one has its own.
      guard fchmod(number, mode) == 0 else { throw Self.failure("cannot write \(path)", errno) }
      try Self.writeFully(bytes[...], to: descriptor, path: path)
    } catch {
      // Half a file helps nobody, and holds on to room on a disk that may have none left.
      if try Self.status(of: descriptor, path: path).kind == .file { unlink(path) }
      throw error
    }
  }

  /// Writes all of the bytes.
  static func writeFully(
    _ bytes: ArraySlice<UInt8>, to descriptor: Descriptor, path: String
  ) throws(GtachError) {
    let failed: Int32 = bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let step = systemWrite(descriptor.number, buffer.baseAddress.map { $0 + written }, buffer.count - written)
        if step < 0 {
          if errno == EINTR { continue }
          return errno
        }
        written += step
      }
      return 0
    }
    guard failed == 0 else { throw failure("cannot write \(path)", failed) }
  }

  private func sync(_ path: String) throws(GtachError) {
    let descriptor = try openToSync(path)
    guard flush(descriptor) else { throw Self.failure("cannot bring \(path) onto the disk", errno) }
  }

  private func syncFileSystem(of path: String) throws(GtachError) {
    let descriptor = try openToSync(path)
    #if canImport(Darwin)
      // There is no syncfs: sync(2) starts the writing of everything, and the full flush waits for the drive.
      Darwin.sync()
      let done = flush(descriptor)
    #else
      let done = gtach_syncfs(descriptor.number) == 0
    #endif
    guard done else { throw Self.failure("cannot bring the files of \(path) onto the disk", errno) }
  }

  private func openToSync(_ path: String) throws(GtachError) -> Descriptor {
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard number >= 0 else { throw Self.failure("cannot bring \(path) onto the disk", errno) }
    return Descriptor(owning: number)
  }

  private func flush(_ descriptor: Descriptor) -> Bool {
    #if canImport(Darwin)
      // fsync(2) leaves the bytes in the drive's cache there; not every file system knows F_FULLFSYNC.
      if fcntl(descriptor.number, F_FULLFSYNC) == 0 { return true }
    #endif
    return fsync(descriptor.number) == 0
  }
}

// Inside a type with methods of the same names, the functions of C need another.
func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
  read(descriptor, buffer, count)
}

func systemWrite(_ descriptor: Int32, _ buffer: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, buffer, count)
}
