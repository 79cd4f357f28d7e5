extension SemanticVersion {
  /// Which part of a version the next release raises.
  public enum Part: String, Hashable, Sendable, CaseIterable {
    /// Something that worked no longer works.
    case major
    /// Something was added.
    case minor
    /// Something was corrected.
    case patch
    /// The next attempt at the same release.
    case prerelease
  }

  /// The next version, as `npm version` counts: a prerelease becomes the release that it announces (2.0.0-rc.1 is
  /// followed by 2.0.0 whether `major`, `minor` or `patch` is raised; 2.1.0-rc.1 by 2.1.0 or, raising `major`, 3.0.0),
  /// `prerelease` raises the last number of the prerelease or adds one, and makes the first of the next patch where
  /// there is none. Build metadata is dropped.
  public func bumped(_ part: Part) -> SemanticVersion {
    let hasMinor = minor != .zero
    let hasPatch = patch != .zero
    switch part {
    case .major:
      let announced = isPrerelease && !hasMinor && !hasPatch
      return SemanticVersion(major: announced ? major : major.successor, minor: .zero, patch: .zero)
    case .minor:
      let announced = isPrerelease && !hasPatch
      return SemanticVersion(major: major, minor: announced ? minor : minor.successor, patch: .zero)
    case .patch:
      return SemanticVersion(major: major, minor: minor, patch: isPrerelease ? patch : patch.successor)
    case .prerelease:
      guard isPrerelease else {
        return SemanticVersion(major: major, minor: minor, patch: patch.successor, prerelease: [.numeric(.zero)])
      }
      var identifiers = prerelease
      for position in identifiers.indices.reversed() {
        if case .numeric(let number) = identifiers[position] {
          identifiers[position] = .numeric(number.successor)
          return SemanticVersion(major: major, minor: minor, patch: patch, prerelease: identifiers)
        }
      }
      return SemanticVersion(major: major, minor: minor, patch: patch, prerelease: prerelease + [.numeric(.zero)])
    }
  }
}
