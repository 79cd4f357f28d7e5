import GtachModel

/// The part that answers what versions mean for one another.
public enum VersionManager {
  /// What kind of change it is to go from an installed version to another one.
  public static func compatibility(
    from installed: SemanticVersion, to target: SemanticVersion
  ) -> Compatibility { Compatibility(from: installed, to: target) }
}
