/// What `gtach pack` found out about a tree before it made a release of it.
public struct PackingReport: Hashable, Sendable, Codable {
  /// The packages of Python that a file says are needed, and that gtach does not install.
  public struct PythonDependencies: Hashable, Sendable, Codable {
    /// The file, relative to the tree: `requirements.txt`.
    public var file: String
    /// The requirements as they are written there.
    public var requirements: [String]

    /// Dependencies from their fields.
    public init(file: String, requirements: [String]) {
      self.file = file
      self.requirements = requirements
    }
  }

  /// A configuration template, and what it wants to be told.
  public struct Template: Hashable, Sendable, Codable {
    /// The template, relative to the tree.
    public var file: String
    /// What it is called once it is rendered.
    public var target: String
    /// The variables in it, each once, in the order of their names.
    public var variables: [String]

    /// Those of them of which only a machine can say the value.
    public var needed: [String]

    /// A template from its fields.
    public init(file: String, target: String, variables: [String], needed: [String] = []) {
      self.needed = needed
      self.file = file
      self.target = target
      self.variables = variables
    }
  }

  /// What the checks of GPIO lines read on the mock; nil where there is none.
  public var selfTest: SelfTestReport?
  /// The checks that only a machine with the release can carry out.
  public var notRun: [SelfTestCheck]
  /// What Python is to bring along.
  public var pythonDependencies: [PythonDependencies]
  /// The configuration templates, in the order of their paths.
  public var templates: [Template]
  /// Why no machine may ever install the release, nothing comes of it or its service may not run as meant: one sentence
  /// each.
  public var warnings: [String]

  /// A report from its fields.
  public init(
    selfTest: SelfTestReport? = nil, notRun: [SelfTestCheck] = [], pythonDependencies: [PythonDependencies] = [],
    templates: [Template] = [], warnings: [String] = []
  ) {
    self.selfTest = selfTest
    self.notRun = notRun
    self.pythonDependencies = pythonDependencies
    self.templates = templates
    self.warnings = warnings
  }
}
