/// What the self-tests of a release or a plan read.
public struct SelfTestReport: Hashable, Sendable, Codable {
  /// One check and what it found.
  public struct Result: Hashable, Sendable, Codable {
    /// The check.
    public var check: SelfTestCheck
    /// What it expected, for people: `GPIO4 = 1`.
    public var expected: String
    /// What it read, for people: `0`; or why nothing could be read.
    public var actual: String
    /// Whether that is what was expected.
    public var passed: Bool
    /// The stable word where it could not be carried out.
    public var code: String?
    /// How long it took.
    public var milliseconds: Int

    /// A result from its fields.
    public init(
      check: SelfTestCheck, expected: String, actual: String, passed: Bool, code: String? = nil, milliseconds: Int
    ) {
      self.check = check
      self.expected = expected
      self.actual = actual
      self.passed = passed
      self.code = code
      self.milliseconds = milliseconds
    }
  }

  /// The checks in the order of the plan.
  public var results: [Result]
  /// Whether the GPIO lines were simulated.
  public var mock: Bool

  /// A report from its fields.
  public init(results: [Result], mock: Bool) {
    self.results = results
    self.mock = mock
  }

  /// Whether every check passed; an empty plan has nothing that could fail.
  public var passed: Bool { results.allSatisfy(\.passed) }
}
