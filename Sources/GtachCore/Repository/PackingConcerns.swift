import GtachModel

extension PackageDescription {
  /// Checks that there are machines which could carry it out.
  ///
  /// - Parameter platform: What the variant is packed for.
  /// - Throws: `ErrorCode.platformUnsupported` where that is none of `platforms`; `ErrorCode.descriptionInvalid` where
  ///   the package depends on itself.
  public func checkConsistency(with platform: Platform) throws(GtachError) {
    let isOwnDependency = dependencies?.perPlatform.values.contains { $0[name] != nil } ?? false
    if isOwnDependency || dependencies?.everywhere[name] != nil {
      throw GtachError(
        .descriptionInvalid, "\(name) depends on itself", reason: "its own name is among its \"dependencies\"",
        advice: "take it out: a release is there when it is installed")
    }
    guard platform != .any, let platforms, !platforms.isEmpty else { return }
    // Of the model only a machine can say.
    let systems = platforms.map { Requirement(os: $0.os, arch: $0.arch) }
    guard !systems.contains(where: { $0.accepts(platform, model: nil) }) else { return }
    let names = systems.map { [$0.os, $0.arch].compactMap { $0 }.joined(separator: "-") }
    throw GtachError(
      .platformUnsupported, "no machine could install \(name)@\(version) for \(platform)",
      reason: "its \"platforms\" are only \(names.joined(separator: " and "))",
      advice: "add \(platform) to them, or give another --platform")
  }

  /// Why nothing may come of a release, one sentence each.
  ///
  /// - Parameter members: How many files, directories and links are in its archive.
  public func concerns(members: Int) -> [String] {
    members == 0 ? ["there is nothing in this release: the tree is empty, or all of it is excluded"] : []
  }
}
