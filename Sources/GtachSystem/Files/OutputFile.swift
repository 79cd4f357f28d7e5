#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// A file that is written piece by piece and has its name when it is whole, or never: until then it is a hidden one
/// beside it, which goes with the last reference. Where a symbolic link is in its place, it is what that leads to.
public final class OutputFile {
  /// What it will be called.
  public let path: String
  private let temporary: String
  private let directory: String
  private let descriptor: Descriptor
  private var isCommitted = false

  /// Begins a file, in a directory that is there.
  ///
  /// - Throws: `ErrorCode.inputOutput` also where anything but a regular file is in its way; `ErrorCode.notFound` where
  ///   there is no such directory; `ErrorCode.diskFull`.
  public init(_ requested: String) throws(GtachError) {
    let path = try Self.target(of: requested)
    let slash = path.lastIndex(of: "/")
    let name = slash.map { path[path.index(after: $0)...] } ?? path[...]
    directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    if name.isEmpty || FileSystem.isDirectory(path) {
      throw GtachError(.inputOutput, "cannot write \(path)", reason: "it is a directory", advice: "name a file")
    }
    if let kind = try FileSystem().kind(of: path), kind != .file {
      throw GtachError(
        .inputOutput, "cannot write \(path)", reason: "it is no regular file",
        advice: "name a file that may be replaced")
    }
    self.path = path
    temporary = "\(directory)/.\(name.prefix(100)).\(Hexadecimal.encode(SystemRandom.bytes(6)))"
    let number = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
    guard number >= 0 else { throw FileSystem.failure("cannot write \(path)", errno) }
    descriptor = Descriptor(owning: number)
  }

  /// What symbolic links lead to in the end, be it there or not.
  private static func target(of name: String) throws(GtachError) -> String {
    var path = name
    for _ in 0..<maximumLinks {
      guard try FileSystem().kind(of: path) == .symbolicLink else { return path }
      let link = try FileSystem().readLink(path)
      let parent = path.lastIndex(of: "/").map { path[...$0] } ?? ""
      path = link.hasPrefix("/") ? link : parent + link
    }
    throw GtachError(.inputOutput, "cannot write \(name)", reason: "too many symbolic links lead from it")
  }

  /// As many as Linux follows (path_resolution(7)).
  private static let maximumLinks = 40

  deinit { if !isCommitted { unlink(temporary) } }

  /// Writes more.
  ///
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public func append(_ bytes: [UInt8]) throws(GtachError) {
    try FileSystem.writeFully(bytes[...], to: descriptor, path: path)
  }

  /// Gives the file its name, when all of it is on the disk. What had the name before is gone.
  ///
  /// - Throws: `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public func commit() throws(GtachError) {
    try FileSystem().perform([
      .syncFile(temporary), .rename(from: temporary, to: path), .syncDirectory(directory),
    ])
    isCommitted = true
  }
}
