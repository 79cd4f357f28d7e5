import GtachModel

/// A member of a release file, the tar archive that `gtach export` writes and `gtach import` reads. Paths are those of
/// a repository, so the archive looks like a piece of one:
///
///     metadata/1.root.json ...                           every root, then timestamp, snapshot, targets, packages
///     packages/NAME/VERSION/PLATFORM/manifest.json       of each variant, followed by
///     packages/NAME/VERSION/PLATFORM/chunks.index
///     chunks/HEX                                         each different chunk, one zstd frame
///
/// in this order: whoever reads it has verified what says how long a member may be, and what it must hash to, before
/// the member comes.
public enum ReleaseFileMember: Hashable, Sendable {
  /// A file of signed metadata.
  case metadata(MetadataFileName)
  /// The manifest of a variant.
  case manifest(VariantID)
  /// The index of a variant.
  case index(VariantID)
  /// A chunk.
  case chunk(Digest)

  /// The most bytes that all metadata together may have.
  public static let maximumMetadataBytes = 64 << 20
  /// The most variants of one release.
  public static let maximumVariants = 64

  private static let packages = "packages/"

  /// Reads a path; nil for one that no member has.
  public init?(path: String) {
    func rest(after prefix: String) -> String? {
      path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : nil
    }
    if let name = rest(after: "metadata/").flatMap(MetadataFileName.init) {
      self = .metadata(name)
    } else if let digest = rest(after: "chunks/").flatMap({ Digest(hex: $0) }) {
      self = .chunk(digest)
    } else if let target = rest(after: Self.packages), let variant = VariantID(targetPath: target) {
      self = .manifest(variant)
    } else if path.hasSuffix("/" + RepositoryLayout.indexName),
      let directory = rest(after: Self.packages)?.dropLast(RepositoryLayout.indexName.count),
      let variant = VariantID(targetPath: directory + RepositoryLayout.manifestName)
    {
      self = .index(variant)
    } else {
      return nil
    }
  }

  /// Its path in the archive.
  public var path: String {
    switch self {
    case .metadata(let name): "metadata/\(name)"
    case .manifest(let variant): Self.packages + variant.targetPath
    case .index(let variant):
      Self.packages + variant.targetPath.dropLast(RepositoryLayout.manifestName.count) + RepositoryLayout.indexName
    case .chunk(let digest): "chunks/\(digest.hex)"
    }
  }

  /// Which part of the archive it belongs to: none comes before the last of an earlier part.
  public enum Part: Int, Comparable, Sendable {
    /// Signed metadata.
    case metadata
    /// Manifests and indexes.
    case variants
    /// Chunks.
    case chunks

    /// The order of the parts.
    public static func < (left: Part, right: Part) -> Bool { left.rawValue < right.rawValue }
  }

  /// Which part of the archive it belongs to.
  public var part: Part {
    switch self {
    case .metadata: .metadata
    case .manifest, .index: .variants
    case .chunk: .chunks
    }
  }
}
