import GtachModel

/// A file, directory or link that belongs into an archive.
public struct ArchiveMember: Hashable, Sendable {
  /// Its path relative to the root.
  public let path: String
  /// What the kernel said of it when it was found.
  public let status: FileStatus
  /// Where it leads, for a symbolic link.
  public let linkTarget: String?
}

/// Walks a directory that is to be packed.
public enum SourceTree {
  /// All members of a tree, each directory before what is in it, names in the order of their bytes: the same on every
  /// machine, whatever order the file system has.
  ///
  /// - Parameters:
  ///   - root: The directory, which is no member itself.
  ///   - isExcluded: Asked for each path relative to the root, and whether it is a directory; what lies in an excluded
  ///     directory is not looked at.
  /// - Throws: `ErrorCode.archiveMemberUnsupported` for devices, sockets, pipes and programs that change the user;
  ///   `ErrorCode.archivePathUnsafe` for links out of the tree; `ErrorCode.archiveInvalid` for a tree too large or too
  ///   deep; `ErrorCode.notFound`, `ErrorCode.inputOutput`.
  public static func members(
    of root: String, isExcluded: (_ path: String, _ isDirectory: Bool) -> Bool
  ) throws(GtachError) -> [ArchiveMember] {
    var members: [ArchiveMember] = []
    try walk(root, below: "", into: &members, isExcluded)
    return members
  }

  private static func walk(
    _ root: String, below parent: String, into members: inout [ArchiveMember],
    _ isExcluded: (_ path: String, _ isDirectory: Bool) -> Bool
  ) throws(GtachError) {
    let files = FileSystem()
    for name in try files.list(parent.isEmpty ? root : "\(root)/\(parent)") {
      let path = parent.isEmpty ? name : "\(parent)/\(name)"
      guard let status = try files.status(of: "\(root)/\(path)") else {
        throw GtachError(
          .busy, "\"\(path)\" vanished while the tree was read", advice: "pack again when nobody changes the tree")
      }
      if isExcluded(path, status.kind == .directory) { continue }
      _ = try MemberPath.components(path)
      guard members.count < ArchiveLimits.maximumMembers else {
        throw GtachError(.archiveInvalid, "\(root) has more than \(ArchiveLimits.maximumMembers) files")
      }
      switch status.kind {
      case .file:
        guard status.permissions & 0o6000 == 0 else {
          throw unsupported(path, "it runs as another user or group (its set-user-ID or set-group-ID bit is set)")
        }
        members.append(ArchiveMember(path: path, status: status, linkTarget: nil))
      case .directory:
        members.append(ArchiveMember(path: path, status: status, linkTarget: nil))
        try walk(root, below: path, into: &members, isExcluded)
      case .symbolicLink:
        let target = try files.readLink("\(root)/\(path)")
        try MemberPath.checkLink(path, to: target)
        members.append(ArchiveMember(path: path, status: status, linkTarget: target))
      case .characterDevice, .blockDevice: throw unsupported(path, "it is a device")
      case .socket: throw unsupported(path, "it is a socket")
      case .pipe: throw unsupported(path, "it is a named pipe")
      }
    }
  }

  private static func unsupported(_ path: String, _ reason: String) -> GtachError {
    GtachError(
      .archiveMemberUnsupported, "\"\(path)\" cannot be packed", reason: reason, advice: "remove it or exclude it")
  }
}
