import GtachModel

/// What a machine installs by itself: which packages, which versions of them, and which changes to what is installed.
public struct AutoInstallPolicy: Sendable {
  private let requirements: [Requirement]
  private let changes: UpdatePolicy
  private let machine: InstallMachine

  /// The policy that a configuration asks for.
  public init(_ configuration: NodeConfiguration, machine: InstallMachine) {
    requirements = (configuration.autoInstall ?? [:]).sorted { $0.key < $1.key }
      .map { Requirement(name: $0.key, range: $0.value) }
    changes = configuration.autoUpdate ?? .automatic
    self.machine = machine
  }

  /// The problem of what the configuration asks for, or of what an operator does beside it.
  ///
  /// - Parameter byHand: What an operator asks for; nil where nobody does.
  public func problem(
    byHand: [Requirement]? = nil, listed: some Sequence<ListedVariant>, state: InstallState
  ) -> ResolutionProblem {
    var problem = ResolutionProblem(
      requirements: byHand ?? requirements, listed: listed, state: state, machine: machine, policy: changes,
      isByHand: byHand != nil)
    // What the configuration names is here for its own sake, however it came.
    for requirement in requirements { problem.installed[requirement.name]?.isDependency = false }
    return problem
  }

  /// The variants to install, in this order: the newest releases of the packages that the configuration names, and
  /// what those need. Variants of one set take over at once.
  ///
  /// Never a change that the configuration does not allow, nor a release that failed here, nor anything of a package
  /// that is held. Where not all that the configuration names goes together, what comes first in the order of names
  /// goes before: one package that cannot be installed does not keep the others from being.
  ///
  /// - Parameters:
  ///   - listed: The variants to choose from.
  ///   - state: What is installed.
  public func next(listed: some Sequence<ListedVariant>, state: InstallState) -> [[VariantID]] {
    guard !requirements.isEmpty else { return [] }
    var problem = problem(listed: listed, state: state)
    // Nobody waits for an explanation: `gtach resolve` gives it to whoever asks.
    if let plan = VersionManager.plan(for: problem) { return Self.possible(plan) }
    var plan: InstallPlan?
    problem.requirements = []
    for requirement in requirements {
      problem.requirements.append(requirement)
      if let more = VersionManager.plan(for: problem) { plan = more } else { problem.requirements.removeLast() }
    }
    return plan.map(Self.possible) ?? []
  }

  /// What can be installed of a plan. The rest waits for releases that go with what is installed.
  private static func possible(_ plan: InstallPlan) -> [[VariantID]] {
    plan.sets.filter { $0.allSatisfy { $0.obstacle == nil } }.map { $0.compactMap(\.variant) }
  }

  /// What is installed, for people, with the newest listed release of each package that only the kind of change keeps
  /// from being installed by itself.
  public func report(of state: InstallState, listed: some Sequence<ListedVariant>) -> [StatusReport.Installed] {
    var pool = CandidatePool(problem(listed: listed, state: state))
    return state.installed.map { installed in
      guard let range = requirements.first(where: { $0.name == installed.name })?.range else { return installed }
      let package = pool.number(of: installed.name)
      let newest = pool.packages[package].candidates.last { candidate in
        switch candidate.exclusion {
        case nil, .change: range.contains(candidate.version)
        case .held, .refused, .platform: false
        }
      }
      guard let newest, case .change(let change) = newest.exclusion, change != .downgrade else { return installed }
      var installed = installed
      installed.withheld = StatusReport.Withheld(version: newest.version, change: change)
      return installed
    }
  }
}
