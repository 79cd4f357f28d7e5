#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// Writes a tree as a tar archive of which every byte follows from the names, the contents, the links and who may
/// execute what: not from owners, times, the umask, the locale, or the order in which a directory lists its files.
///
/// GNU's tar format, because its long names are plain bytes in fixed headers; pax would write them in the character set
/// that the locale says.
public enum ArchiveWriter {
  /// Writes an archive.
  ///
  /// - Parameters:
  ///   - tree: The directory that the members are relative to.
  ///   - members: What `SourceTree.members` found.
  ///   - replacements: What files hold in the archive instead of what they hold on the disk, by path.
  ///   - modified: The time of every member, in seconds since 1970: SOURCE_DATE_EPOCH, or 0.
  ///   - sink: Takes the archive's bytes, a piece after the other.
  /// - Throws: `ErrorCode.busy` where a file changed since it was found, or while it is read; what `sink` throws;
  ///   `ErrorCode.inputOutput`, `ErrorCode.notFound`.
  public static func write(
    tree: String, members: [ArchiveMember], replacements: [String: [UInt8]] = [:], modified: Int64 = 0,
    sink: ([UInt8]) throws(GtachError) -> Void
  ) throws(GtachError) {
    let writer = try TarWriter()
    for member in members {
      let replacement = member.status.kind == .file ? replacements[member.path] : nil
      try writer.begin(member, size: replacement?.count ?? member.status.size, modified: modified)
      if let replacement {
        if !replacement.isEmpty { try writer.append(replacement) }
      } else if member.status.kind == .file {
        try write(member, of: tree, to: writer, sink: sink)
      }
      try flush(writer, to: sink)
    }
    try writer.close()
    try flush(writer, to: sink)
  }

  private static func write(
    _ member: ArchiveMember, of tree: String, to writer: TarWriter, sink: ([UInt8]) throws(GtachError) -> Void
  ) throws(GtachError) {
    let path = "\(tree)/\(member.path)"
    let changed = GtachError(
      .busy, "\"\(member.path)\" changed while it was packed", advice: "pack again when nobody changes the tree")
    let number = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard number >= 0 else {
      let reason = errno
      // It is gone, or a link now, or what was a directory above it is none any more.
      let isAnother = [ENOENT, ELOOP, ENOTDIR].contains(reason)
      throw isAnother ? changed : FileSystem.failure("cannot read \(path)", reason)
    }
    let file = Descriptor(owning: number)
    guard try FileSystem.status(of: file, path: path) == member.status else { throw changed }
    var remaining = member.status.size
    while remaining > 0 {
      let bytes = try FileSystem.readFully(file, count: min(remaining, 262_144), path: path)
      guard !bytes.isEmpty else { throw changed }
      try writer.append(bytes)
      try flush(writer, to: sink)
      remaining -= bytes.count
    }
    guard try FileSystem.status(of: file, path: path) == member.status else { throw changed }
  }

  private static func flush(
    _ writer: TarWriter, to sink: ([UInt8]) throws(GtachError) -> Void
  ) throws(GtachError) {
    let bytes = writer.takeOutput()
    if !bytes.isEmpty { try sink(bytes) }
  }
}
