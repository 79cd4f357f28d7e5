import GtachModel

/// Writes a tar archive of files that are in memory, one after the other; what `ArchiveReader.readFiles` reads.
public final class FileArchiveWriter {
  private let writer: TarWriter
  private let sink: ([UInt8]) throws(GtachError) -> Void

  /// An archive without files yet.
  ///
  /// - Parameter sink: Takes the archive's bytes, a piece after the other.
  /// - Throws: `ErrorCode.busy` where the system is out of memory.
  public init(sink: @escaping ([UInt8]) throws(GtachError) -> Void) throws(GtachError) {
    writer = try TarWriter()
    self.sink = sink
  }

  /// Appends a file. Times and owners are the same for all.
  ///
  /// - Throws: `ErrorCode.archivePathUnsafe`, `ErrorCode.archiveInvalid` for a path that an archive may not have; what
  ///   the sink throws.
  public func append(_ path: String, _ bytes: [UInt8]) throws(GtachError) {
    _ = try MemberPath.components(path)
    try writer.beginFile(path, size: bytes.count)
    if !bytes.isEmpty { try writer.append(bytes) }
    try flush()
  }

  /// Writes the end mark; nothing may follow.
  ///
  /// - Throws: What the sink throws.
  public func finish() throws(GtachError) {
    try writer.close()
    try flush()
  }

  private func flush() throws(GtachError) {
    let bytes = writer.takeOutput()
    if !bytes.isEmpty { try sink(bytes) }
  }
}
