import GtachModel

/// A release that was packed: its chunks and objects are stored, but nothing of it is visible before
/// `PackageRepository.complete`.
public struct PackedRelease: Hashable, Sendable {
  /// What is said of it.
  public let manifest: Manifest
  /// The manifest's bytes, which signed metadata lists by hash and length.
  public let manifestBytes: [UInt8]
  /// The bytes of the index of its chunks and objects.
  public let indexBytes: [UInt8]
  /// The `gtach.json` that is to say the release's version once it is out; nil where it does already, or needs not.
  public let descriptionUpdate: DescriptionUpdate?
  /// What was found out about the tree.
  public let report: PackingReport

  /// The same tree under another manifest and index.
  func replacing(_ manifest: Manifest, bytes: [UInt8], index: [UInt8]) -> PackedRelease {
    PackedRelease(
      manifest: manifest, manifestBytes: bytes, indexBytes: index, descriptionUpdate: descriptionUpdate, report: report)
  }
}

/// How far packing is.
public enum PackingProgress: Hashable, Sendable {
  /// An archive was unpacked; in bytes of the archive.
  case unpacking(doneBytes: Int, totalBytes: Int)
  /// Files were read and cut into chunks; in bytes of the files.
  case reading(doneBytes: Int, totalBytes: Int)
  /// Chunks were encoded into objects; in bytes of the chunks.
  case encoding(doneBytes: Int, totalBytes: Int)
}
