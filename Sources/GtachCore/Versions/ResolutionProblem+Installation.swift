import GtachModel

extension ResolutionProblem {
  /// A problem of a machine on which something is installed.
  ///
  /// - Parameters:
  ///   - requirements: What is asked for, the most important first.
  ///   - listed: The variants to choose from.
  ///   - policy: Which changes of an installed package are allowed that nobody asked for by hand.
  ///   - isByHand: Whether an operator asks.
  public init(
    requirements: [Requirement], listed: some Sequence<ListedVariant>, state: InstallState, machine: InstallMachine,
    policy: UpdatePolicy, isByHand: Bool
  ) {
    let listed = Array(listed)
    self.init(
      requirements: requirements, listed: listed, machine: machine.platform, model: machine.model,
      installed: state.packages.compactMapValues { package in
        package.active.map { active in
          Installed(
            version: active.id.version,
            dependencies: active.manifest.description.dependencies?.on(machine.platform) ?? [:],
            isHeld: package.held, isDependency: package.isDependency ?? false)
        }
      }, policy: policy, isByHand: isByHand,
      refused: Set(
        listed.lazy.filter { listed in
          state.packages[listed.variant.release.name]?.refuses(
            listed.variant.release.version, digest: listed.manifest.digest, circumstances: machine.circumstances) != nil
        }.map(\.variant)))
  }
}
