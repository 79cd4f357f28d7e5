import GtachModel

/// Which of a plan's releases take over at once, and in which order: whatever is active goes with the rest at every
/// moment, as `UpdateConditions` wants it.
///
/// Releases that change and of which one needs another, or needed it before, are a set: it takes over by one step, or
/// not at all. So an app never meets a lib that it does not go with, and where the app fails its self-test, the lib
/// that came for it goes back as well. What has nothing to do with each other succeeds and fails on its own.
struct PlanSequence {
  /// What a release is and needs.
  struct Release {
    let version: SemanticVersion
    let dependencies: [PackageName: VersionRange]
  }

  /// The plan's packages, each after those of its set that it needs; sets that cannot take over come last.
  private(set) var order: [PackageName] = []
  /// The number of the set of each package that changes, from 0 in the order of `order`.
  private(set) var sets: [PackageName: Int] = [:]
  /// Why a release cannot take over, for people.
  private(set) var obstacles: [PackageName: String] = [:]

  /// A sequence for the plan's releases beside those that are installed, also those that the plan has no use for: they
  /// stay until somebody takes them away.
  init(of plan: [PackageName: Release], beside installed: [PackageName: Release]) {
    let names = Self.dependenciesFirst(plan)
    let changing = Set(names.filter { plan[$0]?.version != installed[$0]?.version })
    let neighbours = Self.neighbours(of: changing, plan, installed)
    var groups: [[PackageName]] = []
    var seen: Set<PackageName> = []
    for name in names where !seen.contains(name) {
      guard changing.contains(name) else {
        groups.append([name])
        continue
      }
      var pending = [name]
      var set: Set<PackageName> = [name]
      while let next = pending.popLast() {
        for other in neighbours[next] ?? [] where set.insert(other).inserted { pending.append(other) }
      }
      seen.formUnion(set)
      groups.append(names.filter(set.contains))
    }
    for group in groups {
      let active = installed.merging(group.compactMap { name in plan[name].map { (name, $0) } }) { $1 }
      for name in group where changing.contains(name) {
        obstacles[name] = Self.obstacle(to: name, from: installed[name], among: active)
      }
    }
    let (free, kept) = (groups.filter { !isObstructed($0) }, groups.filter(isObstructed))
    for group in free + kept {
      order += group
      guard let first = group.first, changing.contains(first) else { continue }
      let number = Set(sets.values).count
      for name in group { sets[name] = number }
    }
  }

  private func isObstructed(_ group: [PackageName]) -> Bool { group.contains { obstacles[$0] != nil } }

  /// What of the changing packages a changing one needs or needed, and what needs or needed it.
  private static func neighbours(
    of changing: Set<PackageName>, _ plan: [PackageName: Release], _ installed: [PackageName: Release]
  ) -> [PackageName: Set<PackageName>] {
    var neighbours: [PackageName: Set<PackageName>] = [:]
    for name in changing {
      for release in [plan[name], installed[name]].compactMap({ $0 }) {
        for other in release.dependencies.keys where changing.contains(other) {
          neighbours[name, default: []].insert(other)
          neighbours[other, default: []].insert(name)
        }
      }
    }
    return neighbours
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

  /// What of the active keeps a release from taking over: what needs the one before. What is broken already stands in
  /// nobody's way.
  private static func obstacle(
    to name: PackageName, from before: Release?, among active: [PackageName: Release]
  ) -> String? {
    guard let before = before?.version, let after = active[name]?.version else { return nil }
    for (other, dependent) in active.sorted(by: { $0.key < $1.key }) where other != name {
      guard let range = dependent.dependencies[name], range.contains(before), !range.contains(after) else { continue }
      return "\(other) \(dependent.version), which is active, needs \(name)@\(range)"
    }
    return nil
  }
}
