#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import CArchive
import GtachModel

/// libarchive's tar writer, which leaves what it wrote in a buffer.
final class TarWriter {
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
    describe(member.path, modified: modified)
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

  /// Starts a file that nobody executes, of the start of 1970.
  func beginFile(_ path: String, size: Int) throws(GtachError) {
    describe(path, modified: 0)
    setKind(S_IFREG, permissions: 0o644)
    archive_entry_set_size(entry, Int64(size))
    try check(archive_write_header(archive, entry))
  }

  private func describe(_ path: String, modified: Int64) {
    archive_entry_clear(entry)
    archive_entry_set_pathname(entry, path)
    archive_entry_set_mtime(entry, time_t(modified), 0)
    archive_entry_set_uid(entry, 0)
    archive_entry_set_gid(entry, 0)
    archive_entry_set_size(entry, 0)
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
