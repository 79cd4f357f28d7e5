import GtachModel

/// In which order a plan's releases can take over from what is installed, one at a time: whatever is active goes with
/// the rest at every moment, as `UpdateConditions` wants it.
///
/// What a release needs comes before it. But where lib 2 takes over from lib 1, and the app that is installed needs lib
/// 1, an app that goes with both comes before lib 2; and where the new app needs lib 2, neither can be the first.
struct PlanSequence {
  /// What a release is and needs.
  struct Release {
    let version: SemanticVersion
    let dependencies: [PackageName: VersionRange]
  }

  /// The plan's packages; those that cannot take over come last.
  private(set) var order: [PackageName] = []
  /// Why a release cannot take over, for people.
  private(set) var obstacles: [PackageName: String] = [:]

  /// A sequence for the plan's releases beside those that are installed, also those that the plan has no use for: they
  /// stay until somebody takes them away.
  init(of plan: [PackageName: Release], beside installed: [PackageName: Release]) {
    var active = installed
    var waiting = Self.dependenciesFirst(plan)
    while let position = waiting.firstIndex(where: { Self.obstacle(to: plan[$0], of: $0, among: active) == nil }) {
      let name = waiting.remove(at: position)
      active[name] = plan[name]
      order.append(name)
    }
    order += waiting
    for name in waiting { obstacles[name] = Self.obstacle(to: plan[name], of: name, among: active) }
  }

  /// The packages, each after those that it needs; a circle begins at the first name.
  private static func dependenciesFirst(_ plan: [PackageName: Release]) -> [PackageName] {
    var result: [PackageName] = []
    var seen: Set<PackageName> = []
    // The names to visit, and whether what they need has been visited.
    var pending = plan.keys.sorted(by: >).map { (name: $0, isReady: false) }
    while let (name, isReady) = pending.popLast() {
      if isReady {
        result.append(name)
        continue
      }
      guard seen.insert(name).inserted, let release = plan[name] else { continue }
      pending.append((name, true))
      pending += release.dependencies.keys.sorted(by: >).map { ($0, false) }
    }
    return result
  }

  /// What keeps a release from taking over while these are active. What stays stands in nobody's way.
  private static func obstacle(
    to release: Release?, of name: PackageName, among active: [PackageName: Release]
  ) -> String? {
    guard let release, active[name]?.version != release.version else { return nil }
    for (other, range) in release.dependencies.sorted(by: { $0.key < $1.key }) {
      let present = other == name ? release.version : active[other]?.version
      if let present, range.contains(present) { continue }
      return "it needs \(other)@\(range), and \(other) " + (present.map { "\($0) is active" } ?? "is not there")
    }
    guard let before = active[name]?.version else { return nil }
    for (other, dependent) in active.sorted(by: { $0.key < $1.key }) where other != name {
      guard let range = dependent.dependencies[name], range.contains(before), !range.contains(release.version)
      else { continue }
      return "\(other) \(dependent.version), which is active, needs \(name)@\(range)"
    }
    return nil
  }
}
