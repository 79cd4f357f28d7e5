#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import CArchive
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
      throw reason == ENOENT ? changed : FileSystem.failure("cannot read \(path)", reason)
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

/// libarchive's tar writer, which leaves what it wrote in a buffer.
private final class TarWriter {
  private final class Output {
    var bytes: [UInt8] = []
  }

  private let archive: OpaquePointer
  private let entry: OpaquePointer
  private let output = Output()

  init() throws(GtachError) {
    guard let archive = archive_write_new(), let entry = archive_entry_new() else {
      throw GtachError(.busy, "cannot write an archive", reason: "the system is out of memory")
    }
    self.archive = archive
    self.entry = entry
    try check(archive_write_set_format_gnutar(archive))
    try check(archive_write_add_filter_none(archive))
    try check(archive_write_set_bytes_per_block(archive, 65_536))
    // No padding after the end mark.
    try check(archive_write_set_bytes_in_last_block(archive, 1))
    let context = Unmanaged.passUnretained(output).toOpaque()
    try check(
      archive_write_open(
        archive, context, nil,
        { _, context, buffer, count in
          guard let context else { return -1 }
          let output = Unmanaged<Output>.fromOpaque(context).takeUnretainedValue()
          output.bytes += UnsafeRawBufferPointer(start: buffer, count: count)
          return count
        }, nil))
  }

  deinit {
    archive_entry_free(entry)
    archive_write_free(archive)
  }

  /// Starts a member; the size is that of a file's bytes, which follow.
  func begin(_ member: ArchiveMember, size: Int, modified: Int64) throws(GtachError) {
    archive_entry_clear(entry)
    archive_entry_set_pathname(entry, member.path)
    archive_entry_set_mtime(entry, time_t(modified), 0)
    archive_entry_set_uid(entry, 0)
    archive_entry_set_gid(entry, 0)
    archive_entry_set_size(entry, 0)
    switch member.status.kind {
    case .directory: setKind(S_IFDIR, permissions: 0o755)
    case .symbolicLink:
      setKind(S_IFLNK, permissions: 0o777)
      archive_entry_set_symlink(entry, member.linkTarget)
    default:
      setKind(S_IFREG, permissions: member.status.permissions & 0o100 != 0 ? 0o755 : 0o644)
      archive_entry_set_size(entry, Int64(size))
    }
    try check(archive_write_header(archive, entry))
  }

  private func setKind(_ kind: mode_t, permissions: mode_t) {
    archive_entry_set_filetype(entry, UInt32(kind))
    archive_entry_set_perm(entry, permissions)
  }

  func append(_ bytes: [UInt8]) throws(GtachError) {
    let count = bytes.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
    guard count == bytes.count else { throw failure() }
  }

  func close() throws(GtachError) { try check(archive_write_close(archive)) }

  func takeOutput() -> [UInt8] {
    defer { output.bytes = [] }
    return output.bytes
  }

  private func check(_ status: Int32) throws(GtachError) {
    guard status == ARCHIVE_OK else { throw failure() }
  }

  private func failure() -> GtachError {
    GtachError(
      .archiveInvalid, "the archive cannot be written",
      reason: archive_error_string(archive).map { String(cString: $0) })
  }
}
