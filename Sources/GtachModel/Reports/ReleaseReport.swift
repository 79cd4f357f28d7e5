/// A variant of a release in the repository, as `gtach list` and `gtach info` show it.
public struct ReleaseReport: Hashable, Sendable, Codable {
  /// What the manifest says.
  public var manifest: Manifest
  /// How many chunks its archive has, repetitions not counted.
  public var chunks: Int
  /// How many bytes its objects have: what a node that has nothing fetches, index and manifest not counted.
  public var objectBytes: Int

  /// A report from its fields.
  public init(manifest: Manifest, chunks: Int, objectBytes: Int) {
    self.manifest = manifest
    self.chunks = chunks
    self.objectBytes = objectBytes
  }
}
