#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

extension FileSystem {
  /// Writes bytes at their place in a regular file that is there; it grows where they stand behind its end, and what is
  /// between takes no room. Several threads may write different places at once.
  ///
  /// - Throws: `ErrorCode.notFound` where there is no such file, `ErrorCode.diskFull`, `ErrorCode.inputOutput`: then
  ///   some of the bytes may be there.
  public func write(_ bytes: [UInt8], to path: String, offset: Int) throws(GtachError) {
    let number = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard number >= 0 else { throw Self.failure("cannot write \(path)", errno) }
    let descriptor = Descriptor(owning: number)
    let failed: Int32 = bytes.withUnsafeBytes { buffer in
      var written = 0
      while written < buffer.count {
        let step = pwrite(
          descriptor.number, buffer.baseAddress.map { $0 + written }, buffer.count - written, off_t(offset + written))
        if step < 0 {
          if errno == EINTR { continue }
          return errno
        }
        written += step
      }
      return 0
    }
    guard failed == 0 else { throw Self.failure("cannot write \(path)", failed) }
  }

  /// Gives a file another name; nothing where something has it already.
  ///
  /// - Throws: `ErrorCode.notFound` where there is no such file; `ErrorCode.diskFull`; `ErrorCode.inputOutput`, also
  ///   where the file system knows no hard links.
  public func makeHardLink(to file: String, at path: String) throws(GtachError) {
    guard link(file, path) == 0 || errno == EEXIST else { throw Self.failure("cannot make the link \(path)", errno) }
  }
}
