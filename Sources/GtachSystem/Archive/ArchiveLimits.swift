/// What an archive may hold, for whoever writes one and whoever reads one.
public enum ArchiveLimits {
  /// The most files, directories and links.
  public static let maximumMembers = 500_000
  /// The longest path in bytes, relative to the root.
  public static let maximumPathBytes = 1024
  /// The most directories around a member: each costs whoever walks the tree a descriptor.
  public static let maximumDepth = 100
  /// How many bytes an archive of other tools may always unpack to.
  public static let unpackedBytes = 256 << 20
  /// How many times its own length an archive of other tools may unpack to, where that is more. Programs shrink to a
  /// fifth, texts to a twentieth.
  public static let unpackedRatio = 100
}
