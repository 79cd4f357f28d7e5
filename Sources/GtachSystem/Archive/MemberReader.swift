#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import CArchive
import GtachModel

/// libarchive's reader: a member after the other.
final class MemberReader {
  struct Member {
    enum Kind {
      case file(isExecutable: Bool)
      case directory
      case symbolicLink(String)
      /// The same file as that of an earlier member's path.
      case hardLink(String)
    }
    let path: String
    let size: Int64
    let kind: Kind
  }

  private final class Input {
    let source: () throws(GtachError) -> [UInt8]?
    /// What libarchive reads in, until it asks for more.
    var buffer = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var isAtEnd = false
    var error: GtachError?

    init(source: @escaping () throws(GtachError) -> [UInt8]?) { self.source = source }

    deinit { buffer.deallocate() }

    func next() throws(GtachError) -> [UInt8]? {
      while !isAtEnd {
        guard let bytes = try source() else {
          isAtEnd = true
          break
        }
        if !bytes.isEmpty { return bytes }
      }
      return nil
    }

    func read(_ result: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
      do throws(GtachError) {
        guard let bytes = try next() else { return 0 }
        buffer.deallocate()
        buffer = .allocate(byteCount: bytes.count, alignment: 16)
        buffer.copyBytes(from: bytes)
        result?.pointee = UnsafeRawPointer(buffer.baseAddress)
        return bytes.count
      } catch {
        self.error = error
        return -1
      }
    }
  }

  /// libarchive's own state, for as long as this lives.
  private final class Handle {
    let pointer: OpaquePointer

    init() throws(GtachError) {
      guard let archive = archive_read_new() else {
        throw GtachError(.busy, "cannot read an archive", reason: "the system is out of memory")
      }
      pointer = archive
    }

    deinit { archive_read_free(pointer) }

    func check(_ status: Int32) throws(GtachError) {
      guard status == ARCHIVE_OK else {
        throw GtachError(
          .archiveInvalid, "the archive cannot be read",
          reason: archive_error_string(pointer).map { String(cString: $0) })
      }
    }

    func nextBlock() throws(GtachError) -> (bytes: [UInt8], offset: Int64)? {
      var start: UnsafeRawPointer?
      var count = 0
      var offset: Int64 = 0
      let status = archive_read_data_block(pointer, &start, &count, &offset)
      if status == ARCHIVE_EOF { return nil }
      try check(status)
      return (Array(UnsafeRawBufferPointer(start: start, count: count)), offset)
    }
  }

  private let handle: Handle
  private let input: Input
  /// What decompresses a tar that other tools made.
  private var decompressor: Handle?
  /// The names of an archive that other tools made.
  private var names: WrittenNames?
  /// The first member, where it was read to find out what the archive is.
  private var first: (status: Int32, entry: OpaquePointer?)?

  private var archive: OpaquePointer { handle.pointer }

  /// Reads one of gtach's own archives: a tar, and nothing else.
  ///
  /// - Parameter source: Gives the archive's bytes, a piece after the other, nil at its end.
  init(source: @escaping () throws(GtachError) -> [UInt8]?) throws(GtachError) {
    handle = try Handle()
    input = Input(source: source)
    try openTar()
  }

  private func openTar() throws(GtachError) {
    try check(archive_read_support_format_tar(archive))
    let context = Unmanaged.passUnretained(input).toOpaque()
    try check(
      archive_read_open(
        archive, context, nil,
        { _, context, result in
          guard let context else { return -1 }
          return Unmanaged<Input>.fromOpaque(context).takeUnretainedValue().read(result)
        }, nil))
  }

  /// Reads an archive that other tools made: a tar, compressed or not, or a zip.
  ///
  /// - Parameter file: Open for reading, at its start, for as long as this lives. A zip has its table at the end, so it
  ///   is no stream.
  convenience init(file: Descriptor, size: Int) throws(GtachError) {
    let zipNames = WrittenNames()
    ZipNames.note(in: file, size: size, into: zipNames)
    let outer = try Handle()
    // A filter that this libarchive does not have it would leave to a program of that name in PATH, with a warning.
    try outer.check(archive_read_support_filter_gzip(outer.pointer))
    try outer.check(archive_read_support_filter_bzip2(outer.pointer))
    try outer.check(archive_read_support_filter_xz(outer.pointer))
    try outer.check(archive_read_support_filter_zstd(outer.pointer))
    // What is no zip comes as the bytes that it is, in which the names of a tar can be read before libarchive does.
    try outer.check(archive_read_support_format_raw(outer.pointer))
    try outer.check(archive_read_support_format_zip_seekable(outer.pointer))
    try outer.check(archive_read_open_fd(outer.pointer, file.number, 262_144))
    // Each costs the memory of its dictionary, and nobody compresses twice.
    guard archive_filter_count(outer.pointer) <= 2 else {
      throw GtachError(.archiveInvalid, "the archive cannot be read", reason: "it is compressed more than once")
    }
    var entry: OpaquePointer?
    let status = archive_read_next_header(outer.pointer, &entry)
    if archive_format(outer.pointer) & ARCHIVE_FORMAT_BASE_MASK == ARCHIVE_FORMAT_ZIP {
      self.init(handle: outer, input: Input(source: { nil }))
      names = zipNames
      first = (status, entry)
      return
    }
    try outer.check(status)
    let tarNames = WrittenNames()
    var scanner = TarNames(into: tarNames)
    let input = Input(source: { () throws(GtachError) -> [UInt8]? in
      guard let block = try outer.nextBlock() else { return nil }
      scanner.scan(block.bytes)
      return block.bytes
    })
    self.init(handle: try Handle(), input: input)
    try openTar()
    decompressor = outer
    names = tarNames
  }

  private init(handle: Handle, input: Input) {
    self.handle = handle
    self.input = input
  }

  /// How many bytes of the archive were read, before they were decompressed.
  var bytesRead: Int64 { archive_filter_bytes((decompressor ?? handle).pointer, -1) }

  /// The next member; nil at the archive's end.
  func next() throws(GtachError) -> Member? {
    var next: OpaquePointer?
    var status: Int32
    if let first {
      (status, next) = first
      self.first = nil
    } else {
      status = archive_read_next_header(archive, &next)
    }
    if status == ARCHIVE_EOF { return nil }
    // A warning means that something could not be understood; what then comes is not what was packed.
    try check(status)
    guard let entry = next, let read = Self.text(archive_entry_pathname(entry)) else {
      throw GtachError(.archiveInvalid, "a member of the archive has no path, or one that is not UTF-8")
    }
    let path = names?.path(read) ?? read
    func unsupported(_ reason: String) -> GtachError {
      GtachError(.archiveMemberUnsupported, "the archive's member \"\(path)\" is not allowed", reason: reason)
    }
    if archive_entry_is_encrypted(entry) != 0 { throw unsupported("it is encrypted") }
    if archive_entry_hardlink(entry) != nil {
      guard let target = Self.text(archive_entry_hardlink(entry)) else {
        throw GtachError(.archiveInvalid, "the link \"\(path)\" of the archive leads to a name that is not UTF-8")
      }
      return Member(path: path, size: 0, kind: .hardLink(names?.link(target) ?? target))
    }
    let permissions = archive_entry_perm(entry)
    let kind: Member.Kind
    switch mode_t(archive_entry_filetype(entry)) {
    case S_IFREG:
      guard permissions & 0o6000 == 0 else { throw unsupported("it runs as another user or group") }
      guard archive_entry_sparse_count(entry) == 0 else { throw unsupported("it has holes") }
      kind = .file(isExecutable: permissions & 0o100 != 0)
    case S_IFDIR: kind = .directory
    case S_IFLNK:
      guard let target = Self.text(archive_entry_symlink(entry)) else {
        throw GtachError(.archiveInvalid, "the link \"\(path)\" of the archive leads to a name that is not UTF-8")
      }
      kind = .symbolicLink(names?.link(target) ?? target)
    case S_IFCHR, S_IFBLK: throw unsupported("it is a device")
    case S_IFIFO: throw unsupported("it is a named pipe")
    default: throw unsupported("it is neither a file nor a directory nor a symbolic link")
    }
    return Member(path: path, size: archive_entry_size(entry), kind: kind)
  }

  /// The next bytes of a file, and where in it they belong; nil at its end.
  func nextBlock() throws(GtachError) -> (bytes: [UInt8], offset: Int64)? {
    do throws(GtachError) {
      return try handle.nextBlock()
    } catch {
      throw input.error ?? error
    }
  }

  /// Asks for what follows the archive's end mark, so that whoever hashes the source sees all of it.
  func drain() throws(GtachError) {
    while try input.next() != nil {}
  }

  private func check(_ status: Int32) throws(GtachError) {
    if let error = input.error { throw error }
    try handle.check(status)
  }

  private static func text(_ bytes: UnsafePointer<CChar>?) -> String? {
    bytes.flatMap { String(validatingCString: $0) }
  }
}
