/// What a package's author writes into `gtach.json`.
public struct PackageDescription: Hashable, Sendable, Codable {
  /// A machine that the package runs on: each field, where given, must fit.
  public struct Requirement: Hashable, Sendable, Codable {
    /// The operating system: `linux` or `macos`.
    public var os: String?
    /// The processor: `arm64`, `armv7` or `x86_64`.
    public var arch: String?
    /// The board's own name of itself, with `*` for any characters: `Raspberry Pi Zero 2*`.
    public var model: String?

    /// A requirement from its fields.
    public init(os: String? = nil, arch: String? = nil, model: String? = nil) {
      self.os = os
      self.arch = arch
      self.model = model
    }
  }

  /// How the package is installed.
  public struct Installation: Hashable, Sendable, Codable {
    /// The unit file of the service that the package runs as: a path relative to its root, which ends in `.service`.
    public var service: String?
    /// What of an installed release outlives its updates: paths relative to its root; a directory's ends in a slash.
    public var preserve: [String]?
    /// Configuration templates, and what they are called once they are rendered: paths relative to its root.
    public var templates: [String: String]?
    /// The package's own values of the variables in the templates.
    public var variables: TemplateVariables<Platform>?
    /// A program of the package that runs before the release is activated: a path relative to its root.
    public var preInstall: String?
    /// A program of the package that runs after the release was activated: a path relative to its root.
    public var postInstall: String?
    /// How long the service has to run before the release is committed, in seconds.
    public var stableSeconds: Int?
    /// The longest that a hook, or the start of the service, may take, in seconds.
    public var timeoutSeconds: Int?

    /// An installation from its fields.
    public init(
      service: String? = nil, preserve: [String]? = nil, templates: [String: String]? = nil,
      variables: TemplateVariables<Platform>? = nil, preInstall: String? = nil, postInstall: String? = nil,
      stableSeconds: Int? = nil,
      timeoutSeconds: Int? = nil
    ) {
      self.service = service
      self.preserve = preserve
      self.templates = templates
      self.variables = variables
      self.preInstall = preInstall
      self.postInstall = postInstall
      self.stableSeconds = stableSeconds
      self.timeoutSeconds = timeoutSeconds
    }
  }

  /// The package's name.
  public var name: PackageName
  /// The release's version.
  public var version: SemanticVersion
  /// What it is, for people.
  public var description: String?
  /// Who made it.
  public var author: String?
  /// Its licence, as an SPDX expression.
  public var license: String?
  /// The machines that it runs on; every machine where there is none.
  public var platforms: [Requirement]?
  /// Other packages that it needs, and which versions of them.
  public var dependencies: Dependencies?
  /// Patterns of files that stay out of the archive.
  public var exclude: [String]?
  /// How it is installed.
  public var install: Installation?
  /// The tests that must pass before the release is committed.
  public var selfTest: [SelfTestCheck]?

  /// A description of which only the name and the version are known.
  public init(name: PackageName, version: SemanticVersion) {
    self.name = name
    self.version = version
  }
}
