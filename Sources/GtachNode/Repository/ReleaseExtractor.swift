import GtachModel
import GtachSystem

/// `gtach extract`: the tree of a release, for people to look at.
public struct ReleaseExtractor: Sendable {
  private let context: NodeContext
  private let files = FileSystem()

  /// An extractor of what a home holds.
  public init(_ context: NodeContext) { self.context = context }

  /// Writes a release's tree into a directory, verified from the signed metadata down to the last byte. Where that
  /// fails, the directory is as it was.
  ///
  /// - Parameters:
  ///   - platform: Which variant; nil for the only one, or the one for this machine.
  ///   - directory: A new or an empty directory.
  ///   - progress: As of `PackageRepository.extract`.
  /// - Throws: As `PackageRepository.extract`; `ErrorCode.usage` where the directory is not empty, or several variants
  ///   could be meant; `ErrorCode.manifestUnlisted` where signed metadata does not list the release.
  public func extract(
    _ release: ReleaseID, platform: Platform?, into directory: String,
    progress: @escaping (Int, Int) throws(GtachError) -> Void
  ) throws(GtachError) -> ExtractReport {
    let listed = try ListedReleases(context)
    let entry = try listed.variant(of: release, platform: platform)
    let isNew = try prepare(directory)
    do throws(GtachError) {
      try listed.repository.extract(entry.variant, into: directory, progress: progress)
      try files.perform(.syncFileSystem(of: directory))
    } catch {
      // The first error is the one that counts.
      try? clear(directory, isNew: isNew)
      throw error
    }
    return ExtractReport(
      release: entry.variant.release.description, platform: entry.variant.platform, directory: directory,
      bytes: entry.archive.size)
  }

  /// - Returns: Whether the directory was made.
  private func prepare(_ directory: String) throws(GtachError) -> Bool {
    let names: [String]
    do throws(GtachError) {
      names = try files.list(directory)
    } catch {
      guard error.code == .notFound else { throw error }
      try files.perform(.makeDirectory(directory))
      return true
    }
    guard names.isEmpty else {
      throw GtachError(
        .usage, "\(directory) is not empty", reason: "\"\(names[0])\" is in it",
        advice: "name a new or an empty directory")
    }
    return false
  }

  private func clear(_ directory: String, isNew: Bool) throws(GtachError) {
    guard !isNew else { return try files.perform(.remove(directory)) }
    for name in try files.list(directory) { try files.perform(.remove("\(directory)/\(name)")) }
  }
}
