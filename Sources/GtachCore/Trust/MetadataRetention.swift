/// Which versions of metadata stay where newer ones are stored.
///
/// Each version of a role lists all that the ones before did, so that keeping all of them would take room as the square
/// of what is listed. The TUF specification 1.0 leaves open how long a repository keeps them (section 6.2).
public enum MetadataRetention {
  /// How many versions before the newest stay: for peers that are in the middle of an update.
  static let earlierVersions = 2

  /// The files that go when others have been written. Roots stay, as each leads to the next.
  ///
  /// - Parameters:
  ///   - written: The names of the new files.
  ///   - present: The names of all that are there.
  ///   - isPublisher: Whether what is listed is published here: then the packages' roles stay, which tell when a release
  ///     was signed that has to be restored.
  public static func superseded(
    by written: some Sequence<String>, among present: some Sequence<String>, isPublisher: Bool
  ) -> [String] {
    var newest: [MetadataRole: Int] = [:]
    for name in written.compactMap({ MetadataFileName($0) }) {
      newest[name.role] = max(newest[name.role] ?? 0, name.version ?? 0)
    }
    return present.filter { text in
      guard let name = MetadataFileName(text), let version = name.version, let newest = newest[name.role] else {
        return false
      }
      switch name.role {
      case .root, .timestamp: return false
      case .package where isPublisher: return false
      case .package, .snapshot, .targets: return version < newest - earlierVersions
      }
    }
  }
}
