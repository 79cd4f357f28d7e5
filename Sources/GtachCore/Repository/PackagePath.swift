import GtachModel

/// A place in `packages`: `NAME`, `NAME/VERSION` or `NAME/VERSION/PLATFORM`, as far as it goes.
public struct PackagePath: Hashable, Sendable {
  private let parts: [Substring]

  /// A path relative to `packages`, whatever it is.
  public init(_ path: String) { parts = path.split(separator: "/", omittingEmptySubsequences: false) }

  /// Whether what is there may be of a package, or of one version of it; of any where it is nil.
  public func mayHold(name: PackageName?, version: SemanticVersion?) -> Bool {
    if let name, let own = parts.first, own != "\(name)" { return false }
    guard let version, parts.count > 1 else { return true }
    // Build metadata makes no other version.
    return (try? SemanticVersion(String(parts[1]))) == version
  }

  /// Whether a variant may be there.
  public func mayHold(_ variant: VariantID) -> Bool {
    mayHold(name: variant.release.name, version: variant.release.version)
      && (parts.count < 3 || parts[2] == variant.platform.text)
  }
}
