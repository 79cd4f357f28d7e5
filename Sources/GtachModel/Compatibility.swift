/// What kind of change it is to go from an installed version to another one.
///
/// The rules are those of npm's caret (docs.npmjs.com, "semver", "Caret Ranges"): between two releases a change is
/// `same`, `patch` or `minor` exactly where `^INSTALLED` accepts the other one.
///
/// | from | to | kind | because |
/// | --- | --- | --- | --- |
/// | 1.4.0+a | 1.4.0+b | same | build metadata never counts |
/// | 1.4.0 | 1.4.2 | patch | |
/// | 1.4.0 | 1.5.0 | minor | |
/// | 1.4.0 | 2.0.0-rc.1 | breaking | the three numbers decide, prerelease or not |
/// | 2.0.0-rc.1 | 2.0.0-rc.2, 2.0.0 | patch | the same three numbers, announced and delivered |
/// | 0.2.3 | 0.2.4 | patch | |
/// | 0.2.3 | 0.3.0, 1.0.0 | breaking | before 1.0.0 the leftmost number that is not 0 takes the place of the major one |
/// | 0.0.3, 0.0.0 | 0.0.4, 0.0.1 | breaking | likewise: with 0.0 in front every patch may break |
/// | 1.4.0 | 1.3.9, 1.4.0-rc.1 | downgrade | lower, by however little |
public enum Compatibility: String, Codable, Sendable, CaseIterable, Hashable {
  /// Neither is newer.
  case same
  /// A correction.
  case patch
  /// An addition.
  case minor
  /// What worked may no longer work.
  case breaking
  /// A step back.
  case downgrade

  /// The kind of change from one version to another.
  public init(from installed: SemanticVersion, to target: SemanticVersion) {
    if target == installed {
      self = .same
    } else if target < installed {
      self = .downgrade
    } else if target.major != installed.major {
      self = .breaking
    } else if target.minor != installed.minor {
      self = installed.major == .zero ? .breaking : .minor
    } else if target.patch != installed.patch, installed.major == .zero, installed.minor == .zero {
      self = .breaking
    } else {
      self = .patch
    }
  }
}
