#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#else
  #error("unsupported platform")
#endif
import GtachModel

/// Unpacks a tar archive into a directory, and nothing outside of it, whatever the archive says.
public enum ArchiveReader {
  /// Unpacks an archive. Owners and times in it are ignored; files get the permissions 0644 or 0755, directories 0755,
  /// whatever the umask. What was unpacked before an error stays: the directory is the caller's to remove.
  ///
  /// - Parameters:
  ///   - source: Gives the archive's bytes, a piece after the other, nil at its end. It is asked until then.
  ///   - directory: Where, an empty directory. The caller brings it onto the disk.
  /// - Throws: `ErrorCode.archivePathUnsafe` for a member or link that leaves the directory;
  ///   `ErrorCode.archiveMemberUnsupported` for anything but files, directories and symbolic links;
  ///   `ErrorCode.archiveInvalid` for anything but a tar archive within `ArchiveLimits`; what `source` throws;
  ///   `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  public static func extract(
    source: @escaping () throws(GtachError) -> [UInt8]?, into directory: String
  ) throws(GtachError) {
    let reader = try MemberReader(source: source)
    let tree = try ExtractedTree(directory: directory)
    try forEachMember(of: reader) { (member, components) throws(GtachError) in
      switch member.kind {
      case .directory: try tree.makeDirectory(components)
      case .symbolicLink(let target):
        try MemberPath.checkLink(member.path, to: target)
        try tree.makeSymbolicLink(components, to: target)
      case .file(let isExecutable):
        try write(member, isExecutable: isExecutable, from: reader, to: tree.makeFile(components))
      case .hardLink(let target):
        _ = try MemberPath.components(target)
        throw GtachError(
          .archiveMemberUnsupported, "the archive's member \"\(member.path)\" is not allowed",
          reason: "it is a hard link")
      }
    }
    try reader.drain()
  }

  /// Calls the body with each member and the components of its path, which is a safe one.
  static func forEachMember(
    of reader: MemberReader, _ body: (MemberReader.Member, [String]) throws(GtachError) -> Void
  ) throws(GtachError) {
    var count = 0
    while let member = try reader.next() {
      count += 1
      guard count <= ArchiveLimits.maximumMembers else {
        throw GtachError(.archiveInvalid, "the archive has more than \(ArchiveLimits.maximumMembers) members")
      }
      try body(member, MemberPath.components(member.path))
    }
  }

  /// Writes a file's bytes and its permissions.
  ///
  /// - Parameter willWrite: Told how many bytes come next.
  static func write(
    _ member: MemberReader.Member, isExecutable: Bool, from reader: MemberReader, to file: Descriptor,
    willWrite: (Int) throws(GtachError) -> Void = { _ in }
  ) throws(GtachError) {
    let lies = GtachError(.archiveInvalid, "the archive's member \"\(member.path)\" is not as long as it says")
    var written: Int64 = 0
    while let (block, offset) = try reader.nextBlock() {
      // A file with holes would grow beyond the archive's own bytes.
      guard offset == written else {
        throw GtachError(.archiveMemberUnsupported, "the archive's member \"\(member.path)\" has holes")
      }
      written += Int64(block.count)
      guard written <= member.size else { throw lies }
      try willWrite(block.count)
      try FileSystem.writeFully(block[...], to: file, path: member.path)
    }
    guard written == member.size else { throw lies }
    guard fchmod(file.number, isExecutable ? 0o755 : 0o644) == 0 else {
      throw FileSystem.failure("cannot write \(member.path)", errno)
    }
  }

  /// What an archive has, by path; nothing is written. What is no directory, file or symbolic link is refused, as
  /// `extract` does.
  ///
  /// - Parameter hash: Hashes the files.
  /// - Throws: As `extract` does.
  public static func entries(
    source: @escaping () throws(GtachError) -> [UInt8]?, hashing hash: SHA256Stream
  ) throws(GtachError) -> [String: TreeEntry] {
    let reader = try MemberReader(source: source)
    var entries: [String: TreeEntry] = [:]
    try forEachMember(of: reader) { (member, components) throws(GtachError) in
      let path = components.joined(separator: "/")
      switch member.kind {
      case .directory: if !path.isEmpty { entries[path] = .directory(permissions: 0o755) }
      case .symbolicLink(let target): entries[path] = .link(to: target)
      case .file(let isExecutable):
        while let (block, _) = try reader.nextBlock() { hash.update(block) }
        entries[path] = .file(hash.finish(), permissions: isExecutable ? 0o755 : 0o644)
      case .hardLink:
        throw GtachError(
          .archiveMemberUnsupported, "the archive's member \"\(member.path)\" is not allowed",
          reason: "it is a hard link")
      }
    }
    try reader.drain()
    return entries
  }

  /// Reads an archive that holds nothing but files, a whole file at a time, and writes nothing.
  ///
  /// - Parameters:
  ///   - source: Gives the archive's bytes, a piece after the other, nil at its end.
  ///   - maximumBytes: How long the file of a path may be; throws where no such file belongs here. The path is as
  ///     safe as that of `extract`.
  ///   - take: Takes a file.
  /// - Throws: As `extract` does, and what the closures throw; `ErrorCode.archiveMemberUnsupported` also for
  ///   directories and links; `ErrorCode.archiveInvalid` for a file that is longer than it may be.
  public static func readFiles(
    source: @escaping () throws(GtachError) -> [UInt8]?, maximumBytes: (String) throws(GtachError) -> Int,
    take: (String, [UInt8]) throws(GtachError) -> Void
  ) throws(GtachError) {
    let reader = try MemberReader(source: source)
    try forEachMember(of: reader) { (member, _) throws(GtachError) in
      guard case .file = member.kind else {
        throw GtachError(
          .archiveMemberUnsupported, "the archive's member \"\(member.path)\" is not allowed", reason: "it is no file")
      }
      let most = try maximumBytes(member.path)
      guard member.size <= most else {
        throw GtachError(
          .archiveInvalid, "the archive's member \"\(member.path)\" is too long",
          reason: "\(member.size) bytes instead of at most \(most)")
      }
      var bytes: [UInt8] = []
      while let (block, offset) = try reader.nextBlock() {
        guard offset == Int64(bytes.count), bytes.count + block.count <= most else {
          throw GtachError(.archiveInvalid, "the archive's member \"\(member.path)\" is not as long as it says")
        }
        bytes += block
      }
      guard bytes.count == member.size else {
        throw GtachError(.archiveInvalid, "the archive's member \"\(member.path)\" is not as long as it says")
      }
      try take(member.path, bytes)
    }
  }
}
