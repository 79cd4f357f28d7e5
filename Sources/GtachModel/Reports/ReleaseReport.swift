/// A variant of a release in the repository, as `gtach list` and `gtach info` show it.
public struct ReleaseReport: Hashable, Sendable, Codable {
  /// What it takes to come from another release.
  public struct Update: Hashable, Sendable, Codable {
    /// The other release's version.
    public var from: SemanticVersion
    /// How many bytes a node that has it fetches: objects, manifest, and the difference of the indexes.
    public var bytes: Int

    /// An update from its fields.
    public init(from: SemanticVersion, bytes: Int) {
      self.from = from
      self.bytes = bytes
    }
  }

  /// What the manifest says.
  public var manifest: Manifest
  /// How many chunks its archive has, repetitions not counted.
  public var chunks: Int
  /// How many bytes its objects have: what a node that has nothing fetches, index and manifest not counted.
  public var objectBytes: Int
  /// What it takes to come from the nearest releases of the package that are here; nil where nobody asked.
  public var updates: [Update]?

  /// A report from its fields.
  public init(manifest: Manifest, chunks: Int, objectBytes: Int, updates: [Update]? = nil) {
    self.manifest = manifest
    self.chunks = chunks
    self.objectBytes = objectBytes
    self.updates = updates
  }
}
