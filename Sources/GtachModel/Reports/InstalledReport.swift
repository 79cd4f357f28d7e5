/// What `gtach verify --installed` found: how releases differ from what was packed.
public struct InstalledReport: Hashable, Sendable, Codable {
  /// A path that is not as it was packed.
  public struct Finding: Hashable, Sendable, Codable {
    /// What is wrong there.
    public enum Problem: String, Hashable, Sendable, Codable {
      /// Other bytes, or a link that leads elsewhere.
      case changed
      /// Nothing is there.
      case missing
      /// Something is there that the release does not have.
      case added
      /// Other permissions.
      case mode
      /// Something of another kind.
      case replaced
      /// Nobody knows: the release's archive is not in the repository.
      case unverifiable
    }

    /// The release, `NAME@VERSION`.
    public var release: String
    /// The path in it; empty for all of it.
    public var path: String
    /// What is wrong.
    public var problem: Problem

    /// A finding from its fields.
    public init(release: String, path: String, problem: Problem) {
      self.release = release
      self.path = path
      self.problem = problem
    }
  }

  /// A file of a release's configuration that is an operator's: no damage.
  public struct Configured: Hashable, Sendable, Codable {
    /// The release, `NAME@VERSION`.
    public var release: String
    /// The file, below the install root.
    public var path: String
    /// `changed`, `missing` where he removed it, or `replaced` for a link or anything else.
    public var state: Finding.Problem

    /// A file from its fields.
    public init(release: String, path: String, state: Finding.Problem) {
      self.release = release
      self.path = path
      self.state = state
    }
  }

  /// How many releases were looked at: the active ones, and those that can be gone back to.
  public var releases = 0
  /// How long their archives are, in bytes.
  public var bytes = 0
  /// What is not as it was packed.
  public var findings: [Finding] = []
  /// The configuration that operators have changed.
  public var configuration: [Configured] = []

  /// Nothing was looked at.
  public init() {}
}
