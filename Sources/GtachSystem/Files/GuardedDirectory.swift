#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// A directory of a user who is not trusted, read by one who may do more. Every step from its root downwards is opened
/// on its own and without following links, and only regular files are read, each once: nothing that the owner changes
/// meanwhile leads elsewhere. What is in the files is for the reader to verify.
public final class GuardedDirectory: Sendable {
  /// The directory.
  public let path: String
  /// The number of the user whose it is.
  public let owner: UInt32
  private let root: Descriptor

  /// Opens a directory, which is no link. Those above it are trusted.
  ///
  /// - Throws: `ErrorCode.notFound`, `ErrorCode.inputOutput`.
  public init(path: String) throws(GtachError) {
    let number = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard number >= 0 else { throw FileSystem.failure("cannot open the directory \(path)", errno) }
    root = Descriptor(owning: number)
    self.path = path
    var status = stat()
    guard fstat(number, &status) == 0 else { throw FileSystem.failure("cannot look at \(path)", errno) }
    owner = status.st_uid
  }

  /// The bytes of a regular file.
  ///
  /// - Parameter names: The names that lead to it.
  /// - Throws: `ErrorCode.notFound`; `ErrorCode.inputOutput` also for more than `maximumBytes`, for a link on the way,
  ///   and for anything but a regular file.
  public func read(_ names: [String], maximumBytes: Int) throws(GtachError) -> [UInt8] {
    let path = text(names)
    // A pipe that nobody writes to must not hold anybody up.
    let file = try descend(names, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    let status = try FileSystem.status(of: file, path: path)
    guard status.kind == .file else {
      throw GtachError(.inputOutput, "cannot read \(path)", reason: "it is not a regular file")
    }
    let bytes = try FileSystem.readFully(file, count: min(status.size, maximumBytes) + 1, path: path)
    guard bytes.count <= maximumBytes, bytes.count <= status.size else {
      throw GtachError(.inputOutput, "cannot read \(path)", reason: "it is longer than it may be, or grows")
    }
    return bytes
  }

  /// The names in a directory, sorted by their bytes.
  ///
  /// - Throws: `ErrorCode.notFound`, `ErrorCode.inputOutput`.
  public func list(_ names: [String]) throws(GtachError) -> [String] {
    try FileSystem.names(in: try descend(names, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), called: text(names))
  }

  private func descend(_ names: [String], _ flags: Int32) throws(GtachError) -> Descriptor {
    var place = root
    for (position, name) in names.enumerated() {
      guard !name.isEmpty, name != ".", name != "..", !name.contains("/"), !name.utf8.contains(0) else {
        throw GtachError(.inputOutput, "cannot open \(text(names))", reason: "\"\(name)\" is no name of a file")
      }
      let isLast = position == names.count - 1
      let number = openat(
        place.number, name, (isLast ? flags : O_RDONLY | O_DIRECTORY | O_NOFOLLOW) | O_CLOEXEC)
      guard number >= 0 else { throw FileSystem.failure("cannot open \(text(names))", errno) }
      place = Descriptor(owning: number)
    }
    return place
  }

  private func text(_ names: [String]) -> String { ([path] + names).joined(separator: "/") }
}
