import GtachCore
import GtachModel
import GtachSystem

/// A `gtach.json` on the disk that is to say the next version, but not before the release of that version is out.
///
/// The archive holds the file as it will be; the file itself is written last. So whatever ends the packing leaves it as
/// it was, with nothing to take back. Where the power goes between the release and the one rename that makes the new
/// file the file, the same command packs the same bytes again, finds the release, and finishes.
public struct DescriptionUpdate: Hashable, Sendable {
  /// What is kept out of every archive: a power cut may leave a file of such a name beside the description.
  static let temporaryPattern = ".gtach-pack-*"
  /// How such a name begins.
  private static let temporaryPrefix = ".gtach-pack-"

  /// What the file says now and what it is to say.
  public let raised: RaisedDescription
  /// Where it is, links resolved: the file changes, not a link to it.
  let path: String

  private var directory: String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "." }

  /// Raises the version of a description.
  ///
  /// - Throws: What `RaisedDescription.init` throws; `ErrorCode.notPermitted` where the file could not be replaced
  ///   later; `ErrorCode.notFound`, `ErrorCode.inputOutput`.
  init(file: String, raising part: SemanticVersion.Part, name: PackageName?) throws(GtachError) {
    let files = FileSystem()
    path = try files.realPath(file)
    let bytes = try files.read(path, maximumBytes: PackageDescription.maximumFileBytes)
    raised = try RaisedDescription(json: bytes, path: file, raising: part, name: name)
    // Packing takes minutes; this is known now.
    for place in [path, directory] where try !files.isWritable(place) {
      throw GtachError(
        .notPermitted, "the version in \(file) cannot be raised", reason: "\(place) may not be written",
        advice: "make it writable, or pack without --bump")
    }
  }

  /// What to put into the archive of a tree instead of what is on the disk, by the member's path.
  func replacements(in tree: String) throws(GtachError) -> [String: [UInt8]] {
    let root = try FileSystem().realPath(tree)
    let prefix = root.hasSuffix("/") ? root : root + "/"
    return path.hasPrefix(prefix) ? [String(path.dropFirst(prefix.count)): raised.bytes] : [:]
  }

  /// Publishes the release, and then raises the version.
  ///
  /// - Parameter publisher: Who does so, one at a time: the name of what is written beside the file has it, so that
  ///   what a power cut left is replaced by the next one, and two publishers do not meet.
  /// - Throws: What `publish` throws, and `ErrorCode.busy` where somebody changed the file meanwhile: then it is as it
  ///   was, and nothing was published in the latter case. `ErrorCode.diskFull`, `ErrorCode.inputOutput`.
  func complete(by publisher: String, _ publish: () throws(GtachError) -> Void) throws(GtachError) {
    let files = FileSystem()
    guard let status = try files.status(of: path),
      try files.read(path, maximumBytes: PackageDescription.maximumFileBytes) == raised.previousBytes
    else {
      throw GtachError(.busy, "\(path) changed while it was packed", advice: "pack again when nobody changes the tree")
    }
    // All that may fail comes before the release; then only the rename is left.
    let temporary = "\(directory)/\(Self.temporaryPrefix)\(SHA256().digest(of: Array(publisher.utf8)).hex.prefix(16))"
    do throws(GtachError) {
      try files.perform(.write(path: temporary, bytes: raised.bytes, permissions: status.permissions))
      try files.takeOwner(of: path, for: temporary)
      try files.perform(.syncFile(temporary))
      try publish()
    } catch {
      // The first error is the one that counts.
      do throws(GtachError) { try files.perform(.remove(temporary)) } catch {}
      throw error
    }
    do throws(GtachError) {
      try files.perform(.rename(from: temporary, to: path))
    } catch {
      let next = raised.description.version
      throw GtachError(
        error.code, "\(raised.description.name)@\(next) is out, but \(path) still says \(raised.previousVersion)",
        reason: error.reason ?? error.message, advice: "write \(next) there by hand")
    }
    try files.perform(.syncDirectory(directory))
  }
}
