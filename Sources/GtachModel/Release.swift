/// A release: `NAME@VERSION`, the same content on every machine for ever.
public struct ReleaseID: Hashable, Sendable {
  /// The package's name.
  public let name: PackageName
  /// The release's version.
  public let version: SemanticVersion

  /// The release of that name and version.
  public init(name: PackageName, version: SemanticVersion) {
    self.name = name
    self.version = version
  }

  /// Reads `NAME@VERSION`.
  ///
  /// - Throws: `ErrorCode.nameInvalid`, `ErrorCode.versionInvalid`, or `ErrorCode.usage` without an `@`.
  public init(_ text: String) throws(GtachError) {
    guard let at = text.firstIndex(of: "@") else {
      throw GtachError(.usage, "\"\(text)\" names no release", advice: "write NAME@VERSION, as in gtach-app@1.2.0")
    }
    name = try PackageName(String(text[..<at]))
    version = try SemanticVersion(String(text[text.index(after: at)...]))
  }
}

extension ReleaseID: Comparable, CustomStringConvertible {
  /// By name, then by version.
  public static func < (left: ReleaseID, right: ReleaseID) -> Bool {
    left.name != right.name ? left.name < right.name : left.version < right.version
  }
  /// `NAME@VERSION`.
  public var description: String { "\(name)@\(version)" }
}

/// One variant of a release, for one platform: what a node fetches and installs.
public struct VariantID: Hashable, Sendable {
  /// The release that it is a variant of.
  public let release: ReleaseID
  /// The platform that it is for.
  public let platform: Platform

  /// The variant of a release for a platform.
  public init(release: ReleaseID, platform: Platform) {
    self.release = release
    self.platform = platform
  }

  /// The TUF target path of its manifest: `NAME/VERSION/PLATFORM/manifest.json`.
  public var targetPath: String { "\(release.name)/\(release.version)/\(platform)/manifest.json" }

  /// Reads a TUF target path; nil for any other path.
  public init?(targetPath: String) {
    let parts = targetPath.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4, parts[3] == "manifest.json",
      let name = try? PackageName(parts[0]), let version = try? SemanticVersion(parts[1]),
      let platform = try? Platform(parts[2])
    else { return nil }
    self.init(release: ReleaseID(name: name, version: version), platform: platform)
  }
}

extension VariantID: Comparable, CustomStringConvertible {
  /// By release, then by platform.
  public static func < (left: VariantID, right: VariantID) -> Bool {
    left.release != right.release ? left.release < right.release : left.platform < right.platform
  }
  /// `NAME@VERSION (PLATFORM)`.
  public var description: String { "\(release) (\(platform))" }
}
