import GtachModel

/// A regular file that is read piece by piece.
public final class InputFile {
  /// Its length in bytes when it was opened.
  public let size: Int
  private let path: String
  private let descriptor: Descriptor

  /// Opens a file.
  ///
  /// - Throws: `ErrorCode.notFound`; `ErrorCode.inputOutput` also for anything that is not a regular file.
  public init(_ path: String) throws(GtachError) {
    let (descriptor, status) = try FileSystem.openFile(path)
    self.path = path
    self.descriptor = descriptor
    size = status.size
  }

  /// Up to `count` bytes more; none at its end.
  ///
  /// - Throws: `ErrorCode.inputOutput`.
  public func read(_ count: Int) throws(GtachError) -> [UInt8] {
    try FileSystem.readFully(descriptor, count: count, path: path)
  }
}
