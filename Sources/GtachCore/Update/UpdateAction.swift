import GtachModel

/// What an update wants done next.
public enum UpdateAction: Hashable, Sendable {
  /// Carry these out in order; the outcome is `done`, or `failed` at the first that fails.
  case perform([FileOperation])
  /// Write the release's archive into this directory, which is there and empty.
  case stage(ReleaseID, directory: String)
  /// Look at these places; the outcome is `seen`, or `failed` where one cannot be looked at.
  case inspect([InspectedPlace])
  /// Run a program of a release.
  case runHook(UpdateHook)
  /// Look at a release's unit file, and at what has its name on this machine; the outcome is `inspected`.
  case inspectService(unit: String, service: ServiceID, installedAt: String)
  /// Look whether a service runs; the outcome is `isRunning`.
  case inspectActivity(ServiceID)
  /// Have the manager of services do something; the outcome is `failed` where it could not.
  case service(ServiceOrder)
  /// Run these checks of the release's self-test; the outcome is `tested`, or `failed` where it could not even be run.
  case selfTest(InstallState.Release, directory: String, stage: SelfTestStage)
  /// Look whether this generation is active and leads to these releases and no others, which are there; the outcome is
  /// `failed` where it is not so.
  case verifyActive(generation: Int, releases: [ReleaseID])
  /// It is over, one way or the other.
  case finish(UpdateResult)
  /// It could not be brought to an end; where a journal is left, recovery will.
  case fail(GtachError)
}

/// A program of a release that runs before or after the activation.
public struct UpdateHook: Hashable, Sendable {
  /// Which one.
  public enum Kind: String, Hashable, Sendable {
    /// Before the activation.
    case preInstall
    /// After it.
    case postInstall
  }

  /// How long a hook may take where the author does not say, in seconds.
  public static let defaultTimeoutSeconds = 120
  /// The longest that a hook may take, in seconds.
  public static let maximumTimeoutSeconds = 3600

  /// Which one.
  public let kind: Kind
  /// The release that it belongs to.
  public let release: ReleaseID
  /// The program: an absolute path.
  public let path: String
  /// The release's directory, in which it runs.
  public let directory: String
  /// The variables that tell it where it is.
  public let environment: [String: String]
  /// How long it may take, in seconds.
  public let timeoutSeconds: Int

  /// The hook of a release; nil where it has none of that kind.
  init?(_ kind: Kind, of release: InstallState.Release, layout: InstallLayout) {
    let installation = release.manifest.description.install
    guard let path = kind == .preInstall ? installation?.preInstall : installation?.postInstall else { return nil }
    self.kind = kind
    self.release = release.id
    directory = layout.release(release.id)
    self.path = "\(directory)/\(path)"
    environment = [
      "GTACH_NAME": release.id.name.text,
      "GTACH_VERSION": release.id.version.description,
      "GTACH_RELEASE_DIR": directory,
      "GTACH_STATE_DIR": layout.data(of: release.id.name),
    ]
    timeoutSeconds = installation?.patience ?? Self.defaultTimeoutSeconds
  }
}
