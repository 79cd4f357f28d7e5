/// What `gtach extract` did.
public struct ExtractReport: Hashable, Sendable, Codable {
  /// `NAME@VERSION`.
  public var release: String
  /// Which variant of it.
  public var platform: Platform
  /// Where its tree is now.
  public var directory: String
  /// The length of its archive.
  public var bytes: Int

  /// A report from its fields.
  public init(release: String, platform: Platform, directory: String, bytes: Int) {
    self.release = release
    self.platform = platform
    self.directory = directory
    self.bytes = bytes
  }
}

/// What `gtach export` wrote.
public struct ExportReport: Hashable, Sendable, Codable {
  /// `NAME@VERSION`.
  public var release: String
  /// The variants of it that were here.
  public var platforms: [Platform]
  /// The file, or the directory for casync.
  public var path: String
  /// How many different chunks its archives have.
  public var chunks: Int
  /// The length of its archives in bytes.
  public var archiveBytes: Int
  /// The version of the signed metadata that went along.
  public var metadataVersion: Int

  /// A report from its fields.
  public init(
    release: String, platforms: [Platform], path: String, chunks: Int, archiveBytes: Int, metadataVersion: Int
  ) {
    self.release = release
    self.platforms = platforms
    self.path = path
    self.chunks = chunks
    self.archiveBytes = archiveBytes
    self.metadataVersion = metadataVersion
  }
}

/// What `gtach import` brought into the repository.
public struct ImportReport: Hashable, Sendable, Codable {
  /// A variant that is complete here now.
  public struct Variant: Hashable, Sendable, Codable {
    /// `NAME@VERSION`.
    public var release: String
    /// Its platform.
    public var platform: Platform
    /// The length of its archive in bytes.
    public var bytes: Int

    /// A variant from its fields.
    public init(release: String, platform: Platform, bytes: Int) {
      self.release = release
      self.platform = platform
      self.bytes = bytes
    }
  }

  /// The variants, in the order in which they came.
  public var imported: [Variant]
  /// Files of casync that belong to no release that is listed here, by name.
  public var ignored: [String]
  /// The version of the signed metadata that is trusted here now.
  public var metadataVersion: Int

  /// A report from its fields.
  public init(imported: [Variant], ignored: [String] = [], metadataVersion: Int) {
    self.imported = imported
    self.ignored = ignored
    self.metadataVersion = metadataVersion
  }
}
