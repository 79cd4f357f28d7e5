import GtachModel

/// The rules for paths in an archive, which hold at both ends.
enum MemberPath {
  /// The components of a member's path.
  ///
  /// - Returns: None for the root itself, which some archives name.
  /// - Throws: `ErrorCode.archivePathUnsafe` for an absolute path or one with `..`; `ErrorCode.archiveInvalid` for one
  ///   that is empty or too long.
  static func components(_ path: String) throws(GtachError) -> [String] {
    func unsafe(_ reason: String) -> GtachError {
      GtachError(.archivePathUnsafe, "the archive's member \"\(path)\" would leave its directory", reason: reason)
    }
    guard !path.isEmpty else { throw GtachError(.archiveInvalid, "a member of the archive has no path") }
    guard path.utf8.count <= ArchiveLimits.maximumPathBytes else {
      throw GtachError(
        .archiveInvalid, "the path of \"\(path.prefix(60))…\" is too long",
        reason: "it has \(path.utf8.count) bytes, and a release at most \(ArchiveLimits.maximumPathBytes)",
        advice: "shorten the names in it, or exclude it")
    }
    guard !path.hasPrefix("/") else { throw unsafe("its path is absolute") }
    let components = path.split(separator: "/").filter { $0 != "." }.map(String.init)
    guard !components.contains("..") else { throw unsafe("its path contains \"..\"") }
    guard components.count <= ArchiveLimits.maximumDepth else {
      throw GtachError(
        .archiveInvalid, "\"\(path.prefix(60))…\" lies too deep",
        reason: "it lies in \(components.count - 1) directories, and a release has room for "
          + "\(ArchiveLimits.maximumDepth - 1) within each other",
        advice: "make the tree shallower, or exclude it")
    }
    return components
  }

  /// Checks where a symbolic link leads.
  ///
  /// `..` is allowed at the start only, and no more often than there are directories around the link. These are real
  /// directories, so the walk upwards ends inside the tree; from there it goes down, where each further link was
  /// checked in the same way. With `..` after a name that would not hold, for the name may be a link itself.
  ///
  /// - Throws: `ErrorCode.archivePathUnsafe`.
  static func checkLink(_ path: String, to target: String) throws(GtachError) {
    func unsafe(_ reason: String) -> GtachError {
      GtachError(
        .archivePathUnsafe, "the link \"\(path)\" to \"\(target)\" would leave its directory", reason: reason,
        advice: "let it lead, relatively, to something in the same tree, or exclude it")
    }
    guard !target.isEmpty else { throw unsafe("it leads nowhere") }
    guard !target.hasPrefix("/") else { throw unsafe("it is absolute") }
    let steps = target.split(separator: "/").filter { $0 != "." }
    let up = steps.prefix { $0 == ".." }.count
    guard try up < components(path).count else { throw unsafe("it leads above the root") }
    guard !steps.dropFirst(up).contains("..") else { throw unsafe("\"..\" follows a name in it") }
  }
}
