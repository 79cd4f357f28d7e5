/// A variant of a release in the repository, as `gtach list` and `gtach info` show it.
public struct ReleaseReport: Hashable, Sendable, Codable {
  /// What it takes to come from another release.
  public struct Update: Hashable, Sendable, Codable {
    /// The other release's version.
    public var from: SemanticVersion
    /// How many bytes a node that has it fetches: objects, and what is new in manifest and index.
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

extension ReleaseReport {
  /// What a line of `gtach list` shows of it.
  public var summary: ReleaseSummary { ReleaseSummary(manifest) }
}

/// A variant of a release in the repository in a few words, as a line of `gtach list` shows it.
public struct ReleaseSummary: Hashable, Sendable {
  /// Which one it is.
  public var variant: VariantID
  /// How long its archive is, in bytes.
  public var archiveBytes: Int
  /// When it was packed.
  public var created: Timestamp
  /// What it is, for people.
  public var description: String?
  /// Who made it.
  public var author: String?

  /// A summary from its fields.
  public init(variant: VariantID, archiveBytes: Int, created: Timestamp, description: String?, author: String?) {
    self.variant = variant
    self.archiveBytes = archiveBytes
    self.created = created
    self.description = description
    self.author = author
  }

  /// The summary of what a manifest says.
  public init(_ manifest: Manifest) {
    self.init(
      variant: manifest.variant, archiveBytes: manifest.archive.size, created: manifest.created,
      description: manifest.description.description, author: manifest.description.author)
  }

  /// The order of a list: by name, then the newest version first, then by platform.
  public static func isListedBefore(_ left: ReleaseSummary, _ right: ReleaseSummary) -> Bool {
    let (left, right) = (left.variant, right.variant)
    if left.release.name != right.release.name { return left.release.name < right.release.name }
    if left.release.version != right.release.version { return left.release.version > right.release.version }
    return left.platform < right.platform
  }
}

/// A release that a search found.
public struct FoundRelease: Hashable, Sendable {
  /// Which one.
  public var summary: ReleaseSummary
  /// How it fits what was looked for.
  public var match: ReleaseQuery.Match

  /// A release and how it fits.
  public init(summary: ReleaseSummary, match: ReleaseQuery.Match) {
    self.summary = summary
    self.match = match
  }
}
