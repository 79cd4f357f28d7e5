/// What an archive may hold, for whoever writes one and whoever reads one.
public enum ArchiveLimits {
  /// The most files, directories and links.
  public static let maximumMembers = 500_000
  /// The longest path in bytes, relative to the root.
  public static let maximumPathBytes = 1024
  /// The most directories around a member: each costs whoever walks the tree a descriptor.
  public static let maximumDepth = 100
}
