#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// A file with an archive that other tools made: a tar, which gzip, bzip2, xz or zstd may have compressed, or a zip.
///
/// What it unpacks to is a tree that `SourceTree` walks like any other, so its own order, times and owners do not
/// matter. Memory is bounded by libarchive's limits for the dictionaries of its filters, the disk by `ArchiveLimits`.
public final class ForeignArchive {
  private let path: String
  private let file: Descriptor
  private let status: FileStatus
  private let maximumMembers: Int
  /// How long each file is that was unpacked, as a hard link may lead to it; by the bytes of its path, as two strings may
  /// be equal and not the same name.
  private var sizes: [[UInt8]: Int64] = [:]
  /// The directories that were made, for what an archive names is not all that it takes; by the bytes of their paths.
  private var directories: Set<[UInt8]> = []
  private var unpackedBytes: Int64 = 0

  /// Its length in bytes.
  public var size: Int { status.size }

  /// Opens an archive.
  ///
  /// - Parameter maximumMembers: The most files and directories that it may unpack to.
  /// - Throws: `ErrorCode.notFound`; `ErrorCode.inputOutput` also for anything that is not a regular file.
  public init(_ path: String, maximumMembers: Int = ArchiveLimits.maximumMembers) throws(GtachError) {
    self.path = path
    self.maximumMembers = maximumMembers
    (file, status) = try FileSystem.openFile(path)
  }

  /// Unpacks it, once. Files get the permissions 0644 or 0755, a hard link becomes another name of its file. What was
  /// unpacked before an error stays: the directory is the caller's to remove.
  ///
  /// - Parameters:
  ///   - directory: Where, an empty directory.
  ///   - progress: Told how many bytes of the archive are read; may throw to end it.
  /// - Returns: Whether the archive names its root, as `tar -C DIR .` does.
  /// - Throws: `ErrorCode.archivePathUnsafe`, `ErrorCode.archiveMemberUnsupported` and `ErrorCode.archiveInvalid` as
  ///   `ArchiveReader.extract` does, the last also for one that unpacks to more than `ArchiveLimits` allow;
  ///   `ErrorCode.busy` where the file changes meanwhile; `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public func unpack(
    into directory: String, progress: (Int) throws(GtachError) -> Void = { _ in }
  ) throws(GtachError) -> Bool {
    let locale = try NameLocale()
    defer { withExtendedLifetime(locale) {} }
    let tree = try ExtractedTree(directory: directory)
    let reader: MemberReader
    do throws(GtachError) {
      reader = try MemberReader(file: file, size: status.size)
    } catch {
      throw GtachError(
        error.code, "\(path) cannot be read as an archive", reason: error.reason ?? error.message,
        advice: "name a directory, a tar (plain, or of gzip, bzip2, xz or zstd), a zip or a wheel")
    }
    var namesRoot = false
    do throws(GtachError) {
      try ArchiveReader.forEachMember(of: reader) { (member, components) throws(GtachError) in
        try progress(min(size, Int(reader.bytesRead)))
        if components.isEmpty, case .directory = member.kind { namesRoot = true }
        try unpack(member, components, from: reader, into: tree) { () throws(GtachError) in
          try progress(min(size, Int(reader.bytesRead)))
        }
      }
    } catch {
      throw named(error)
    }
    guard try FileSystem.status(of: file, path: path) == status else {
      throw GtachError(.busy, "\(path) changed while it was packed", advice: "pack again when nobody changes it")
    }
    return namesRoot
  }

  /// An error of what is in it, with its own name and what to do.
  private func named(_ error: GtachError) -> GtachError {
    let advice: String
    switch error.code {
    case .archiveInvalid: advice = "is all of it there? Make or copy it again, or unpack it and pack the directory"
    case .archiveMemberUnsupported, .archivePathUnsafe:
      advice = "make it without that, or unpack it and pack the directory"
    default: return error
    }
    let message = error.message.hasPrefix(path) ? error.message : "\(path): \(error.message)"
    return GtachError(error.code, message, reason: error.reason, advice: error.advice ?? advice)
  }

  private func unpack(
    _ member: MemberReader.Member, _ components: [String], from reader: MemberReader, into tree: ExtractedTree,
    progress: () throws(GtachError) -> Void
  ) throws(GtachError) {
    try countDirectories(around: components, of: member)
    switch member.kind {
    case .directory: try tree.makeDirectory(components)
    case .symbolicLink(let target):
      try MemberPath.checkLink(member.path, to: target)
      try tree.makeSymbolicLink(components, to: target)
    case .file(let isExecutable):
      let file = try tree.makeFile(components)
      try ArchiveReader.write(member, isExecutable: isExecutable, from: reader, to: file) {
        (bytes) throws(GtachError) in
        try progress()
        try count(Int64(bytes), of: member)
      }
      sizes[Array(components.joined(separator: "/").utf8)] = member.size
    case .hardLink(let target):
      let original = try MemberPath.components(target)
      guard let size = sizes[Array(original.joined(separator: "/").utf8)] else {
        throw GtachError(
          .archiveInvalid, "the archive's member \"\(member.path)\" is a hard link to no file before it",
          reason: "it leads to \"\(target)\"")
      }
      // On the disk it costs nothing, in the release as much as the file.
      try count(size, of: member)
      try tree.makeHardLink(components, to: original)
      sizes[Array(components.joined(separator: "/").utf8)] = size
    }
  }

  /// Counts the directories that a member brings along: a short archive may name very many by their paths alone.
  private func countDirectories(
    around components: [String], of member: MemberReader.Member
  ) throws(GtachError) {
    let others = if case .directory = member.kind { 0 } else { 1 }
    var count = components.count - others
    while count > 0, directories.insert(Array(components[..<count].joined(separator: "/").utf8)).inserted { count -= 1 }
    guard directories.count + sizes.count + others <= maximumMembers else {
      throw GtachError(
        .archiveInvalid, "\(path) unpacks to more than \(maximumMembers) files and directories",
        reason: "at \"\(member.path)\"")
    }
  }

  /// Counts what the tree grows by.
  private func count(_ bytes: Int64, of member: MemberReader.Member) throws(GtachError) {
    let most = max(Int64(ArchiveLimits.unpackedBytes), Int64(size) * Int64(ArchiveLimits.unpackedRatio))
    unpackedBytes += bytes
    guard unpackedBytes <= most else {
      throw GtachError(
        .archiveInvalid, "\(path) unpacks to far more than its own length",
        reason: "it has \(Quantity.bytes(size)), and at \"\(member.path)\" it has unpacked to more than "
          + "\(Quantity.bytes(Int(most)))",
        advice: "if that is as it should be, unpack it and pack the directory")
    }
  }
}

/// Makes this thread's names UTF-8 for as long as it lives: libarchive translates those of pax and zip, which are, to
/// the locale's, and in the locale that a process starts with there are no letters but those of ASCII.
private final class NameLocale {
  #if canImport(Darwin)
    private static let charactersOnly = LC_CTYPE_MASK
  #else
    // What LC_CTYPE_MASK is, a macro that Swift does not see.
    private static let charactersOnly: Int32 = 1 << LC_CTYPE
  #endif
  private let locale: locale_t
  private let previous: locale_t?

  init() throws(GtachError) {
    for name in ["C.UTF-8", "en_US.UTF-8"] {
      guard let locale = newlocale(Self.charactersOnly, name, nil) else { continue }
      self.locale = locale
      previous = uselocale(locale)
      return
    }
    throw GtachError(
      .inputOutput, "names in archives cannot be read", reason: "the system has no locale with UTF-8",
      advice: "unpack the archive and pack the directory")
  }

  deinit {
    uselocale(previous)
    freelocale(locale)
  }
}
