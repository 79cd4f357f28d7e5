/// All that is said of one variant of a release: a TUF target, so signed metadata lists its length and hash.
public struct Manifest: Hashable, Sendable, Codable {
  /// Some bytes, by hash and length.
  public struct Content: Hashable, Sendable, Codable {
    /// The SHA-256 of the bytes.
    public let digest: Digest
    /// Their number.
    public let size: Int

    /// Names bytes by their hash and number.
    public init(digest: Digest, size: Int) {
      self.digest = digest
      self.size = size
    }
  }

  /// The largest manifest that anybody reads, in bytes.
  public static let maximumBytes = 1 << 20

  /// What the author wrote; `exclude` has done its work and is not repeated.
  public var description: PackageDescription
  /// The platform of this variant.
  public var platform: Platform
  /// When it was packed.
  public var created: Timestamp
  /// The tar archive.
  public var archive: Content
  /// The index of its chunks and objects.
  public var index: Content

  /// A manifest from its parts.
  public init(
    description: PackageDescription, platform: Platform, created: Timestamp, archive: Content, index: Content
  ) {
    self.description = description
    self.platform = platform
    self.created = created
    self.archive = archive
    self.index = index
  }

  /// The variant that it describes.
  public var variant: VariantID {
    VariantID(release: ReleaseID(name: description.name, version: description.version), platform: platform)
  }

  private enum CodingKeys: String, CodingKey { case platform, created, archive, index }

  /// Reads the author's fields and gtach's own from one object.
  public init(from decoder: any Decoder) throws {
    description = try PackageDescription(from: decoder)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    platform = try container.decode(Platform.self, forKey: .platform)
    created = try container.decode(Timestamp.self, forKey: .created)
    archive = try container.decode(Content.self, forKey: .archive)
    index = try container.decode(Content.self, forKey: .index)
  }

  /// Writes the author's fields and gtach's own into one object.
  public func encode(to encoder: any Encoder) throws {
    try description.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(platform, forKey: .platform)
    try container.encode(created, forKey: .created)
    try container.encode(archive, forKey: .archive)
    try container.encode(index, forKey: .index)
  }
}
