/// What the installer takes orders for, one JSON document a line over its Unix socket: nothing else.
public enum InstallerRequest: Hashable, Sendable, Codable {
  /// A release that is to be active, and why.
  public struct Activation: Hashable, Sendable, Codable {
    /// The package.
    public var name: PackageName
    /// Its version.
    public var version: SemanticVersion
    /// An operator asked for it: a refusal and a hold do not stand in the way.
    public var isForced: Bool
    /// It comes only because others need it.
    public var isDependency: Bool

    /// An activation from its fields.
    public init(name: PackageName, version: SemanticVersion, isForced: Bool, isDependency: Bool) {
      self.name = name
      self.version = version
      self.isForced = isForced
      self.isDependency = isDependency
    }
  }

  /// Install releases that take over at once or not at all, each after those that it needs.
  case activate(releases: [Activation])
  /// Make an earlier release active again, and hold the package there.
  case rollBack(name: PackageName, version: SemanticVersion?)

  /// The most releases that take over at once.
  public static let maximumReleases = 256
}

/// What the installer answers: any number of events, then one result or failure.
public enum InstallerReply: Hashable, Sendable, Codable {
  /// Something happened on the way.
  case event(NodeEvent)
  /// How it ended.
  case result(UpdateResult)
  /// It could not even be begun, or not be brought to an end.
  case failed(ErrorReport)
}
