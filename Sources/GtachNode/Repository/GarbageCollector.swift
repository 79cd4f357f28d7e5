import GtachCore
import GtachModel
import GtachSystem

/// `gtach gc`: takes away what nothing needs any more.
///
/// It works under the repository's lock, so that nothing becomes visible and no fetch begins meanwhile. What it takes
/// away in which order is `StorePlan`'s affair; what is needed, `RetentionPolicy`'s and `ReachableContent`'s.
public struct GarbageCollector: Sendable {
  private let context: NodeContext
  private let files = FileSystem()

  /// A collector for a home.
  public init(_ context: NodeContext) { self.context = context }

  /// Takes away releases that are not wanted here any more, what is left of fetches that nobody goes on with, chunks
  /// and objects that nothing needs, what writers left that are gone, and what was found damaged a week ago.
  ///
  /// - Parameters:
  ///   - dryRun: Only finds out what would go.
  ///   - kept: Variants that stay whatever the policy says: a running node knows of more reasons than the disk does.
  ///   - now: The calendar's time, for the age of what was damaged and of fetches.
  ///   - cancellation: Ends it between one file and the next.
  /// - Throws: `ErrorCode.fleetMissing`, what keeps the metadata or the install root from being read: then nothing is
  ///   taken away. `ErrorCode.busy` where another process holds the lock for a minute, `ErrorCode.cancelled`,
  ///   `ErrorCode.inputOutput`.
  public func collect(
    dryRun: Bool, keeping kept: [VariantID] = [], now: Timestamp, cancellation: Cancellation
  ) throws(GtachError) -> GarbageReport {
    let repository = try context.repository()
    guard try files.exists(repository.layout.root) else {
      return GarbageReport(dryRun: dryRun, releases: [], parts: [], postponed: nil)
    }
    let lock = dryRun ? nil : try repository.lock()
    defer { withExtendedLifetime(lock) {} }
    let policy = try policy(repository, keeping: kept)
    let garbage = try Garbage(in: repository, policy: policy, now: now, cancellation: cancellation)
    if !dryRun {
      // What needs no room of its own goes first: the disk may be full. A workspace goes only while its lock is held:
      // one whose owner was just making it looks abandoned, too.
      try Workspace.clear(repository.layout)
      // What cannot be read is no release, and no fetch can go on with it: out of sight, it is wanted again.
      for (variant, directory) in garbage.damagedReleases {
        try repository.withdraw(variant, from: directory)
      }
      for index in garbage.damagedIndexes { try repository.quarantine(index) }
      let directories = garbage.directories.map(\.path)
      try remove(garbage.files.filter { $0.kind == "quarantine" }, cancellation)
      if !directories.isEmpty {
        let plan = try repository.plan()
        let name = Workspace.newName()
        try repository.perform(plan.takeAway(directories, temporaryName: name), plan: plan, temporaryName: name)
      }
      try remove(garbage.files.filter { ["chunks", "objects", "cache"].contains($0.kind) }, cancellation)
    }
    return garbage.report(dryRun: dryRun)
  }

  private func remove(_ items: [Garbage.Item], _ cancellation: Cancellation) throws(GtachError) {
    for item in items {
      try cancellation.check()
      try files.perform(.remove(item.path))
    }
  }

  private func policy(_ repository: PackageRepository, keeping kept: [VariantID]) throws(GtachError) -> RetentionPolicy
  {
    let membership = try context.membership()
    let trusted = try TrustedMetadata.load(from: repository, membership: membership)
    let (machine, choices, updates) = (context.machine, try repository.choices(), try context.updates())
    let available = trusted.targets.values.filter { !choices.removed.contains($0.variant.release) }
    return RetentionPolicy(
      listed: Array(trusted.targets.values), held: Set(try repository.variants().keys), machine: machine.platform,
      model: machine.model, isPublisher: membership.isPublisher,
      keepReleases: context.configuration.keepReleases ?? NodeConfiguration.defaultKeepReleases,
      planned: AutoInstallPolicy(context.configuration, machine: machine)
        .next(listed: available, state: try updates.state()).flatMap { $0 } + kept,
      needed: try updates.needed(), choices: choices,
      objectCacheBytes: (context.configuration.objectCacheMegabytes ?? NodeConfiguration.defaultObjectCacheMegabytes)
        * 1_000_000)
  }
}
